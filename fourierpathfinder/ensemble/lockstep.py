"""Groups of paths that take their steps together, as many as memory allows.

Each path is kept, and continued, on its own: the other paths of its group do not
matter. Where a step of a group ends with an error, its paths continue one by one, so that the error
stays with the path that has it.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from .._arrays import Array, array_namespace, like
from ..evaluation import Evaluator
from ..landscapes.protocols import Landscape
from ..methods.lockstep import Lockstep
from ..methods.stochastic import Stochastic
from ..path import SinePath
from ..restart.recheck import Witnessing, as_arrays
from ..result import History, PathResult, Status
from ..storage.checkpoint import Saved
from .folder import Folder
from .pairs import Pair, without_a_height

_LARGEST_STATE = 2**28
"""Numbers in the terms and Adam's sums of a group."""
_SAVING = 0.05
"""The share of its time that a group spends at most on keeping where it stands."""

_PAUSE = 2.0
"""Seconds between two times of keeping, at least."""
_KEPT = ("coefficients", "gradient_sum", "square_sum", "seeds", "averages", "failed")

Identity = Mapping[str, Any]


class Group:
    """Paths that take their steps together.

    Parameters
    ----------
    landscape : Landscape
        A mean over samples.
    method : Stochastic
    pairs : sequence of Pair
    max_gradients : int or None
        Of each path.
    folder : Folder or None
        Where to keep paths.
    identity : callable
        By which the folder knows a pair.
    on_step : callable, optional
        Called with the gradients and the highest estimate after each step.
    """

    def __init__(
        self,
        landscape: Landscape,
        method: Stochastic,
        pairs: Sequence[Pair],
        max_gradients: int | None,
        folder: Folder | None,
        identity: Callable[[Pair], Identity],
        on_step: Callable[[int, float], None] = lambda n, height: None,
    ) -> None:
        self._landscape = landscape
        self._method = method
        self._pairs = pairs
        self._folder = folder
        self._identity = identity
        self._on_step = on_step
        self._witnessing = Witnessing(landscape)
        self._evaluator = Evaluator(landscape, at_work=self._witnessing)
        self._lockstep = _straight(method, self._evaluator, pairs)
        self._estimates: list[np.ndarray] = []
        self._next_save = time.monotonic() + _PAUSE
        affordable = method.n_steps
        if max_gradients is not None:
            affordable = min(affordable, max_gradients // method.points_per_step)
        self._n_steps = affordable

    def results(self) -> Iterator[tuple[Pair, PathResult]]:
        """All paths, at their ends."""
        try:
            self._run()
        except KeyboardInterrupt:
            self._evaluator.close()
            self._keep()
            yield from self._outcomes(Status.INTERRUPTED)
        except Exception as error:
            self._keep()
            yield from self._one_by_one(error)
        else:
            done = self._n_steps == self._method.n_steps
            yield from self._outcomes(Status.STEPS_DONE if done else Status.MAX_GRADIENTS)

    def set(self, standings: Sequence[Saved | None]) -> None:
        """Go on from where the paths stood; they must all have taken as many steps."""
        state = self._lockstep.state
        for k, saved in enumerate(standings):
            if saved is None:
                return
            for name in _KEPT:
                array = getattr(state, name)
                array[k : k + 1, ...] = like(saved.arrays[name], array)
        n_steps = int(standings[0].notes["n_steps"]) if standings and standings[0] else 0
        self._lockstep.state = replace(state, n_steps=n_steps)
        histories = [saved.arrays["estimates"] for saved in standings if saved is not None]
        self._estimates = list(np.array(histories).T)

    def _run(self) -> None:
        self._lockstep.measure_ends(self._method.evaluation_samples, strict=False)
        while self._lockstep.state.n_steps < self._n_steps:
            self._lockstep.step(strict=False)
            estimates = self._lockstep.estimates()
            self._estimates.append(estimates)
            self._on_step(self._evaluator.n_gradients, float(estimates.max()))
            if time.monotonic() >= self._next_save:
                self._keep()
        self._keep()

    def _keep(self) -> None:
        """Keep where each path stands, unless that is within a step."""
        if self._folder is None or self._lockstep.is_torn:
            return
        began = time.monotonic()
        state = self._lockstep.state
        for k, pair in enumerate(self._pairs):
            arrays = {name: getattr(state, name)[k : k + 1, ...] for name in _KEPT}
            arrays["estimates"] = np.array([row[k] for row in self._estimates])
            arrays |= as_arrays(self._witnessing.last)
            self._folder.keep_standing(self._identity(pair), arrays, {"n_steps": state.n_steps})
        now = time.monotonic()
        self._next_save = now + max(_PAUSE, (now - began) / _SAVING)

    def _one_by_one(self, error: Exception) -> Iterator[tuple[Pair, PathResult]]:
        """Each path on its own from where it stands; a single one has failed."""
        if len(self._pairs) == 1 or self._lockstep.is_torn:
            for k in range(len(self._pairs)):
                yield self._failed(k, f"The run ended with {type(error).__name__}: {error}")
            return
        for k, pair in enumerate(self._pairs):
            alone = Group(self._landscape, self._method, [pair], None, self._folder, self._identity)
            alone._n_steps = self._n_steps
            alone._take_over(self, k)
            yield from alone.results()

    def _take_over(self, group: "Group", k: int) -> None:
        """Path k of another group, as it stands there."""
        theirs, mine = group._lockstep.state, self._lockstep.state
        for name in _KEPT:
            getattr(mine, name)[0, ...] = getattr(theirs, name)[k, ...]
        self._lockstep.state = replace(mine, n_steps=theirs.n_steps)
        self._estimates = [row[k : k + 1] for row in group._estimates]

    def _outcomes(self, status: Status) -> Iterator[tuple[Pair, PathResult]]:
        for k, pair in enumerate(self._pairs):
            if self._lockstep.state.failed[k]:
                if self._folder is not None:  # another time it starts again
                    self._folder.run_file(self._identity(pair)).unlink(missing_ok=True)
                yield self._failed(k, _DIVERGED)
                continue
            try:
                yield pair, self._result(k, status)
            except KeyboardInterrupt:
                self._evaluator.close()
                status = Status.INTERRUPTED
                yield pair, self._result(k, status)
            except Exception as error:
                yield self._failed(k, f"The run ended with {type(error).__name__}: {error}")

    def _result(self, k: int, status: Status) -> PathResult:
        outcome = self._lockstep.outcome(k, self._method.evaluation_samples)
        history = self._history(k)
        n_steps = self._lockstep.state.n_steps
        samples = history.n_sample_gradients
        return outcome.result(
            status,
            n_gradients=n_steps * self._method.points_per_step,
            n_iterations=n_steps,
            history=history,
            method=self._method,
            landscape=self._landscape,
            n_sample_gradients=0 if samples is None or not n_steps else int(samples[-1]),
        )

    def _failed(self, k: int, message: str) -> tuple[Pair, PathResult]:
        pair = self._pairs[k]
        failed = without_a_height(pair, Status.FAILED, message, self._method, self._landscape)
        history = self._history(k)
        n_steps = len(history.heights)
        return pair, replace(
            failed,
            path=self._lockstep.path(k),
            n_gradients=n_steps * self._method.points_per_step,
            n_iterations=n_steps,
            history=history,
        )

    def _history(self, k: int) -> History:
        heights = np.array([row[k] for row in self._estimates])
        points = self._method.points_per_step * np.arange(1, len(heights) + 1)
        n_each = self._lockstep.samples_per_point
        return History(points, heights, points * n_each)


_DIVERGED = (
    "The landscape returned NaN or infinity on this path, which was not moved any further; lower "
    "`learning_rate`, or check its ends."
)


def groups(pairs: Sequence[Pair], method: Stochastic) -> Iterator[list[Pair]]:
    """Pairs of ends of one kind, as many in a group as memory allows."""
    group: list[Pair] = []
    for pair in pairs:
        if group and not (_alike(group[0].start, pair.start) and _fits(len(group), pair, method)):
            yield group
            group = []
        group.append(pair)
    if group:
        yield group


def _alike(one: Array, other: Array) -> bool:
    return (type(one), one.shape, one.dtype) == (type(other), other.shape, other.dtype)


def _fits(n_others: int, pair: Pair, method: Stochastic) -> bool:
    return 3 * (n_others + 1) * method.n_terms * int(pair.start.shape[0]) <= _LARGEST_STATE


def _straight(method: Stochastic, evaluator: Evaluator, pairs: Sequence[Pair]) -> Lockstep:
    stack = array_namespace(pairs[0].start).stack
    a, b = stack([pair.start for pair in pairs]), stack([pair.end for pair in pairs])
    path = SinePath.straight(a, b, method.n_terms)
    seeds = np.array([pair.seed for pair in pairs])
    schedule = method.schedule(evaluator.abilities, pairs[0].start)
    return Lockstep(schedule, evaluator, path, seeds, method.dtype)
