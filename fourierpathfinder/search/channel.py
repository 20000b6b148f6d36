"""The state of the search for one path, from a first guess to a certified height: a frozen value.

`phases` says how one state follows from another: what is proposed for an
evaluation, and what an answer makes of the state.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from .._arrays import Array
from .._lazy import cached_property
from ..gaussian_process import Model
from ..path import SinePath
from ..result import Saddle
from .certification import Inspection
from .path_search import Pin
from .policy import Policy
from .prediction import Candidate, Prediction
from .state import Aim, Effort, Knowledge, Pass, Progress


@dataclass(frozen=True, eq=False)
class Channel:
    """The state of one path's search.

    Attributes
    ----------
    aim : Aim
    path : SinePath
    known : Knowledge
    scale : float
        E: how far the path rises above the lowest value known.
    saddle : Saddle or None
        The path's top, once it is found; the path goes through it.
    passes : tuple of Pass
        Others that were found on the way.
    blocked : array (D,) or None
        The point at which the surrogate's deviation stopped the path's last move.
    is_moving : bool
        Whether the path's last move was cut short.
    progress : Progress
    effort : Effort
    ridge : array (D,) or None
        The direction across the path in which its top goes down as well, where it does.
    """

    aim: Aim
    path: SinePath
    known: Knowledge
    scale: float
    saddle: Saddle | None = None
    passes: tuple[Pass, ...] = ()
    blocked: Array | None = None
    is_moving: bool = True
    progress: Progress = field(default_factory=Progress)
    effort: Effort = field(default_factory=Effort)
    ridge: Array | None = None

    @property
    def policy(self) -> Policy:
        """Every number of the search."""
        return self.aim.policy

    @cached_property
    def chord(self) -> float:
        """The distance of the ends."""
        return float(np.linalg.norm(self.path.end - self.path.start))

    @property
    def noise(self) -> tuple[float, float]:
        """Standard deviations of the noise on values and gradients, in the landscape's units.

        Stated, or found; what is found is believed as far as a certificate may err, no further.
        """
        found = self.aim.noise or self.known.model.noise
        if self.aim.noise or not self.aim.certify:
            return found
        numbers = self.policy.certify
        most = numbers.largest_error * self.scale / numbers.error_deviations
        share = 1 + 2 * numbers.noise_deviations / numbers.error_deviations  # the path has its own
        return min(found[0], most / share), min(found[1], most / (numbers.reach * self.chord))

    @property
    def tolerance(self) -> float:
        """How well the saddle's value must be known, in the landscape's unit."""
        noise = self.policy.certify.noise_deviations * self.noise[0]
        return max(self.aim.tol * self.scale, noise)

    @property
    def path_tolerance(self) -> float:
        """How well everything else must be known."""
        return max(self.tolerance, self.policy.certify.path_tolerance * self.scale)

    @property
    def foreseen(self) -> float:
        """How well a saddle's value may be known before there is nothing to ask."""
        return self.policy.ask.foreseen * self.tolerance

    @property
    def pin(self) -> Pin | None:
        """What holds the path to the saddles that are known."""
        found = self.known_saddles
        if not found:
            return None
        times = np.array([one.time for one in found])
        return Pin(times, np.stack([one.position for one in found]))

    @property
    def known_saddles(self) -> tuple[Saddle, ...]:
        """The saddles that the path goes through."""
        held = tuple(one.saddle for one in self.passes if one.is_held)
        return held if self.saddle is None else (*held, self.saddle)

    def with_top(self, top: Saddle | None) -> "Channel":
        """The state with another of its saddles for the path's top, or none; all are held."""
        left = (one for one in self.passes if not one.is_held)
        held = (Pass(one, is_held=True) for one in self.known_saddles if one is not top)
        return replace(self, saddle=top, passes=(*left, *held))

    @property
    def height(self) -> float:
        """The saddle's value if it is found, else the largest mean along the path."""
        if self.saddle is not None:
            return self.saddle.value
        return float(self.known.warp.inverse(self.prediction.mean.max()))

    @property
    def crest(self) -> float:
        """The highest value found on the path: its saddle's, else that of the higher end."""
        return self.known.higher_end if self.saddle is None else self.saddle.value

    @property
    def limit(self) -> float:
        """What a certified path stays below."""
        return self.crest + self.policy.certify.limit * self.path_tolerance

    @cached_property
    def prediction(self) -> Prediction:
        """The surrogate along the path."""
        ask = self.policy.ask
        return self.predicted(max(ask.n_times, ask.times_per_term * self.path.n_terms))

    def predicted(self, n_times: int) -> Prediction:
        """The surrogate at so many places along the path, its ends left out, its saddle put in."""
        times = np.linspace(0, 1, n_times + 2)[1:-1]
        if self.pin is not None:
            times = np.sort(np.append(times, self.pin.times))
        factor = self.progress.calibration.factor
        return Prediction(self.known.model, self.path, times, factor, self.known.excluded)

    @property
    def is_found(self) -> bool:
        """Whether the path's top is known: a saddle, or else its higher end."""
        return self.saddle is not None or float(self.prediction.mean.max()) <= self.limit

    @cached_property
    def is_certified(self) -> bool:
        """Whether nothing on the path is expected to be higher than its crest."""
        if not (self.aim.certify and self.is_found) or self.ridge is not None:
            return False
        low = float(self.prediction.mean.max()) <= self.crest + self.path_tolerance
        n_checks = self.progress.n_telling(self.saddle)
        return low and self.inspection(self.prediction).passes(n_checks) and not self.loose_end

    @cached_property
    def loose_end(self) -> Candidate | None:
        """The place where the path may rise further above its crest than a certificate may state.

        It is looked for at more places than everything else, and only after all else has passed.
        """
        numbers = self.policy.certify
        allowed = max(numbers.largest_error * self.scale, self.path_tolerance)
        if self.error(numbers.fine_times) <= allowed:
            return None
        closely = self.predicted(numbers.fine_times)
        away = self.away_from_saddle(closely)
        upper = closely.upper(numbers.error_deviations)
        return closely.candidate("check", np.where(away, upper, -np.inf))

    @property
    def is_done(self) -> bool:
        """Whether all that was asked for is reached."""
        reached = self.is_certified if self.aim.certify else self.saddle is not None
        return reached and not self.is_loose

    @property
    def is_loose(self) -> bool:
        """Whether the force at the saddle is larger than asked for, and might become smaller."""
        limit = self.aim.tightness.limit
        if limit is None or self.saddle is None:
            return False
        may = self.progress.n_tightened < self.policy.climb.tightening
        return may and self.saddle.largest_force > limit

    def inspection(self, prediction: Prediction) -> Inspection:
        """What decides whether the path is certified, by a prediction along it."""
        numbers = self.policy.certify
        n_more = numbers.without_saddle if self.saddle is None else 0
        return Inspection(
            prediction,
            self.away_from_saddle(prediction),
            self.limit,
            self.path_tolerance,
            self.obstacle,
            numbers,
            self.chord,
            self.scale,
            n_more + numbers.more_checks * self.effort.n_longer,
        )

    @property
    def obstacle(self) -> Array | None:
        """What stopped the path, if it may be asked for."""
        blocked = self.blocked
        return None if blocked is None or not self.is_open(blocked) else blocked

    def is_open(self, point: Array) -> bool:
        """Whether a point (D,) lies outside of excluded regions."""
        return not self.known.excluded.contain(point[None])[0]

    def away_from_saddle(self, prediction: Prediction) -> Array:
        """Which (M,) of the times are not the saddle's."""
        time = np.nan if self.saddle is None else self.saddle.time
        return ~(np.abs(prediction.times - time) <= 1e-9)

    def excess(self, deviations: float, n_times: int | None = None) -> float:
        """How far the path may rise above its crest, with so many deviations; not below 0."""
        seen = self.prediction if n_times is None else self.predicted(n_times)
        upper = np.where(self.away_from_saddle(seen), seen.upper(deviations), seen.mean)
        return max(float(np.max(upper)) - self.crest, 0.0)

    def error(self, n_times: int) -> float:
        """The excess, and what a saddle's gradient and the noise leave open of its value."""
        numbers = self.policy.certify
        own = numbers.stationary * self.tolerance + numbers.error_deviations * self.noise[0]
        return self.excess(numbers.error_deviations, n_times) + own

    @cached_property
    def highest_likely(self) -> float:
        """The height plus so many deviations that the path is very unlikely to be higher."""
        deviations = self.policy.certify.error_deviations
        if self.is_found:
            return self.crest + self.excess(deviations)
        return float(self.known.warp.inverse(self.prediction.upper(deviations)).max())

    @property
    def model(self) -> Model:
        """The surrogate."""
        return self.known.model
