"""The whole way between two minima: reaction paths over one saddle after the other.

The descent from a path's highest saddle may lead to minima that are no ends of it. Then paths are
sought between these and the ends, and their saddles followed, until minimum joins minimum.
"""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ._arrays import to_numpy
from .find import find_path
from .inputs import check_budget
from .methods import Surrogate
from .reaction_path import MinimumEnergyPath, minimum_energy_path
from .result import Evaluations, PathResult

_log = logging.getLogger(__name__)

MOST_PARTS = 8
"""Saddles that are followed: a longer way is better split by hand."""


def minimum_energy_chain(
    landscape: Any,
    result: PathResult,
    *,
    mass_weighted: bool | None = None,
    tol: float = 1e-3,
    n_points: int = 41,
    prior: Any = None,
    max_gradients: int | None = None,
    rng: np.random.Generator | int | None = 0,
) -> MinimumEnergyPath:
    """Follow a path's saddle down, and those of the ways from there to the path's ends.

    Where the saddle joins both ends this is `minimum_energy_path`, and costs nothing more.

    Parameters
    ----------
    landscape : Landscape or callable
        What the path was found on.
    result : PathResult
        The path; it must have a saddle.
    mass_weighted : bool, optional
        As in `minimum_energy_path`.
    tol : float
        As there.
    n_points : int
        As there, of each part.
    prior : optional
        As there.
    max_gradients : int, optional
        The most evaluations to spend here.
    rng : numpy.random.Generator or int, optional
        For the searches between the minima.

    Returns
    -------
    MinimumEnergyPath
        Over all saddles, its `stops` the minima between; `top` is the highest point.

    Raises
    ------
    ValueError
        If the path has no saddle.

    Examples
    --------
    >>> from fourierpathfinder import find_path, minimum_energy_chain
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> chain = minimum_energy_chain(toy, find_path(toy, toy.start, toy.end, rng=0))
    >>> chain.connects_the_ends, len(chain.stops)
    (True, 1)
    """
    check_budget(max_gradients)
    following = _Following(landscape, mass_weighted, tol, n_points, prior, max_gradients, rng)
    parts = following.followed(result)
    return replace(
        joined(parts) if len(parts) > 1 else parts[0],
        n_gradients=following.n_gradients,
        n_prior_gradients=following.n_prior_gradients,
    )


class _Following:
    """The parts of one chain, what is known, and what all of it has cost."""

    def __init__(
        self,
        landscape: Any,
        mass_weighted: bool | None,
        tol: float,
        n_points: int,
        prior: Any,
        budget: int | None,
        rng: np.random.Generator | int | None,
    ) -> None:
        self._landscape, self._prior, self._rng = landscape, prior, rng
        self._mass_weighted, self._tol, self._n_points = mass_weighted, tol, n_points
        self._budget = budget
        self.n_gradients = self.n_prior_gradients = 0
        self._n_parts = 0
        self._known: Evaluations | None = None

    def followed(self, result: PathResult) -> list[MinimumEnergyPath]:
        """From the start of a path to its end, over as many saddles as it takes."""
        part = minimum_energy_path(
            self._landscape,
            result,
            mass_weighted=self._mass_weighted,
            tol=self._tol,
            n_points=self._n_points,
            known=self._known,
            prior=self._prior,
            max_gradients=self._left,
        )
        self._n_parts += 1
        self._note(part)
        before, after = part.neighbours
        if any(neighbour.problem for neighbour in part.neighbours):
            return [part]
        start, end = (to_numpy(x) for x in (result.path.start, result.path.end))
        left = [] if before.is_end else self._between(start, before.position)
        right = [] if after.is_end else self._between(after.position, end)
        return [*left, part, *right]

    def _between(self, start: np.ndarray, end: np.ndarray) -> list[MinimumEnergyPath]:
        """The parts between two minima; none where no saddle is found."""
        if self._n_parts >= MOST_PARTS or self._left == 0:
            return []
        _log.info("reaction path: a minimum lies between; searching on from there")
        found = find_path(
            self._landscape,
            start,
            end,
            method=Surrogate(),
            prior=self._prior,
            known=self._known,
            max_gradients=self._left,
            rng=self._rng,
        )
        self._note(found)
        return self.followed(found) if found.saddle is not None and found.success else []

    @property
    def _left(self) -> int | None:
        return None if self._budget is None else max(self._budget - self.n_gradients, 0)

    def _note(self, found: MinimumEnergyPath | PathResult) -> None:
        self._known = found.evaluations
        self.n_gradients += found.n_gradients
        self.n_prior_gradients += found.n_prior_gradients


def joined(parts: Sequence[MinimumEnergyPath]) -> MinimumEnergyPath:
    """One path of several, each of which begins at the minimum where the one before it ends."""
    highest = max(range(len(parts)), key=lambda k: parts[k].values[parts[k].top])
    later = [slice(0 if k == 0 else 1, None) for k in range(len(parts))]
    ends = np.cumsum([len(part.points) - (k > 0) for k, part in enumerate(parts)]) - 1
    before = int(ends[highest - 1]) if highest else 0
    top = before + parts[highest].top
    lengths = np.concatenate([
        offset + (part.lengths - part.lengths[0])[kept]
        for part, offset, kept in zip(parts, _offsets(parts), later, strict=True)
    ])  # fmt: skip

    def whole(name: str) -> np.ndarray:
        rows = [getattr(part, name)[kept] for part, kept in zip(parts, later, strict=True)]
        return np.concatenate(rows)

    return replace(
        parts[highest],
        points=whole("points"),
        values=whole("values"),
        gradients=whole("gradients"),
        errors=whole("errors"),
        lengths=lengths - lengths[top],
        top=top,
        neighbours=(parts[0].neighbours[0], parts[-1].neighbours[1]),
        success=all(part.success for part in parts),
        message=" ".join(dict.fromkeys(part.message for part in parts)),
        evaluations=max((part.evaluations for part in parts), key=lambda one: len(one.values)),
        stops=tuple(int(end) for end in ends[:-1]),
    )


def _offsets(parts: Sequence[MinimumEnergyPath]) -> np.ndarray:
    whole = [part.lengths[-1] - part.lengths[0] for part in parts]
    return np.concatenate([[0.0], np.cumsum(whole)[:-1]])
