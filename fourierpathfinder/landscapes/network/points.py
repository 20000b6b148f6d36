"""A function of a network's parameters at several points: by vmap, or one point after the other.

`vmap` turns the products of all points into one batched product, which is what fills a GPU and what
saves the overhead of small dense networks. On a processor, convolutions with weights of their own
for each point run about half as fast that way, and recurrent layers, of which `vmap` knows
nothing, a quarter.
"""

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.func import grad_and_value, vmap

from ..trees import tree_map
from .memory import is_out_of_memory
from .parameters import Tensors

_log = logging.getLogger(__name__)

Function = Callable[..., Any]
"""f(variables, *arguments) -> a tensor, or a dict or tuple of tensors."""
Holding = Callable[[Tensors], AbstractContextManager[Any]]

_SLOW_ON_CPU = (nn.RNNBase, nn.modules.conv._ConvNd)


_UNSUPPORTED = (RuntimeError, TypeError, ValueError, NotImplementedError, UserWarning)


@contextmanager
def _no_slow_parts() -> Iterator[None]:
    """Operations that `vmap` knows no batched form of, of which torch warns, are errors.

    Attention on a processor is one: it would be done point by point anyway, at a higher cost.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="There is a performance drop")
        yield


class Points:
    """Evaluates functions at several points at once.

    Parameters
    ----------
    vectorised : bool
        Whether to try `vmap`; where a function does what that does not allow, the points are
        done one after the other from then on.
    holding : callable
        Of the variables of one point, the context of the way back.
    """

    def __init__(self, *, vectorised: bool, holding: Holding = nullcontext) -> None:
        self.vectorised = vectorised
        self._looped_grads = partial(_looped_grads, holding)
        self._differentiates = False
        self._tried: set[Any] = set()

    def values(self, function: Function, variables: Tensors, args: Any, own: bool) -> Any:
        """The values f (P, ...) at the variables (P, ...).

        Parameters
        ----------
        function : callable
            f.
        variables : dict of str to Tensor
            A leading axis of points each.
        args : tuple of trees of tensors
            Further arguments.
        own : bool
            Whether each point has its own arguments, along a leading axis.
        """
        if not self._differentiates:
            try:
                with torch.no_grad():
                    return self._either(
                        _vmapped_values, _looped_values, function, variables, args, own
                    )
            except RuntimeError as error:
                if "does not require grad" not in str(error):
                    raise
                self._differentiates = True
                _log.info("the module differentiates by itself, so values keep their history")
        with torch.enable_grad():
            found = self._either(_vmapped_values, _looped_values, function, variables, args, own)
        return _detached(found)

    def values_and_grads(
        self, function: Function, variables: Tensors, args: Any, own: bool
    ) -> tuple[Any, Tensors]:
        """The values f (P,) and their gradients in all variables (P, ...).

        Where the function returns a pair (value, weight), pairs (P,) come back, and the gradients
        are those of the values alone.
        """
        pair: tuple[Any, Tensors] = self._either(
            _vmapped_grads, self._looped_grads, function, variables, args, own
        )
        return pair

    def _either(self, vmapped: Any, looped: Any, *what: Any) -> Any:
        if self.vectorised and n_points(what[1]) > 1:
            try:
                with _no_slow_parts() if vmapped not in self._tried else nullcontext():
                    found = vmapped(*what)
            except _UNSUPPORTED as error:
                if is_out_of_memory(error):
                    raise
                self.vectorised = False
                _log.info("points are evaluated one by one, as vmap does not support: %s", error)
            else:
                self._tried.add(vmapped)
                return found
        return looped(*what)


def n_points(variables: Tensors) -> int:
    """P."""
    return int(next(iter(variables.values())).shape[0])


def is_fast_vectorised(module: Any, device: Any) -> bool:
    """Whether `vmap` is expected to be the faster way, by what was measured."""
    if device.type == "cpu":
        return not any(isinstance(part, _SLOW_ON_CPU) for part in module.modules())
    return True


def _vmapped_values(function: Function, variables: Tensors, args: Any, own: bool) -> Any:
    return vmap(function, in_dims=(0, *_axes(args, own)))(variables, *args)


def _vmapped_grads(
    function: Function, variables: Tensors, args: Any, own: bool
) -> tuple[Any, Tensors]:
    both = vmap(grad_and_value(_with_aux(function), has_aux=True), in_dims=(0, *_axes(args, own)))
    gradients, (_, found) = both(variables, *args)
    return _detached(found), {name: gradient.detach() for name, gradient in gradients.items()}


def _with_aux(function: Function) -> Function:
    """The value of a function to be differentiated, and all that it returned."""

    def with_aux(*args: Any) -> Any:
        found = function(*args)
        return (found[0] if isinstance(found, tuple) else found), found

    return with_aux


def _axes(args: Any, own: bool) -> tuple[int | None, ...]:
    return ((0 if own else None),) * len(args)


def _looped_values(function: Function, variables: Tensors, args: Any, own: bool) -> Any:
    return _stacked([function(one, *rest) for one, rest in _each(variables, args, own)])


def _looped_grads(
    holding: Holding, function: Function, variables: Tensors, args: Any, own: bool
) -> tuple[Any, Tensors]:
    values, gradients = [], []
    for one, rest in _each(variables, args, own):
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in one.items()}
        with torch.enable_grad():
            found = function(leaves, *rest)
        value = found[0] if isinstance(found, tuple) else found
        if value.requires_grad:
            with holding(leaves):
                tensors = torch.autograd.grad(
                    value, list(leaves.values()), allow_unused=True, materialize_grads=True
                )
        else:  # such as statistics of the data themselves
            tensors = tuple(torch.zeros_like(leaf) for leaf in leaves.values())
        values.append(_detached(found))
        gradients.append({n: t.to_dense() for n, t in zip(leaves, tensors, strict=True)})
    return _stacked(values), _stacked(gradients)


def _each(variables: Tensors, args: Any, own: bool) -> Any:
    """The variables and arguments of one point after the other."""
    for p in range(n_points(variables)):
        one = {name: tensor[p] for name, tensor in variables.items()}
        yield one, (_point_of(args, p) if own else args)


def _point_of(tree: Any, p: int) -> Any:
    """The part of point p of tensors in nested tuples and dicts."""
    return tree_map(lambda tensor: tensor[p], tree)


def _detached(tree: Any) -> Any:
    return tree_map(lambda tensor: tensor.detach(), tree)


def _stacked(results: list[Any]) -> Any:
    """One structure with a leading axis of points in its tensors; of one point, no copy."""
    if isinstance(results[0], dict):
        return {name: _stacked([result[name] for result in results]) for name in results[0]}
    if isinstance(results[0], tuple):
        return tuple(_stacked(list(parts)) for parts in zip(*results, strict=True))
    return results[0][None] if len(results) == 1 else torch.stack(results)
