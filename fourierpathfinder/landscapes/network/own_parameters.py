"""Whether a module calculates with the parameters that it is given, these alone, and leaves them.

A module that keeps trainable tensors outside of its parameters (in a list, in a function that reads
another module) has the same ones wherever the path is. One that writes over its parameters when it
is called has the loss of others than those it was given, and torch's gradient is not that of it.
What it, or the loss, keeps from a call with others would make the path's values depend on the order
of the calls.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import torch

from .agreement import KEEPING, refuse_difference, tolerance
from .data import Batch
from .network import Network
from .parameters import Tensors

_BEYOND = -2.0
"""By which parameters are multiplied for a call with others, some of them beyond their limits."""


def check_parameters(network: Network, variables: Tensors, batch: Batch) -> None:
    """Raise an error if a module writes over its parameters, or calculates with others.

    Parameters
    ----------
    network : Network
    variables : dict of str to Tensor
        Parameters and statistics of one point, which stay as they are.
    batch : Batch
        Some samples.

    Raises
    ------
    ValueError
        With what to do.
    """
    first = _call(network, variables, batch)
    written = first.written
    with suppress(Exception):  # of what cannot be calculated from all parameters
        written = written or _call(network, variables, batch, _BEYOND).written
    if written:
        raise ValueError(
            f"the module writes over its parameter {written[0]!r} when it is called (an embedding "
            "with `max_norm` does, or a `clamp_`): its loss is then that of other parameters. "
            "Call it once with all of its data, and then switch that off (`max_norm=None`), or "
            "compute another tensor in `forward` and leave the parameter as it is"
        )
    after = _call(network, variables, batch)
    refuse_difference(first.loss, after.loss, tolerance(network, variables), KEEPING)
    again = {id(tensor) for tensor in after.others} - set(map(id, batch.tensors))
    for tensor in first.others:
        if id(tensor) in again:  # which was not made for the call, as for slopes in the inputs
            raise ValueError(
                f"the module calculates with a trainable tensor of shape {tuple(tensor.shape)} "
                "that is not among its parameters (in a list, or of another module that a function "
                "in it reads), so it would be the same wherever the path is. Register it "
                "(`nn.Parameter`, `nn.ParameterList`, `nn.ModuleList`) and reach it by `self`, or "
                "if it is the same for all networks, set `requires_grad_(False)` on it"
            )


@dataclass(frozen=True, eq=False)
class _Call:
    """The mean loss, the names of parameters written over, and trainable tensors besides these."""

    loss: float
    written: list[str]
    others: list[Any]


def _call(network: Network, variables: Tensors, batch: Batch, factor: float = 1.0) -> _Call:
    """Call a module with its parameters times a factor."""
    leaves = {name: (factor * x.detach()).requires_grad_() for name, x in variables.items()}
    before = {name: _state(leaf) for name, leaf in leaves.items()}
    with torch.enable_grad():
        total, weight = network.loss(batch)(leaves, *batch.tensors)
    written = [
        name
        for name, leaf in leaves.items()
        if _state(leaf) != before[name] or not _same(leaf, factor * variables[name])
    ]
    mean = float(total.detach()) / max(float(weight), 1e-30)
    return _Call(mean, written, _others(total, leaves))


def _state(tensor: Any) -> tuple[int, int]:
    """What changes when something else is written into a tensor, if not by `.data`."""
    return tensor._version, tensor.data_ptr()


def _same(tensor: Any, other: Any) -> bool:
    mine, theirs = tensor.detach(), other.detach()
    same = torch.equal(mine, theirs) or torch.allclose(mine, theirs, 0.0, 0.0, equal_nan=True)
    return bool(same)


def history(node: Any) -> list[Any]:
    """All operations that led to a result, by its `grad_fn`."""
    waiting, seen = [node], dict[Any, None]()
    while waiting:
        node = waiting.pop()
        if node is not None and node not in seen:
            seen[node] = None
            waiting += [following for following, _ in node.next_functions]
    return list(seen)


def _others(result: Any, leaves: Tensors) -> list[Any]:
    """The tensors besides these with respect to which a result could be differentiated."""
    own = {id(leaf) for leaf in leaves.values()}
    found = [getattr(node, "variable", None) for node in history(result.grad_fn)]
    return [tensor for tensor in found if tensor is not None and id(tensor) not in own]
