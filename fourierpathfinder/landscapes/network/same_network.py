"""Whether two points are one network, its hidden units in any order."""

from typing import TYPE_CHECKING, Any

import torch

from ..alignment import align_units

if TYPE_CHECKING:
    from .landscape import NetworkLandscape

_NEAR = 1e-3
"""Parameters nearer than this part of their norm are the same."""

N_SAMPLES = 512
"""On which the activations of hidden units are compared."""


def is_same_network(landscape: "NetworkLandscape", a: Any, b: Any, batch: Any) -> bool:
    """Whether the units of `b` (D,) can be put in an order in which it is `a` (D,).

    Parameters
    ----------
    landscape : NetworkLandscape
        Which parameters they are.
    a, b : Tensor (D,)
    batch : tuple, dict or other
        Samples on which to compare units: a pair (inputs, target), or named inputs.
    """
    limit = _NEAR * max(float(a.norm()), float(b.norm()))
    if (a - b).norm() <= limit:
        return True
    first, second = landscape.state_dict(a), landscape.state_dict(b)
    if any(_least_distance(first[name], second[name]) > limit for name in first):
        return False
    data = tuple(batch) if isinstance(batch, tuple | list) else batch
    try:
        aligned = align_units(landscape.module(a), first, second, data)
    except ValueError:  # their units cannot be followed: such networks are compared as they are
        return False
    return bool((landscape.coordinates(aligned) - a).norm() <= limit)


def _least_distance(x: torch.Tensor, y: torch.Tensor) -> float:
    """Of two tensors whose entries may be put in any order: the sorted ones' (rearrangement)."""
    return float((x.flatten().sort()[0] - y.flatten().sort()[0]).double().norm())
