"""Gradients written over the parameters they belong to, so that both take the memory of one.

On the way back through a network a parameter is needed until all of its gradient is known, and no
longer: each layer's gradient is written into the layer's place as soon as it is there. What needed
the parameter even later would be noticed by torch, which counts the changes of what it keeps; a
module that calculates a part again on the way back is why it is also tried out beforehand.
"""

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch

from .parameters import Layout, placed_evenly

_ALIKE = 1e-3
"""How far the two ways may differ, as a fraction of the gradient: by the order of sums alone."""


def overwritten(
    function: Callable[..., Any], layout: Layout, point: Any, args: Any, holding: Any = nullcontext
) -> Any:
    """The value at a point (D,), which becomes the gradient there.

    Parameters
    ----------
    function : callable
        f(parameters by name, *args), one number.
    layout : Layout
    point : Tensor (D,)
        Overwritten.
    args : tuple of Tensor
    holding : callable
        Of the parameters, the context of the way back.

    Raises
    ------
    RuntimeError
        If a parameter is needed after its gradient is known; the point is then of no use.
    """
    places = layout.views(point)
    leaves = {name: _leaf(place, layout.dtypes[name]) for name, place in places.items()}
    without = set(leaves)
    for name, leaf in leaves.items():
        write = partial(_write, name, places[name], without)
        leaf.register_post_accumulate_grad_hook(write)
    with torch.enable_grad():
        value = function(leaves, *args)
    if value.requires_grad:
        with holding(leaves):
            value.backward(inputs=list(leaves.values()))
    for name in without:
        places[name].zero_()
    return value.detach()


def is_alike(gradient: Any, other: Any) -> bool:
    """Whether two gradients are the same, up to the order of sums; `other` is overwritten."""
    size = float(torch.linalg.vector_norm(gradient))
    return float(torch.linalg.vector_norm(other.sub_(gradient))) <= _ALIKE * size


def _leaf(place: Any, dtype: Any) -> Any:
    """A parameter in the memory of its place, whose changes torch counts by themselves."""
    return placed_evenly(place.data.to(dtype)).requires_grad_()


def _write(name: str, place: Any, without: set[str], leaf: Any) -> None:
    if name not in without:
        raise RuntimeError(f"the gradient of {name!r} comes in parts")
    without.remove(name)
    gradient, leaf.grad = leaf.grad, None
    with torch.no_grad():
        shares = leaf.data_ptr() == place.data_ptr()
        (leaf if shares else place).copy_(gradient)
