"""One path between two ends on its way from a guess to a certified height.

A channel is told all records again and again, moves its path on its surrogate, and says what it
wants evaluated next. It first seeks a saddle that turns out as predicted; the path is pinned
through it. Then it checks the rest of the path: a check that uses up half of its margin without
having been foreseen starts the count anew, a truly higher place takes the pin out again.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.linalg import LinAlgError

from .._arrays import Array
from ..gaussian_process.posterior import Posterior
from ..gaussian_process.process import GaussianProcess
from ..path import SinePath
from ..result import Saddle
from .calibration import Calibration
from .excluded import ClosedRegions
from .inspection import CHECKS, FAR_ASSURANCE, Inspection
from .path_search import Move, PathSearch, Pin
from .prediction import Look, Query
from .records import Records
from .saddle_search import newton_decrement, surrogate_saddle
from .subspace import Subspace
from .trust import WARY, Boldness
from .warp import SMALLEST_SCALE, Warp

_LOOKOUT = 1e-3
"""Tolerance, in E, of everything but the saddle itself."""
_OPTIMISM = 0.5
"""Deviations added to the mean in looking for the path's top."""
_NEAR_TOP = 0.3
"""How well the top must be known, in E, before saddles are looked for."""
_REACH = 0.1
"""How far from the path's top its saddle is looked for, in chords."""
STATIONARY = 0.3
"""What a saddle's gradient may leave to its value, in tolerances."""
_CLOSE = 0.01
"""Nearer than this to a record, in chords, a point of the path is not worth an evaluation."""
_FLAT = 0.5
"""The largest gradient at a saddle, in E per chord, whatever the surrogate makes of it."""
_APART, _WORTH_A_WORKER = 0.07, 0.01
"""How far from points under way, in chords, and how unsure, in E, further queries must be."""
_EARLY = 0.2
"""How well, in E, the last two evaluations must have turned out for checks to be made early."""
_ROUGH, _FINE = 1e-5, 1e-6
"""What an iteration on the surrogate must gain, in E, before and after its saddle is found."""
_N_TIMES = 64
_MAX_TERMS = 40
_SETTLING = 20
"""How many moves in a row a path may make on a surrogate alone."""
_ALIKE = 0.1
"""Paths nearer than this to each other, in chords, are one channel."""
_PATIENCE = 3
"""How often in a row the path may refuse to come down before it is given more terms."""


@dataclass(frozen=True)
class ChannelSettings:
    """What a channel is held to: the tolerance in E, certification, and what noise to allow for."""

    tol: float
    certify: bool
    value_noise: float = 0.0
    gradient_noise: float = 0.0


class Channel:
    """One path on a surrogate of its own.

    Parameters
    ----------
    settings : ChannelSettings
        Tolerance and noise.
    process : GaussianProcess
        The prior.
    path : SinePath
        Where to begin; its ends must be among the records.
    level : float, optional
        A first guess of the height, where one is known.
    model : Posterior, optional
        What another channel made of the first of the records, to go on from.
    """

    def __init__(
        self,
        settings: ChannelSettings,
        process: GaussianProcess,
        path: SinePath,
        level: float | None = None,
        model: Posterior | None = None,
    ) -> None:
        self.path = path
        self.pin: Pin | None = None
        self.saddle: Saddle | None = None
        self._lost: Saddle | None = None
        self.scale = float("nan")
        self.calibration = Calibration()
        self._settings = settings
        self._boldness = Boldness.with_noise(settings.value_noise)
        self._process = process
        self._level = level
        self._chord = float(np.linalg.norm(path.end - path.start))
        self._model = model
        self._warp: Warp | None = None
        self._closed: ClosedRegions | None = None
        self._move = Move(path, None, cut_short=True)
        self._surprises: tuple[float, ...] = ()
        self._n_checks = 0
        self._last_look: Look | None = None
        self._may_climb = False
        self._n_asked = 0
        self._n_repeats = 0
        self._n_stuck = 0
        self._was_lengthened = False
        self._higher_end = float("nan")

    @property
    def model(self) -> Posterior:
        """The surrogate, once told."""
        assert self._model is not None
        return self._model

    @property
    def warp(self) -> Warp:
        """The warp of what the surrogate was told."""
        assert self._warp is not None
        return self._warp

    @property
    def closed(self) -> ClosedRegions:
        """Where nothing could be evaluated."""
        assert self._closed is not None
        return self._closed

    @property
    def value_noise(self) -> float:
        """Standard deviation of the noise on every value, the saddle's too."""
        return self._settings.value_noise

    @property
    def tolerance(self) -> float:
        """How well the saddle's value must be known, in the landscape's unit."""
        return max(self._settings.tol * self.scale, 2 * self._settings.value_noise)

    @property
    def lookout(self) -> float:
        """How well everything else must be known."""
        return max(self.tolerance, _LOOKOUT * self.scale)

    @property
    def height(self) -> float:
        """The saddle's value if it is found, else the largest mean along the path."""
        if self.saddle is not None:
            return self.saddle.value
        return float(self.warp.inverse(self.look().mean.max()))

    def learn(self, records: Records) -> None:
        """Tell the surrogate all records, and move the path to the lowest on it."""
        self._n_asked = 0
        self.tell(records)
        top = float(self.look().mean.max())
        self.scale = max(top - records.lowest, 1e-3 * (records.highest - records.lowest), 1e-12)
        self._move = self._lowest_path()
        self.path = self._move.path
        if self.saddle is not None:
            self._lengthen_series()

    def tell(self, records: Records) -> None:
        """Tell the surrogate all records, warped above the present height."""
        self._higher_end = max(records.value_at(end) for end in (self.path.start, self.path.end))
        self._closed = records.closed(self._chord)
        self._warp = self._next_warp(records)
        self._model = records.told_to(self._process, self._model, self._warp)

    def settle(self, records: Records) -> None:
        """Move the path as far as the surrogate surely leads without another evaluation."""
        boldness, self._boldness = self._boldness, WARY
        for _ in range(_SETTLING):
            self.learn(records)
            if self._move.blocked is not None or not self._move.cut_short:
                break
        self._boldness = boldness

    def resembles(self, other: "Channel") -> bool:
        """Whether this path runs along another one between the same ends, or over its saddle."""
        if self.saddle is not None and other.saddle is not None:
            apart = float(np.linalg.norm(self.saddle.position - other.saddle.position))
            if apart < 0.5 * _ALIKE * self._chord:
                return True
        mine, theirs = (path(np.linspace(0, 1, 65)) for path in (self.path, other.path))
        gaps = np.sqrt(((mine[:, None] - theirs) ** 2).sum(axis=-1)).min(axis=1)
        return float(gaps.max()) < _ALIKE * self._chord

    def look(self, n_times: int = _N_TIMES) -> Look:
        """The surrogate along the path, without its ends and with the pin."""
        times = np.linspace(0, 1, n_times + 2)[1:-1]
        if self.pin is not None:
            times = np.sort(np.append(times, self.pin.time))
        look = Look(self.model, self.path, times, self.calibration.factor, self.closed)
        if self._last_look is None or not look.is_like(self._last_look):
            self._last_look = look
        return self._last_look

    def next_query(self, records: Records, look: Look | None = None) -> Query | None:
        """What to evaluate next, or None if nothing: the path is then as good as it gets.

        Parameters
        ----------
        records : Records
            All that is known, including (with w workers) guesses of what is under way.
        look : Look, optional
            The view of the path; with w workers one in which those guesses count as known.
        """
        if look is None:
            return self._next(self.look(), records)
        counts = self._may_climb, self._n_asked, self._n_repeats
        query = self._next(look, records)
        if query is not None and self._is_worth_a_worker(query, look, len(records.known)):
            return query
        self._may_climb, self._n_asked, self._n_repeats = counts
        return self._early_check(look, len(records.known))

    def _next(self, look: Look, records: Records) -> Query | None:
        if not self._is_found:
            return self._seek(look, records)
        needed = self._settings.certify or self.saddle is None
        return self._check(look, records) if needed else None

    def _early_check(self, look: Look, n_known: int) -> Query | None:
        """A check of the path beside a step to its saddle; None where it would be too early."""
        under_way = look.model.data.x[n_known:]
        enough = self._n_checks + self._n_asked >= CHECKS or not self._settings.certify
        too_early = self.surprise > _EARLY * self.scale
        if len(under_way) > 1 or enough or too_early or self._is_found:
            return None
        apart = np.linalg.norm(look.points - under_way[0], axis=1)
        merit = np.where(apart > _APART * self._chord, look.upper(FAR_ASSURANCE), -np.inf)
        query = look.query("check", merit)
        if not self._is_worth_a_worker(query, look, n_known):
            return None
        self._n_asked += 1
        return query

    def _is_worth_a_worker(self, query: Query, look: Look, n_known: int) -> bool:
        """Whether to evaluate a point without awaiting those under way: far off and unsure."""
        apart = np.linalg.norm(look.model.data.x[n_known:] - query.point, axis=1)
        unsure = look.factor * query.deviation > _WORTH_A_WORKER * self.scale
        return unsure and float(apart.min()) > _APART * self._chord

    def expected(self, query: Query, look: Look) -> Look | None:
        """The view of the path if a query turned out as expected; None where that tells nothing."""
        mean, gradient = look.model.predict(query.point[None])
        try:
            model = look.model.add(query.point[None], mean, gradient)
        except LinAlgError:
            return None
        return Look(model, self.path, look.times, look.factor, self.closed)

    def judge(self, query: Query, value: float, gradient: Array) -> None:
        """Compare what came back with what was expected."""
        told = float(self.warp.value(np.array(value)))
        miss, foreseen = told - query.mean, self.calibration.factor * query.deviation
        self._surprises = (*self._surprises, abs(miss))[-2:]
        self.calibration = self.calibration.seen(
            told, query.mean, query.deviation, 0.1 * self.lookout
        )
        if query.kind == "saddle" and abs(miss) < self.lookout:
            informed = self._informed(query.point, value, gradient)
            if self._is_stationary(informed, query.point, gradient):
                norm = float(np.linalg.norm(gradient))
                self._pin_through(Saddle(query.point, value, norm, query.time))
        elif self._is_found:
            self._count_check(miss, foreseen, self.crest - query.mean)
            higher = value - self.crest > 3 * self.lookout
            if query.kind == "check" and higher and abs(miss) > self.lookout:
                self._lost = self.saddle
                self.pin = self.saddle = None
        elif query.kind == "check":
            self._count_check(miss, foreseen, float(self.look().mean.max()) - query.mean)

    def _informed(self, point: Array, value: float, gradient: Array) -> Posterior:
        """The surrogate with one more point, where that makes its Hessian a better one."""
        told = self.warp(np.array([value]), gradient[None])
        try:
            return self.model.add(point[None], *told)
        except LinAlgError:
            return self.model

    def _is_stationary(self, model: Posterior, point: Array, gradient: Array) -> bool:
        """Whether the true gradient at a point leaves less than the tolerance to its saddle."""
        flat = float(np.linalg.norm(gradient)) * self._chord < _FLAT * self.scale
        left = newton_decrement(model, point, gradient, self._settings.gradient_noise)
        return flat and left < STATIONARY * self.tolerance

    def _pin_through(self, saddle: Saddle) -> None:
        self.pin, self.saddle = Pin(saddle.time, saddle.position), saddle

    def _count_check(self, miss: float, foreseen: float, margin: float) -> None:
        """Count a check, or begin anew after one that came too near to its margin unforeseen."""
        allowed = max(0.5 * margin, min(foreseen, margin), 0.0)
        self._n_checks = 0 if miss > allowed else self._n_checks + 1

    def excess(self, deviations: float, n_times: int = _N_TIMES) -> float:
        """How far the path may rise above its crest, with so many deviations; not below 0."""
        look = self.look(n_times)
        upper: Array = np.where(self._away(look), look.upper(deviations), look.mean)
        return max(float(np.max(upper)) - self.crest, 0.0)

    def _lowest_path(self) -> Move:
        search = PathSearch(
            self.scale,
            deviation_cap=self._boldness.on_path,
            least_gain=_ROUGH if self.saddle is None else _FINE,
        )
        model, path, pin = self.model, self.path, self.pin
        if not Subspace.pays_for(model):
            mean = self.closed.raised(model.predict, self.scale)
            return search(mean, model.deviation, path, pin)
        space = Subspace.around(model, path.start, path.coefficients)
        small, closed = space.model(model), self.closed.within(space.origin, space.basis)
        ways = space.path_inwards(path), space.pin_inwards(pin)
        mean = closed.raised(small.predict, self.scale)
        return space.move_outwards(search(mean, small.deviation, *ways), path)

    def _lengthen_series(self) -> None:
        """Add terms where even the surrogate's own path cannot come down to its saddle.

        Where that did not help the last time, something else is the path's top: let it be sought.
        """
        self._n_stuck = self._n_stuck + 1 if self.excess(0.0) > self.lookout else 0
        if self._n_stuck < _PATIENCE or self.path.n_terms >= _MAX_TERMS:
            return
        c = self.path.coefficients
        more = np.zeros((len(c) // 2 + 1, c.shape[1]))
        self.path = self.path.with_coefficients(np.concatenate([c, more]))
        if self._was_lengthened:
            self.pin = self.saddle = None
        self._was_lengthened = not self._was_lengthened
        self._n_stuck = self._n_repeats = 0

    def _next_warp(self, records: Records) -> Warp:
        if self.saddle is not None:
            return self._warp_above(self.saddle.value + 2 * self.lookout, records)
        ends = [records.value_at(end) for end in (self.path.start, self.path.end)]
        if self._warp is None and self._level is None:
            level = max(ends) + 0.05 * max(records.highest - max(ends), 0.0)
            scale = max(max(ends) - min(ends), level - max(ends))
            return Warp(level, max(scale, SMALLEST_SCALE))
        return self._warp_above(max(self._expected_height(), *ends), records)

    def _warp_above(self, level: float, records: Records) -> Warp:
        return Warp.above(level, records.lowest, self._boldness.warp_width)

    def _expected_height(self) -> float:
        if self._warp is None:
            assert self._level is not None
            return self._level
        return float(self.look().mean.max())

    def _seek(self, look: Look, records: Records) -> Query | None:
        upper = look.upper(_OPTIMISM)
        gap = float(upper.max() - look.mean.max())
        self._may_climb = not self._may_climb or self._boldness.in_a_row
        inside = 0 < look.top < len(look.times) - 1
        sure = gap < 3 * self.lookout or self._may_climb
        if inside and sure and gap < _NEAR_TOP * self.scale:
            query = self._saddle_query(look)
            if self._is_lost_saddle(query, look, records):
                self.learn(records)
                return self._next(self.look(), records)
            if self._is_worth_asking(query, look, records):
                return query
        top, blocked = look.query("top", upper), self._blocked
        near = records.distance_to(top.point) < _CLOSE * self._chord
        if blocked is not None and (near or not self._may_climb):
            return look.query_at("blocked", blocked)
        return self._instead(look) if near else top

    def _is_worth_asking(self, query: Query, look: Look, records: Records) -> bool:
        """Whether a surrogate's saddle is trusted, and neither an end of the path nor known.

        Next to a record where the surrogate is unsure nevertheless, one more would not help.
        """
        trusted = query.deviation < self._boldness.at_saddle * self.scale
        if not trusted or not self._may_ask(query.point):
            return False
        same = 0.1 * _CLOSE * self._chord
        ends = np.stack([self.path.start, self.path.end])
        if np.linalg.norm(ends - query.point, axis=1).min() < same:
            return False
        unsure = look.factor * query.deviation > self.lookout
        return not (unsure and records.distance_to(query.point) < same)

    def _is_lost_saddle(self, query: Query, look: Look, records: Records) -> bool:
        """Pin the path through its former saddle again, where that is what would be asked for."""
        lost = self._lost
        if lost is None or look.model is not self.model:
            return False
        if float(np.linalg.norm(query.point - lost.position)) > _REACH * self._chord:
            return False
        gradient = records.gradient_at(lost.position)
        if not self._is_stationary(self.model, lost.position, gradient):
            return False
        self._lost = None
        self._pin_through(replace(lost, time=query.time))
        return True

    def _saddle_query(self, look: Look) -> Query:
        time = float(look.times[look.top])
        tangent = look.path.velocity(time)
        tangent = tangent / max(float(np.linalg.norm(tangent)), 1e-300)
        top = look.points[look.top]
        saddle = surrogate_saddle(look.model, top, tangent, _REACH * self._chord)
        return look.query_at("saddle", saddle, time)

    def _check(self, look: Look, records: Records) -> Query | None:
        inspection = self._inspection(look)
        if inspection.passes(self._n_checks + self._n_asked):
            return None
        self._n_asked += 1
        query = inspection.query(self._n_checks + self._n_asked)
        if records.distance_to(query.point) >= 0.1 * _CLOSE * self._chord:
            return query
        return self._instead(look)

    def _inspection(self, look: Look) -> Inspection:
        return Inspection(look, self._away(look), self._limit, self.lookout, self._blocked)

    def _instead(self, look: Look) -> Query | None:
        """Another point, where the one to check is known already; None after some of them."""
        self._n_repeats += 1
        return look.query("unsure", look.deviation) if self._n_repeats <= _PATIENCE else None

    @property
    def _blocked(self) -> Array | None:
        """What stopped the path, if it may be asked for."""
        blocked = self._move.blocked
        return None if blocked is None or not self._may_ask(blocked) else blocked

    def _may_ask(self, point: Array) -> bool:
        return not self.closed.contain(point[None])[0]

    def _away(self, look: Look) -> Array:
        time = np.nan if self.pin is None else self.pin.time
        return ~(np.abs(look.times - time) <= 1e-9)

    @property
    def is_certified(self) -> bool:
        """Whether nothing on the path can be higher than its crest, as far as this can be told."""
        look = self.look()
        low = float(look.mean.max()) <= self.crest + self.lookout
        checked = self._is_found and self._inspection(look).passes(self._n_checks)
        return bool(self._settings.certify and low and checked)

    @property
    def _is_found(self) -> bool:
        """Whether the path's top is known: a saddle, or else its higher end."""
        if self.saddle is not None:
            return True
        return float(self.look().mean.max()) <= self._limit

    @property
    def _limit(self) -> float:
        """What a certified path stays below."""
        return self.crest + 0.5 * self.lookout

    @property
    def surprise(self) -> float:
        """By how much the last two evaluations missed what was expected; E or more before that."""
        return max((*self._surprises, self.scale) if len(self._surprises) < 2 else self._surprises)

    @property
    def crest(self) -> float:
        """The highest value found on the path: its saddle's, else that of the higher end."""
        return self._higher_end if self.saddle is None else self.saddle.value
