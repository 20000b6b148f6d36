"""A function of a network's parameters at several points: by vmap, or one point after the other.

`vmap` turns the products of all points into one batched product, which is what fills a GPU and what
saves the overhead of small dense networks. On a processor, convolutions with weights of their own
for each point run about half as fast that way, and recurrent layers, of which `vmap` knows
nothing, a quarter.
"""

import logging
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.func import grad_and_value, vmap

from .memory import is_out_of_memory
from .parameters import Tensors

_log = logging.getLogger(__name__)

Function = Callable[..., Any]
"""f(variables, *arguments) -> a tensor, or a dict of tensors."""

_SLOW_ON_CPU = (nn.RNNBase, nn.modules.conv._ConvNd)


class Points:
    """Evaluates functions at several points at once.

    Parameters
    ----------
    vectorised : bool
        Whether to try `vmap`; where a function does what that does not allow, the points are
        done one after the other from then on.
    """

    def __init__(self, *, vectorised: bool) -> None:
        self.vectorised = vectorised

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
        with torch.no_grad():
            return self._either(_vmapped_values, _looped_values, function, variables, args, own)

    def values_and_grads(
        self, function: Function, variables: Tensors, args: Any, own: bool
    ) -> tuple[Any, Tensors]:
        """The values f (P,) and their gradients in all variables (P, ...)."""
        pair: tuple[Any, Tensors] = self._either(
            _vmapped_grads, _looped_grads, function, variables, args, own
        )
        return pair

    def _either(self, vmapped: Any, looped: Any, *what: Any) -> Any:
        if self.vectorised and n_points(what[1]) > 1:
            try:
                return vmapped(*what)
            except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
                if is_out_of_memory(error):
                    raise
                self.vectorised = False
                _log.info("points are done one after the other, as vmap does not allow: %s", error)
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
    both = vmap(grad_and_value(function), in_dims=(0, *_axes(args, own)))
    gradients, values = both(variables, *args)
    return values.detach(), {name: gradient.detach() for name, gradient in gradients.items()}


def _axes(args: Any, own: bool) -> tuple[int | None, ...]:
    return ((0 if own else None),) * len(args)


def _looped_values(function: Function, variables: Tensors, args: Any, own: bool) -> Any:
    return _stacked([function(one, *rest) for one, rest in _each(variables, args, own)])


def _looped_grads(
    function: Function, variables: Tensors, args: Any, own: bool
) -> tuple[Any, Tensors]:
    values, gradients = [], []
    for one, rest in _each(variables, args, own):
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in one.items()}
        with torch.enable_grad():
            value = function(leaves, *rest)
        tensors = torch.autograd.grad(
            value, list(leaves.values()), allow_unused=True, materialize_grads=True
        )
        values.append(value.detach())
        gradients.append(dict(zip(leaves, tensors, strict=True)))
    return torch.stack(values), _stacked(gradients)


def _each(variables: Tensors, args: Any, own: bool) -> Any:
    """The variables and arguments of one point after the other."""
    for p in range(n_points(variables)):
        one = {name: tensor[p] for name, tensor in variables.items()}
        yield one, (_point_of(args, p) if own else args)


def _point_of(tree: Any, p: int) -> Any:
    """The part of point p of tensors in nested tuples and dicts."""
    if isinstance(tree, dict):
        return {name: _point_of(branch, p) for name, branch in tree.items()}
    if isinstance(tree, tuple):
        return tuple(_point_of(branch, p) for branch in tree)
    return tree[p]


def _stacked(results: list[Any]) -> Any:
    """One tensor, or dict of tensors, with a leading axis of points; of one point, no copy."""
    if isinstance(results[0], dict):
        return {name: _stacked([result[name] for result in results]) for name in results[0]}
    return results[0][None] if len(results) == 1 else torch.stack(results)
