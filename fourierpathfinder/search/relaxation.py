"""The minimum next to a dip of a path, on the surrogate and then in truth.

The surrogate's minimum is evaluated, the surrogate told, and so on, until the true gradient at the
minimum leaves less than a tolerance to gain (its Newton decrement on the surrogate).
"""

import numpy as np

from .._arrays import Array
from .channel import Channel
from .prediction import Look, Query
from .records import Records
from .saddle_search import newton_decrement

_DEPTH = 0.02
"""How far, in E, a dip must lie below the path's tops on either side."""
_MAX_QUERIES = 12
_REACH = 0.3
"""How far from the dip its minimum is looked for, in chords."""


def dips(channel: Channel) -> list[Array]:
    """Points (D,) where a finished path dips between two tops."""
    look = channel.look(256)
    mean = look.mean
    found: list[Array] = []
    depth = _DEPTH * channel.scale
    start = 0
    while True:
        falling = np.maximum.accumulate(mean[start:]) - mean[start:]
        if not (falling > depth).any():
            return found
        fallen = start + int((falling > depth).argmax())
        rising = mean[fallen:] - np.minimum.accumulate(mean[fallen:])
        if not (rising > depth).any():
            return found
        risen = fallen + int((rising > depth).argmax())
        bottom = fallen + int(mean[fallen : risen + 1].argmin())
        found.append(look.points[bottom])
        start = risen


class Relaxation:
    """The search for one minimum, with the surrogate of a finished channel.

    Parameters
    ----------
    channel : Channel
        Whose path dips.
    dip : array (D,)
        Where.
    """

    def __init__(self, channel: Channel, dip: Array) -> None:
        self.minimum = dip
        self.is_found = False
        self._channel = channel
        self._dip = dip
        self._n_queries = 0
        self._chord = float(np.linalg.norm(channel.path.end - channel.path.start))

    def learn(self, records: Records) -> None:
        """Tell the surrogate all records, and go down on it."""
        from scipy.optimize import minimize  # costs a third of the package's import

        self._channel.tell(records)
        if self.is_found:
            return
        model = self._channel.model

        def value_and_grad(y: Array) -> tuple[float, Array]:
            value, gradient = model.predict(y[None])
            return float(value[0]), gradient[0]

        reach = _REACH * self._chord / np.sqrt(len(self._dip))
        bounds = np.stack([self._dip - reach, self._dip + reach], axis=1)
        options = {"jac": True, "method": "L-BFGS-B", "bounds": bounds}
        self.minimum = minimize(value_and_grad, self.minimum, **options).x

    def next_query(self, records: Records, look: Look | None = None) -> Query | None:
        """The surrogate's minimum, until it is the true one."""
        self._n_queries += 1
        if self.is_found or self._n_queries > _MAX_QUERIES:
            return None
        model, x = self._channel.model, self.minimum
        mean, deviation = model.predict(x[None])[0], model.deviation(x[None])
        return Query("minimum", x, float("nan"), float(mean[0]), float(deviation[0]))

    def judge(self, query: Query, value: float, gradient: Array) -> None:
        """See whether the true gradient there is small enough."""
        gain = newton_decrement(self._channel.model, query.point, gradient)
        self.minimum = query.point
        self.is_found = gain < 0.1 * self._channel.lookout
