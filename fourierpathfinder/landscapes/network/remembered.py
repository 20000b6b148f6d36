"""Whether a module calculates with what it once computed from its parameters.

A weight that is kept transposed, masked or merged in an attribute was computed before, from the
parameters of that time, and stays the same wherever the path is, at both ends too: no loss there
tells. So copies of the module are called. If another tensor in the place of the kept one changes
the output, the module reads it; and it was computed from parameters

- if it still has the history of that,
- if its numbers are theirs, or follow those of one of them or of the product of two,
- if the module, where it lacks it, computes another one from other parameters, or does without it:
  to the same effect with these parameters, and to another one with others.

What was computed from frozen parameters is rightly the same everywhere. So is what tells none of
this, of which the log says that it was taken for a constant.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import permutations, product
from typing import Any

import torch
from torch import nn

from ..alignment.copies import attributes
from ..alignment.tracing import tensors_in
from ..trees import are_equal, tensors_of, tree_map
from .data import Batch
from .own_loss import OrdinaryModule

_log = logging.getLogger(__name__)

_FACTOR = -2.0
"""By which a kept tensor is multiplied for a moment."""
_FEWEST = 4
"""Different numbers that are not in two tensors by chance, as zeros and ones are."""
_NAMES = frozenset(vars(nn.Module()))
"""Attributes that any module has."""
_ABSENT = object()
_SAME = 1e-4
"""How far two ways to one output may differ, as a fraction."""
_SHARE, _CHANCE = 1 / 3, 6
"""The share of n kept numbers' variance that parameters explain, and what chance adds, over n."""
_MOST = 50
"""Forms of parameters whose sum kept numbers may be."""

Make = Callable[[], OrdinaryModule]


def check_not_remembered(module: Any, make: Make, batch: Batch) -> None:
    """Raise an error if a module calculates with what it once computed from its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        As it was given.
    make : callable
        Makes a copy of it that can be called.
    batch : Batch
        Some samples.

    Raises
    ------
    ValueError
        With the attribute, and what to do.
    """
    for layer, part in module.named_modules():
        for place in _places(part):
            kept = _Kept(module, make, batch, layer, place)
            if not (kept.tensors and kept.is_read):
                continue
            if kept.is_of_parameters or kept.is_computed or kept.is_instead:
                raise ValueError(
                    f"the module calculates with its attribute {kept.where!r}, which was computed "
                    "from its parameters before: it would be the same wherever the path is, and "
                    "the losses wrong. Compute it in `forward` at each call, empty it where the "
                    "module fills it by itself, or if it is meant to be the same for all networks, "
                    "keep it as a buffer (`register_buffer`) that is saved with the parameters"
                )
            _log.info("the attribute %r is taken for the same in all networks", kept.where)


def _places(part: Any) -> Iterator[tuple[str, ...]]:
    """Where a layer may keep tensors: attributes, those of objects, buffers that are not saved."""
    yield from (place for place, _ in attributes(part) if place[0] not in _NAMES)
    yield from (("_buffers", name) for name in sorted(part._non_persistent_buffers_set))


@dataclass(frozen=True)
class _Kept:
    """What a module keeps in a place of a layer."""

    module: Any
    make: Make
    batch: Batch
    layer: str
    place: tuple[str, ...]

    @property
    def where(self) -> str:
        """The name of the place."""
        names = [name for name in (self.layer, *self.place) if name not in ("", "_buffers")]
        return ".".join(names)

    @property
    def tensors(self) -> list[Any]:
        """Those that are neither parameters nor buffers that are saved."""
        own = _own(self.module)
        value = self._surroundings(self.module)[self.place[-1]]
        return [tensor for tensor in tensors_in(value) if _is_kept(tensor, own)]

    @property
    def is_read(self) -> bool:
        """Whether the output depends on it."""
        second = self.make()
        own, around = _own(second.module), self._surroundings(second.module)

        def changed(tensor: Any) -> Any:
            return _FACTOR * tensor.detach() if _is_kept(tensor, own) else tensor

        _put(around, self.place[-1], tree_map(changed, around[self.place[-1]]))
        outputs = [self._output(each) for each in (self.make(), second)]
        return None not in outputs and not are_equal(*outputs)

    @property
    def is_of_parameters(self) -> bool:
        """Whether its numbers are those of parameters, in any order, or zeros; or follow them."""
        if any(tensor.grad_fn is not None for tensor in self.tensors):
            return True
        numbers = _numbers(self.tensors).unique()
        numbers = numbers[numbers != 0]
        moving = [p for p in self.module.parameters() if p.requires_grad]
        if len(numbers) >= _FEWEST and bool(torch.isin(numbers, _numbers(moving)).all()):
            return True
        near = list(self.module.get_submodule(self.layer).parameters())
        return any(_follows(tensor.detach().cpu().double(), near) for tensor in self.tensors)

    @property
    def is_computed(self) -> bool:
        """Whether a module that lacks it computes it, and another from other parameters."""
        for empty in self._empties:
            one, other = (tensors_in(self._left(empty, move)[0]) for move in (0.0, 1.0))
            if one and other and not are_equal(one, other):
                return True
        return False

    @property
    def is_instead(self) -> bool:
        """Whether a module without it does the same at its own parameters, and not at others."""
        kept = [self._output(self._moved(move)) for move in (0.0, 1.0)]
        for empty in self._empties:
            without = [self._left(empty, move)[1] for move in (0.0, 1.0)]
            if None not in (*kept, *without):
                same = [_close(a, b) for a, b in zip(kept, without, strict=True)]
                if same == [True, False]:
                    return True
        return False

    @property
    def _empties(self) -> list[Any]:
        value = self._surroundings(self.module)[self.place[-1]]
        return [type(value)()] if type(value) in (dict, list) else [_ABSENT, None]

    def _left(self, empty: Any, move: float) -> tuple[Any, Any]:
        """What a call leaves in the empty place, the parameters having been moved, and gives."""
        ordinary = self._moved(move)
        around = self._surroundings(ordinary.module)
        if empty is _ABSENT:
            around.pop(self.place[-1])
        else:
            _put(around, self.place[-1], empty)
        output = self._output(ordinary)
        return around.get(self.place[-1]), output

    def _output(self, ordinary: OrdinaryModule) -> Any:
        """The tensors that a module returns; None if it cannot be called, as without what it has.

        That it cannot be called at all is said elsewhere.
        """
        with suppress(Exception):
            return tensors_of(ordinary.output(self.batch))
        return None

    def _moved(self, move: float) -> OrdinaryModule:
        """A copy with other parameters."""
        ordinary = self.make()
        for name, parameter in self.module.named_parameters():
            if parameter.requires_grad:
                own = ordinary.module.get_parameter(name)
                steps = torch.linspace(0.5, 1, own.numel(), device=own.device)
                own.data = own + move * steps.reshape(own.shape).to(own.dtype)
        return ordinary

    def _surroundings(self, module: Any) -> dict[str, Any]:
        """The dict in which the place is."""
        around: dict[str, Any] = vars(module.get_submodule(self.layer))
        for name in self.place[:-1]:
            around = around[name] if isinstance(around[name], dict) else vars(around[name])
        return around


def _put(around: dict[str, Any], name: str, value: Any) -> None:
    """Put a value in a place, into the same list or dict, of which functions may know too."""
    held = around[name]
    if type(held) is list and type(value) is list:
        held[:] = value
    elif type(held) is dict and type(value) is dict:
        held.clear()
        held.update(value)
    else:
        around[name] = value


def _follows(kept: Any, near: list[Any]) -> bool:
    """Whether numbers depend on those of a parameter that moves, or on the product of two.

    What is a sum of such and of frozen parameters is looked at without the latter.
    """
    if kept.numel() <= _CHANCE / (1 - _SHARE) or not bool(kept.isfinite().all()):
        return False
    fixed = [torch.ones_like(kept)]
    for parameter in near:
        if not parameter.requires_grad and parameter.is_floating_point():
            fixed += _laid(parameter.detach().cpu().double(), kept.shape)
    basis = torch.linalg.qr(torch.stack([each.flatten() for each in fixed], 1))[0]

    def rest(tensor: Any) -> Any:
        return tensor.flatten() - basis @ (basis.mT @ tensor.flatten())

    own, limit = rest(kept), _SHARE + _CHANCE / kept.numel()
    forms = _forms([p.detach().cpu().double() for p in near if p.requires_grad], kept.shape)
    others = [rest(form) for form in forms]
    for other in others:
        sizes = float(own @ own) * float(other @ other)
        if float(own @ other) ** 2 > limit * sizes > 0:
            return True
    if not 1 < len(others) < min(kept.numel(), _MOST):
        return False
    spanned = torch.linalg.qr(torch.stack(others, 1))[0]
    left = own - spanned @ (spanned.mT @ own)
    return float(left.norm()) < _SAME * float(own.norm())


def _forms(parameters: list[Any], shape: Any) -> Iterator[Any]:
    """What numbers of a shape are likely to be computed from: parameters, and products of two."""
    for parameter in parameters:
        for laid in _laid(parameter, shape):
            yield laid
            yield laid.abs()  # of which squares are a function
    matrices = [p for p in parameters if p.ndim == 2]
    matrices += [matrix.mT for matrix in matrices]
    for one, other in product(matrices, matrices):
        if one.shape[1] == other.shape[0] and (one.shape[0], other.shape[1]) == tuple(shape):
            yield one @ other


def _laid(tensor: Any, shape: Any) -> list[Any]:
    """A tensor with its axes in each order in which it has a shape."""
    if sorted(tensor.shape) != sorted(shape):
        return []
    turned = [tensor.permute(order) for order in permutations(range(tensor.ndim))]
    return [each for each in turned if each.shape == shape]


def _own(module: Any) -> set[int]:
    """The parameters, and the buffers that are saved with them."""
    saved = module.state_dict(keep_vars=True).values()
    return {id(tensor) for tensor in (*module.parameters(), *saved)}


def _close(some: Any, others: Any) -> bool:
    """Whether outputs are the same up to rounding."""
    if len(some) != len(others):
        return False
    for a, b in zip(some, others, strict=True):
        size = float(a.double().abs().amax()) if a.numel() else 0.0
        if a.shape != b.shape or not torch.allclose(a, b, 0.0, _SAME * size, equal_nan=True):
            return False
    return True


def _is_kept(tensor: Any, own: set[int]) -> bool:
    return tensor.is_floating_point() and id(tensor) not in own


def _numbers(tensors: list[Any]) -> Any:
    return torch.cat([tensor.detach().cpu().double().flatten() for tensor in tensors])
