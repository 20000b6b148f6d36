"""The public call: find the units, match them, permute, and check that nothing has changed."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import torch

from . import matching
from .example_inputs import made_up_inputs
from .structure import find_units
from .units import State

_CHUNK = 256
"""Samples evaluated at once."""

_ROUNDINGS = 2e3
"""How many rounding errors the outputs may differ by: sums are taken in another order."""


def align_units(
    module: Any, a: Any, b: Any, data: Any = None, *, match_activations: bool | None = None
) -> Any:
    """Permute the hidden units of `b` so that they match those of `a`; its function stays the same.

    Units are matched by their weights, or on data by the correlation of what they put out. That the
    permuted network gives the same outputs is checked in either case. The layers are found from the
    module itself: chains of linear, convolutional, pooling, batch-norm, layer-norm, embedding and
    recurrent layers, such as multi-layer perceptrons, autoencoders, LeNet, VGG and stacked LSTMs.

    Parameters
    ----------
    module : torch.nn.Module
        The architecture; its own parameters do not matter and are not changed.
    a, b : torch.nn.Module or state dict
        The two trained networks; neither is changed.
    data : tensor, pair of tensors (inputs, targets), or DataLoader, optional
        Inputs on which to compare activations and to check the result; a thousand samples are
        plenty. Without data inputs are made up for the check.
    match_activations : bool, optional
        Whether to match by activations rather than by weights; by default where data are given.

    Returns
    -------
    torch.nn.Module or dict
        `b` with its units permuted, of the kind that `b` is.

    Raises
    ------
    ValueError
        If the module is no chain of known layers (residual networks are none), if a state dict
        does not belong to it, or if the outputs would change.

    References
    ----------
    Ainsworth, Hayase and Srinivasa, ICLR 2023, arXiv:2209.04836 (weights); Li, Yosinski, Clune,
    Lipson and Hopcroft, ICLR 2016, arXiv:1511.07543 (activations).

    Examples
    --------
    >>> import torch
    >>> from fourierpathfinder.landscapes import align_units
    >>> a = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2))
    >>> order = torch.tensor([2, 0, 3, 1])
    >>> b = {"0.weight": a[0].weight[order], "0.bias": a[0].bias[order]}
    >>> b |= {"2.weight": a[2].weight[:, order], "2.bias": a[2].bias}
    >>> aligned = align_units(a, a, b)
    >>> all(bool(torch.equal(aligned[name], value)) for name, value in a.state_dict().items())
    True
    """
    if match_activations is None:
        match_activations = data is not None
    if match_activations and data is None:
        raise ValueError("`match_activations` is True but there are no `data` to match them on")
    sets = find_units(module)
    first, second = _loaded(module, a, "a"), _loaded(module, b, "b")
    state = second.state_dict()
    if not sets:
        return _as_given(b, state)
    inputs = next(_batches(data)) if data is not None else made_up_inputs(module)
    if match_activations:
        permuted = matching.by_activations((first, second), state, sets, _batches(data))
    else:
        parameters = {name for name, _ in module.named_parameters()}
        permuted = matching.by_weights(first.state_dict(), state, sets, parameters)
    _check_unchanged(second, permuted, inputs)
    return _as_given(b, permuted)


def _loaded(module: Any, given: Any, name: str) -> Any:
    """A copy of the module with the given parameters, in evaluation mode."""
    state = given.state_dict() if isinstance(given, torch.nn.Module) else given
    if not hasattr(state, "keys"):
        raise TypeError(
            f"`{name}` is a {type(given).__name__}; pass a module or a state dict "
            "(`NetworkLandscape.state_dict(point)` makes one of a vector)"
        )
    copy = deepcopy(module).eval()
    try:
        copy.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"`{name}` does not belong to the module: {error}") from error
    return copy


def _as_given(b: Any, permuted: State) -> Any:
    if not isinstance(b, torch.nn.Module):
        return {name: permuted[name].detach().to(b[name]) for name in b}
    copy = deepcopy(b)
    copy.load_state_dict(permuted)
    return copy


def _batches(data: Any) -> Iterator[Any]:
    """Inputs in chunks, from whatever holds them."""
    if isinstance(data, tuple | list):
        data = data[0]
    if isinstance(data, torch.Tensor):
        yield from data.split(_CHUNK)
        return
    for batch in data:
        yield batch[0] if isinstance(batch, tuple | list) else batch


def _check_unchanged(second: Any, permuted: State, inputs: Any) -> None:
    """Refuse permutations that are not what they should be: another order, the same function."""
    other = deepcopy(second)
    other.load_state_dict(permuted)
    with torch.no_grad():
        before, after = (_tensors(module(inputs)) for module in (second, other))
    for x, y in zip(before, after, strict=True):
        allowed = _ROUNDINGS * torch.finfo(x.dtype).eps * float(x.abs().max())
        change = float((x - y).abs().max())
        if not change <= allowed:
            raise ValueError(
                f"the units of this module cannot be aligned: permuting them changes its outputs "
                f"by {change:.2g}, so that it is not the chain of layers that its graph looks like"
            )


def _tensors(output: Any) -> list[torch.Tensor]:
    """All tensors of an output, however nested."""
    if isinstance(output, torch.Tensor):
        return [output]
    parts = output.values() if hasattr(output, "values") else output
    return [tensor for part in parts for tensor in _tensors(part)]
