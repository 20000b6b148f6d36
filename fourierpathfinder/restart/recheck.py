"""One recorded point evaluated again: the landscape must still say what it said.

What a landscape is made of is compared by its content, as far as that can be looked into; this
check needs no such knowledge. Energies that depend on the machine in their last digits pass.
"""

import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from .._arrays import Array, array_namespace, detached, like, to_numpy
from ..evaluation import check_shapes
from ..landscapes.abilities import Abilities, Forwarding, abilities_of
from ..landscapes.protocols import Landscape
from ..storage.errors import CheckpointError

_log = logging.getLogger(__name__)

_OF_SPREAD = 1e-3
"""How far values may differ, in units of the spread of all that was recorded: the tolerance to
which heights are found."""
_OF_SIZE = 1e-6
"""The same in units of the value itself: a float32 model on another device."""
_OF_GRADIENT = 1e-2
"""How far gradients may differ, in units of the largest that was recorded."""


class Witness(NamedTuple):
    """One recorded point, and what its numbers are to be measured by."""

    point: Array
    """(D,)"""
    value: float
    gradient: np.ndarray | None
    """(D,), or None where only the value is known."""
    spread: float
    """The highest less the lowest recorded value."""
    steepest: float = float("inf")
    """The largest recorded gradient norm."""
    samples: np.ndarray | None = None
    """The samples (B,) taken, where the landscape is a mean over samples."""


def recheck(landscape: Landscape, witness: Witness, file: object) -> None:
    """Evaluate a recorded point again.

    Parameters
    ----------
    landscape : Landscape
    witness : Witness
        What is recorded of one point.
    file : path-like
        Where, for the error.

    Raises
    ------
    CheckpointError
        If the landscape says something else than is recorded.
    """
    abilities = abilities_of(landscape)
    if abilities.stochastic and not abilities.n_samples:
        return  # it does not say the same twice
    chosen = {} if witness.samples is None else {"samples": witness.samples[None]}
    values, gradients = landscape.value_and_grad(witness.point[None, ...], **chosen)
    value, gradient = float(to_numpy(values)[0]), to_numpy(gradients)[0]
    if not np.isfinite(value):
        _log.warning("a point of %s could not be evaluated again: the value is %s", file, value)
        return
    allowed = _OF_SPREAD * witness.spread + _OF_SIZE * abs(witness.value)
    off = abs(value - witness.value)
    turned = 0.0
    if witness.gradient is not None:
        turned = float(np.linalg.norm(gradient - witness.gradient)) / max(witness.steepest, 1e-300)
    if off <= allowed and turned <= _OF_GRADIENT:
        return
    what = f"{value:.10g} now, {witness.value:.10g} then"
    if off <= allowed:
        what = f"the same value but another gradient, which differs by {turned:.2g} of the largest"
    raise CheckpointError(
        f"{file} does not fit the landscape: at one of its points, evaluated again, that is "
        f"{what}; use another place to start afresh, or, if such a difference is to be expected "
        "of it, pass `resume_check=False` (on the command line --no-resume-check)"
    )


class Witnessing(Forwarding):
    """A landscape that remembers one of the points that it was asked for last, as a witness.

    Parameters
    ----------
    landscape : Landscape
    """

    def __init__(self, landscape: Landscape) -> None:
        super().__init__(landscape)
        behind = abilities_of(landscape)
        self._sampled = bool(behind.n_samples)
        self._lowest, self._highest, self._steepest = np.inf, -np.inf, 0.0
        self.last: Witness | None = None

    def offering(self, behind: Abilities) -> Abilities:
        """All of it, values alone included."""
        return replace(super().offering(behind), values=behind.values)

    def value_and_grad(self, points: Array, **chosen: Any) -> tuple[Array, Array]:
        """Values and gradients, as the landscape gives them."""
        returned = self.landscape.value_and_grad(points, **chosen)
        check_shapes(points, returned)
        self._note(points, *returned, **chosen)
        pair: tuple[Array, Array] = returned
        return pair

    def _note(
        self, points: Array, values: Array, gradients: Array, samples: Array | None = None
    ) -> None:
        """Take the middle point of the batch; of networks, which are large, without gradient."""
        middle = int(points.shape[0]) // 2
        found = np.asarray(to_numpy(detached(values)), dtype=float)
        value, good = float(found[middle]), found[np.isfinite(found)]
        if not np.isfinite(value):
            return
        gradient = None
        if not self._sampled:
            gradient = np.array(to_numpy(detached(gradients[middle, ...])), dtype=float)
            self._steepest = max(self._steepest, float(np.linalg.norm(gradient)))
        self._lowest = min(self._lowest, float(good.min()))
        self._highest = max(self._highest, float(good.max()))
        self.last = Witness(
            array_namespace(points).asarray(points[middle, ...], copy=True),
            value,
            gradient,
            self._highest - self._lowest,
            self._steepest,
            None if samples is None else np.array(to_numpy(samples)[middle]),
        )


def as_arrays(witness: Witness | None) -> dict[str, Array]:
    """A witness as arrays by name."""
    if witness is None:
        return {}
    found = {
        "point": witness.point,
        "gradient": witness.gradient,
        "numbers": np.array([witness.value, witness.spread, witness.steepest]),
        "samples": witness.samples,
    }
    return {f"witness.{name}": array for name, array in found.items() if array is not None}


def from_arrays(arrays: Mapping[str, np.ndarray], reference: Array) -> Witness | None:
    """The witness among arrays, if there is one."""
    if "witness.point" not in arrays:
        return None
    value, spread, steepest = arrays["witness.numbers"].tolist()
    return Witness(
        like(arrays["witness.point"], reference),
        value,
        arrays.get("witness.gradient"),
        spread,
        steepest,
        arrays.get("witness.samples"),
    )
