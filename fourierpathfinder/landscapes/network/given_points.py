"""Whatever users keep networks in, as points: modules, state dicts, files, tensors and vectors.

The loss of a module, or of a state dict with statistics of its own, is held against that of the
point that is made of it.
"""

from collections.abc import Iterator, Mapping
from os import PathLike
from typing import Any

import numpy as np
import torch

from ..alignment.inputs import as_tensor
from ..alignment.refusals import refuse_lazy
from ..alignment.wrapped import within
from ..trees import constant
from .checks import Checks
from .files import read_state
from .network import Network
from .parameters import Layout
from .sharded import refuse_wrapped
from .stored import unwrapped

_TENSORS = (torch.Tensor, np.ndarray)


class GivenPoints:
    """Makes points of what is given.

    Parameters
    ----------
    module : torch.nn.Module
        As it was given to the landscape.
    network : Network
    layout : Layout
    checks : Checks
        What checks the losses.
    home : torch.device
        Where points are kept.
    """

    def __init__(
        self, module: Any, network: Network, layout: Layout, checks: Checks, home: Any
    ) -> None:
        self._given = module
        self._network = network
        self._layout = layout
        self._checks = checks
        self._home = home

    def end(self, end: Any) -> Any:
        """The point (D,) of an end, as `NetworkLandscape.coordinates` takes it."""
        end = within(end)
        if isinstance(end, torch.nn.Module):
            return self._of_module(end)
        if isinstance(end, str | PathLike | Mapping):
            return self._of_state(unwrapped(end) if isinstance(end, Mapping) else read_state(end))
        if hasattr(end, "read"):
            raise TypeError("an end is an open file; pass its name, or what `torch.load` reads")
        if isinstance(end, Iterator):  # as `module.parameters()` is
            end = list(end)
        if _is_named(end):  # as `module.named_parameters()` is
            return self._of_state(dict(end))
        if isinstance(end, list | tuple) and any(isinstance(x, _TENSORS) for x in end):
            tensors = [as_tensor(x) if isinstance(x, np.ndarray) else x for x in end]
            return self._layout.of_tensors(tensors, self._home)
        return self._of_vector(end if isinstance(end, torch.Tensor) else _as_tensor(end))

    def points(self, points: Any) -> Any:
        """Points (M, D) as they are, once the loss is known to be a mean."""
        n_coordinates = self._layout.n_coordinates
        if isinstance(points, np.ndarray) and points.dtype.kind in "fiu":  # as of a loaded path
            points = torch.tensor(points, dtype=self._layout.dtype)
        if not isinstance(points, torch.Tensor):
            raise TypeError(
                f"`points` must be a tensor or array of numbers (M, D), got {_kind_of(points)}"
            )
        if points.ndim != 2 or points.shape[1] != n_coordinates:
            raise ValueError(
                f"`points` has shape {tuple(points.shape)}; it must be (M, {n_coordinates})"
            )
        points = constant(points, self._home)
        if len(points):
            self._checks.check_loss(points[0])
        return points

    def _of_module(self, module: Any) -> Any:
        refuse_wrapped(module)
        refuse_lazy(module)
        with self._network.alone:  # a check of another thread may be changing it
            state = self._layout.named(module.state_dict())
            point = self._joined(state)
        if module is not self._given and bool(point.isfinite().all()):
            self._checks.check_end(module, point)
        return point

    def _of_state(self, stored: Mapping[str, Any]) -> Any:
        state = self._layout.named(stored)
        point = self._joined(state)
        statistics = {name: state[name] for name in self._network.estimated if name in state}
        if statistics and bool(point.isfinite().all()):
            self._checks.check_end(self._given, point, statistics)
        return point

    def _joined(self, state: Mapping[str, Any]) -> Any:
        free = self._network.estimated | self._checks.without_effect(state)
        return self._layout.vector(state, self._home, free)

    def _of_vector(self, vector: Any) -> Any:
        n_coordinates = self._layout.n_coordinates
        if vector.shape != (n_coordinates,):
            raise ValueError(
                f"the vector has shape {tuple(vector.shape)}; the module's "
                f"{len(self._layout.shapes)} trainable parameters make ({n_coordinates},)"
            )
        return constant(vector, self._home).to(self._layout.dtype)


def _is_named(end: Any) -> bool:
    """Whether these are tensors with their names before them."""
    return isinstance(end, list | tuple) and any(
        isinstance(each, tuple) and len(each) == 2 and isinstance(each[0], str) for each in end
    )


def _as_tensor(end: Any) -> Any:
    try:
        return torch.tensor(end)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"an end is a {type(end).__name__}; pass a module, a state dict, the name of a file, "
            "the parameters as tensors, or a vector (D,)"
        ) from error


def _kind_of(points: Any) -> str:
    name = type(points).__name__
    return f"{name} of {points.dtype}" if isinstance(points, np.ndarray) else name
