"""The public call: find the units, match them, permute, and check that nothing has changed."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Any

import torch

from ..._errors import first_line
from . import matching
from .copies import copied
from .example_inputs import made_up_inputs
from .inputs import Batch, batches_of
from .refusals import refuse_meta, refuse_scripted
from .straight_through import StraightThrough, by_loss
from .structure import Specification, find_units, units_of
from .tracing import reached, tensors_in
from .unchanged import check_unchanged
from .units import State
from .wrapped import names_within, within

_N_TRACED = 2
"""Samples on which a module is followed: one alone would hide which axis is theirs."""


_BATCHES = (
    "the first axis of its inputs must be that of the samples, and what is in a list are batches: "
    "pass single samples as a Dataset or a DataLoader of them"
)


def align_units(
    module: Any,
    a: Any,
    b: Any,
    data: Any = None,
    *,
    match_activations: bool | None = None,
    straight_through: StraightThrough | None = None,
    units: Specification | None = None,
) -> Any:
    """Permute the hidden units of `b` so that they match those of `a`; its function stays the same.

    Units are matched by their weights, or on data by the correlation of what they put out, or by
    the loss half-way between the two. That the permuted network gives the same outputs is checked
    in any case. Which units may be exchanged is found by running the module once, whatever it is
    made of: neurons, channels (also those of residual streams, and within groups), hidden states of
    recurrent layers, the heads of an attention and the channels within each. What a module does
    with single units, or cannot be followed, keeps its order.

    Parameters
    ----------
    module : torch.nn.Module
        The architecture; its own parameters do not matter and are not changed.
    a, b : torch.nn.Module or state dict
        The two trained networks; neither is changed.
    data : tensor, pair (inputs, targets), mapping, Dataset or DataLoader, optional
        Inputs on which to compare activations and to check the result; a thousand samples are
        plenty. Several inputs are a tuple or a mapping of named ones. Without data inputs are made
        up for the check.
    match_activations : bool, optional
        Whether to match by activations rather than by weights; by default where data are given.
    straight_through : StraightThrough, optional
        Match by the loss half-way, of which this is the function; needs data with targets.
    units : mapping of str to sequence of (str, int), optional
        The units, in place of those that are found: for each set of them, under any name, the
        parameters (and buffers) and their axes that run over it. Where an axis is longer, each unit
        has several places side by side on it.

    Returns
    -------
    torch.nn.Module or dict
        `b` with its units permuted, of the kind that `b` is. Running statistics of batch
        normalisation are permuted with their channels; between two networks they have to be
        estimated again, as `NetworkLandscape` does at each point.

    Raises
    ------
    ValueError
        If a state dict does not belong to the module or has numbers that are not finite, if `units`
        does not fit it, or if the outputs would change or cannot be seen.

    References
    ----------
    Ainsworth, Hayase and Srinivasa, ICLR 2023, arXiv:2209.04836 (weights, straight-through); Li,
    Yosinski, Clune, Lipson and Hopcroft, ICLR 2016, arXiv:1511.07543 (activations).

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
    module = within(module)
    for given in (module, within(a), within(b)):
        if isinstance(given, torch.nn.Module):
            refuse_scripted(given)
    if match_activations is None:
        match_activations = data is not None and units is None
    if (match_activations or straight_through is not None) and data is None:
        raise ValueError("units are to be matched on data, but there are no `data`")
    first, second = _loaded(module, a, "a"), _loaded(module, b, "b")
    state = second.state_dict()
    made_up = data is None
    batches = iter([Batch((made_up_inputs(module),), {})] if made_up else batches_of(module, data))
    one = _first_batch(second, batches)
    few, unread = _telling(second, one) if units is None else (one, _unread(second, one))
    sets = _sets(second, few, units)
    if not sets:
        return _as_given(b, state)
    parameters = {name for name, _ in module.named_parameters()}
    if straight_through is not None:
        everything = [*chain([one], batches)]
        trained = (first.state_dict(), state, sets, parameters)
        permuted = by_loss(straight_through, module, *trained, everything)
    elif match_activations:
        modules = first, copied(second)
        permuted = matching.by_activations(modules, state, sets, chain([one], batches), parameters)
    else:
        permuted = matching.by_weights(first.state_dict(), state, sets, parameters)
    check_unchanged(second, permuted, one)
    if unread and not made_up:
        _check_all(second, permuted, batches_of(module, data), unread)
    return _as_given(b, permuted)


def _first_batch(module: Any, batches: Iterator[Batch]) -> Batch:
    """The first batch, if the module can be called with it."""
    one = next(batches, None)
    inputs = tensors_in([one.args, one.kwargs]) if one is not None else []
    if one is None or any(tensor.ndim and not len(tensor) for tensor in inputs):
        raise ValueError("`data` holds no sample; pass some inputs")
    _require_call(module, one, "a batch", "pass inputs as it takes them")
    return one


def _require_call(module: Any, batch: Batch, what: str, advice: str) -> None:
    try:
        with torch.no_grad():
            module(*batch.args, **batch.kwargs)
    except Exception as error:
        inputs = tensors_in([batch.args, batch.kwargs])
        kinds = ", ".join(f"{x.dtype} {tuple(x.shape)}" for x in inputs) or "no tensor"
        first = first_line(error, type(error).__name__)
        raise ValueError(
            f"the module could not be called with {what} of `data` ({kinds}): {first}; {advice}"
        ) from error


def _telling(module: Any, batch: Batch) -> tuple[Batch, list[str]]:
    """A few samples to follow a module on, and the parameters that it does not read for any.

    Where it does not read all for a few, as it chooses by the input, it is followed on the batch.
    """
    few = replace(batch, args=_few(batch.args), kwargs=_few(batch.kwargs))
    _require_call(module, few, f"the first {_N_TRACED} rows of a batch", _BATCHES)
    unread = _unread(module, few)
    if not unread:
        return few, []
    left = _unread(module, batch)
    return (batch if len(left) < len(unread) else few), left


def _unread(module: Any, batch: Batch) -> list[str]:
    read = reached(module, batch.args, batch.kwargs)
    return [name for name, _ in module.named_parameters() if name not in read]


def _check_all(second: Any, permuted: State, batches: Iterable[Batch], unread: list[str]) -> None:
    """Refuse a change on any batch: what the first does not read was not followed."""
    for batch in batches:
        try:
            check_unchanged(second, permuted, batch)
        except ValueError as error:
            raise ValueError(
                f"{error}. The first samples of `data` do not reach {unread[0]!r}, and "
                "others do: shuffle `data`, so that the first reach all parameters"
            ) from error


def _sets(module: Any, batch: Batch, units: Specification | None) -> Any:
    if units is not None:
        return units_of(units, module.state_dict())
    return find_units(module, batch.args, batch.kwargs)


def _few(tree: Any) -> Any:
    """The first samples of a batch."""
    if isinstance(tree, torch.Tensor):
        return tree[:_N_TRACED] if tree.ndim else tree
    if isinstance(tree, dict):
        return {name: _few(part) for name, part in tree.items()}
    return tuple(map(_few, tree)) if isinstance(tree, tuple | list) else tree


def _loaded(module: Any, given: Any, name: str) -> Any:
    """A copy of the module with the given parameters, in evaluation mode."""
    given = within(given)
    state = given.state_dict() if isinstance(given, torch.nn.Module) else given
    if not hasattr(state, "keys"):
        raise TypeError(
            f"`{name}` is a {type(given).__name__}; pass a module or a state dict "
            "(`NetworkLandscape.state_dict(point)` makes one of a vector)"
        )
    copy = copied(module).eval()
    names = names_within(state, copy.state_dict())
    if names:
        state = {short: state[name] for name, short in names.items()}
    _check_numbers(copy.state_dict(), state, name)
    try:
        copy.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"`{name}` does not belong to the module: {error}") from error
    return copy


def _check_numbers(own: State, state: State, name: str) -> None:
    """Raise an error where numbers are missing, not finite, or would be rounded."""
    for key, value in state.items():
        mine: Any = own.get(key)
        if not all(isinstance(x, torch.Tensor) and x.is_floating_point() for x in (mine, value)):
            continue
        refuse_meta(mine, f"{key!r} of the module")
        refuse_meta(value, f"{key!r} of `{name}`")
        if torch.promote_types(mine.dtype, value.dtype) != mine.dtype:
            raise ValueError(
                f"{key!r} of `{name}` is of {value.dtype}, in the module of {mine.dtype}, which "
                "would round it; pass a module of the wider type, `module.double()` or `.float()`"
            )
        if bool(value.isnan().any()):
            raise ValueError(f"{key!r} of `{name}` holds NaN; units are compared by numbers")


def _as_given(b: Any, permuted: State) -> Any:
    if not isinstance(b, torch.nn.Module):
        names = names_within(b, permuted)
        places = {name: names.get(name, name) for name in b}
        new = {name: permuted[place] for name, place in places.items() if place in permuted}
        return {**b, **{name: value.detach().to(b[name]) for name, value in new.items()}}
    copy = copied(b)
    within(copy).load_state_dict(permuted)
    return copy
