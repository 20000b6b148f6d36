"""Whether a module calculates with the parameters that it is given, these alone, and leaves them.

What it keeps from a call with others is none of these either.

A module that keeps trainable tensors outside of its parameters (in a list, in a function that reads
another module) has the same ones wherever the path is. One that writes over its parameters when it
is called has the loss of others than those it was given, and torch's gradient is not that of it.
"""

from contextlib import suppress
from typing import Any

import torch

from .agreement import refuse_keeping, tolerance
from .data import Batch
from .network import Network
from .parameters import Tensors

_FAR = -100.0
"""By which parameters are multiplied to get beyond the limits within which a module keeps them."""


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
    mean, leaves, written = _called(network, variables, batch)
    with suppress(Exception):  # a call with parameters beyond all limits may fail
        far = {name: _FAR * tensor.detach() for name, tensor in variables.items()}
        written = written or _called(network, far, batch)[2]
    if written:
        raise ValueError(
            f"the module writes over its parameter {written[0]!r} when it is called (an embedding "
            "with `max_norm` does, or a `clamp_`): its loss is then that of other parameters. "
            "Call it once with all of its data, and then switch that off (`max_norm=None`), or "
            "compute another tensor in `forward` and leave the parameter as it is"
        )
    after, leaves_after, _ = _called(network, variables, batch)
    refuse_keeping(float(mean.detach()), float(after.detach()), tolerance(network, variables))
    others = _others(mean, leaves)
    again = {id(x) for x in _others(after, leaves_after)} - set(map(id, batch.tensors))
    for tensor in others:
        if id(tensor) in again:  # which was not made for the call, as for slopes in the inputs
            raise ValueError(
                f"the module calculates with a trainable tensor of shape {tuple(tensor.shape)} "
                "that is not among its parameters (in a list, or of another module that a function "
                "in it reads), so it would be the same wherever the path is. Register it "
                "(`nn.Parameter`, `nn.ParameterList`, `nn.ModuleList`) and reach it by `self`, or "
                "if it is the same for all networks, set `requires_grad_(False)` on it"
            )


def _called(network: Network, variables: Tensors, batch: Batch) -> tuple[Any, Tensors, list[str]]:
    """The mean loss, the leaves that it was calculated from, and which were written over."""
    leaves = {name: tensor.detach().clone().requires_grad_() for name, tensor in variables.items()}
    before = {name: _state(leaf) for name, leaf in leaves.items()}
    with torch.enable_grad():
        total, weight = network.loss(batch)(leaves, *batch.tensors)
        mean = total / torch.where(weight > 0, weight, 1)
    written = [
        name
        for name, leaf in leaves.items()
        if _state(leaf) != before[name] or not _is_as_it_was(leaf, variables[name])
    ]
    return mean, leaves, written


def _state(tensor: Any) -> tuple[int, int]:
    """What changes when something else is written into a tensor, if not by `.data`."""
    return tensor._version, tensor.data_ptr()


def _is_as_it_was(tensor: Any, before: Any) -> bool:
    return torch.allclose(tensor.detach(), before, 0.0, 0.0, equal_nan=True)


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
