"""The minimum next to a dip of a path: on the surrogate first, then confirmed by evaluations.

The surrogate's minimum is evaluated, the surrogate observes it, and so on, until the true gradient
at the minimum leaves less than a tolerance to gain (its Newton decrement on the surrogate).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from .._arrays import Array
from ..splitting import dips
from .channel import Channel
from .judgement import Answer
from .phases import told
from .prediction import Candidate
from .records import Records
from .saddle_search import newton_decrement


def dips_of(channel: Channel) -> Array:
    """Points (n, D) where a finished path dips between two tops."""
    numbers = channel.policy.split
    prediction = channel.predicted(numbers.n_times)
    return prediction.points[dips(prediction.mean, numbers.depth * channel.scale)]


@dataclass(frozen=True, eq=False)
class Relaxation:
    """The search for one minimum, with the surrogate of a finished channel.

    Attributes
    ----------
    channel : Channel
        Whose path dips.
    dip : array (D,)
        Where.
    minimum : array (D,)
        The best guess so far.
    is_found : bool
    n_answers : int
    """

    channel: Channel
    dip: Array
    minimum: Array
    is_found: bool = False
    n_answers: int = 0

    @classmethod
    def begun(cls, channel: Channel, dip: Array, records: Records) -> "Relaxation":
        """The first state: the surrogate's minimum next to the dip."""
        return cls(told(channel, records), dip, dip)._lowered()

    def propose(self, records: Records, pending: Sequence[Candidate] = ()) -> Candidate | None:
        """The surrogate's minimum, until it is the true one."""
        enough = self.n_answers >= self.channel.policy.split.relaxing
        if pending or self.is_found or enough:
            return None
        model, x = self.channel.model, self.minimum
        mean, deviation = model.predict(x[None])[0], model.deviation(x[None])
        return Candidate("minimum", x, float("nan"), float(mean[0]), float(deviation[0]))

    def absorb(self, answers: Sequence[Answer], records: Records) -> "Relaxation":
        """See whether the true gradient there is small enough; else go down again."""
        after = self
        for answer in answers:
            after = after._judged(answer)
        after = replace(after, channel=told(self.channel, records))
        return after if after.is_found else after._lowered()

    def _judged(self, answer: Answer) -> "Relaxation":
        policy, x = self.channel.policy, answer.candidate.point
        if answer.failed:
            return replace(self, n_answers=self.n_answers + 1)
        gain = newton_decrement(self.channel.model, x, answer.gradient, policy.climb.flat)
        found = gain < policy.split.relaxed * self.channel.path_tolerance
        return replace(self, minimum=x, is_found=found, n_answers=self.n_answers + 1)

    def _lowered(self) -> "Relaxation":
        from scipy.optimize import minimize  # costs a third of the package's import

        model = self.channel.model

        def value_and_grad(y: Array) -> tuple[float, Array]:
            value, gradient = model.predict(y[None])
            return float(value[0]), gradient[0]

        reach = self.channel.policy.split.reach * self.channel.chord / np.sqrt(len(self.dip))
        bounds = np.stack([self.dip - reach, self.dip + reach], axis=1)
        options = {"jac": True, "method": "L-BFGS-B", "bounds": bounds}
        return replace(self, minimum=minimize(value_and_grad, self.minimum, **options).x)
