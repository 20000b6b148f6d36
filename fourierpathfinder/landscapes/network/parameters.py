"""A network's parameters as one vector, and back, by name.

A point of the landscape is the concatenation of all trainable parameters, flattened, in the order
of `module.parameters()`. Weights that are tied appear once; frozen ones keep their values and are
no coordinates, and neither are buffers.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import pairwise
from typing import Any

import torch
from torch.nn.parameter import Parameter

from ...storage.content import digest
from ..alignment.refusals import refuse_lazy, refuse_meta
from .sharded import refuse_sharded
from .stored import renamed, shortened

Tensors = dict[str, Any]
"""Tensors by the names that the module has for them."""


@dataclass(frozen=True, eq=False)
class Layout:
    """Where in a point each parameter stands.

    Parameters
    ----------
    shapes : dict of str to torch.Size
        Of the trainable parameters, in their order.
    dtypes : dict of str to torch.dtype
    dtype : torch.dtype
        Of a point: the widest of all, single precision at least.
    aliases : dict of str to str
        Further names of tied parameters, and the name under which they are kept.
    fixed : dict of str to Tensor
        Frozen parameters and buffers: what a state dict holds besides.
    """

    shapes: dict[str, Any]
    dtypes: dict[str, Any]
    dtype: Any
    aliases: dict[str, str]
    fixed: Tensors

    @classmethod
    def of(cls, module: Any) -> "Layout":
        """The layout of a module's parameters.

        Raises
        ------
        ValueError
            If nothing can be trained, or what can is no floating-point number.
        """
        refuse_lazy(module)
        trainable = {n: p for n, p in module.named_parameters() if p.requires_grad}
        if not trainable:
            raise ValueError("`module` has no parameter with `requires_grad`; nothing can move")
        for name, parameter in trainable.items():
            if not parameter.dtype.is_floating_point:
                raise ValueError(
                    f"the parameter {name!r} is of {parameter.dtype}, no real number"
                    f"{_IN_PAIRS if parameter.is_complex() else ''}"
                )
        _refuse_shared_memory(
            trainable, {**dict(module.named_parameters()), **dict(module.named_buffers())}
        )
        dtypes = {name: parameter.dtype for name, parameter in trainable.items()}
        first_names = {id(parameter): name for name, parameter in trainable.items()}
        everything = module.named_parameters(remove_duplicate=False)
        names = {n: first_names[id(p)] for n, p in everything if id(p) in first_names}
        saved = module.state_dict(keep_vars=True)
        return cls(
            shapes={name: parameter.shape for name, parameter in trainable.items()},
            dtypes=dtypes,
            dtype=reduce(torch.promote_types, dtypes.values(), torch.float32),
            aliases={name: first for name, first in names.items() if name != first},
            fixed={n: _kept(v) for n, v in saved.items() if n not in names},
        )

    @property
    def names(self) -> list[tuple[str, ...]]:
        """All names of each parameter."""
        return [
            (first, *(name for name, of in self.aliases.items() if of == first))
            for first in self.shapes
        ]

    @property
    def sizes(self) -> list[int]:
        """Numbers in each parameter."""
        return [shape.numel() for shape in self.shapes.values()]

    @property
    def n_coordinates(self) -> int:
        """D."""
        return sum(self.sizes)

    def views(self, points: Any) -> Tensors:
        """The parameters at points (..., D) by name, each (..., *shape): views of the points."""
        parts = points.split(self.sizes, dim=-1)
        return {
            name: part.unflatten(-1, shape) if shape else part[..., 0]
            for part, (name, shape) in zip(parts, self.shapes.items(), strict=True)
        }

    def tensors(self, points: Any) -> Tensors:
        """The parameters at points (..., D) by name, in their own dtypes."""
        views = self.views(points)
        return {name: placed_evenly(view.to(self.dtypes[name])) for name, view in views.items()}

    def vector(self, state: Mapping[str, Any], device: Any, free: Collection[str] = ()) -> Any:
        """The point (D,) of a state dict, whose entries of the names `free` do not matter.

        Raises
        ------
        ValueError
            If its names or shapes are not the module's, or what is no coordinate differs; the
            message names the first that does.
        """
        refuse_sharded(state)
        state = self.named(state)
        self._check_names(state)
        self._check_fixed(state, free)
        return self._joined([state[name] for name in self.shapes], device)

    def named(self, state: Mapping[str, Any]) -> Mapping[str, Any]:
        """A state dict by the names that the module has."""
        return self._by_first_names(renamed(state, self._known, self.shapes))

    def of_tensors(self, tensors: Sequence[Any], device: Any) -> Any:
        """The point (D,) of the trainable parameters in their order.

        Raises
        ------
        ValueError
            If their number or shapes are not the module's.
        """
        refuse_sharded(dict(zip(self.shapes, tensors, strict=False)))
        found = [tuple(tensor.shape) for tensor in tensors]
        expected = [tuple(shape) for shape in self.shapes.values()]
        if found != expected:
            raise ValueError(
                f"the {len(found)} tensors have shapes {shortened(found)}; the module's "
                f"{len(expected)} trainable parameters have {shortened(expected)}"
            )
        return self._joined(tensors, device)

    def _joined(self, tensors: Sequence[Any], device: Any) -> Any:
        parts = [torch.as_tensor(tensor).detach().reshape(-1) for tensor in tensors]
        for name, part in zip(self.shapes, parts, strict=True):
            _require_numbers(name, part)
        return torch.cat([part.to(device=device, dtype=self.dtype) for part in parts])

    @property
    def _known(self) -> set[str]:
        return {*self.shapes, *self.aliases, *self.fixed}

    def _by_first_names(self, state: dict[str, Any]) -> dict[str, Any]:
        """The same, with each tied parameter under its first name, whichever the file kept."""
        for name, first in self.aliases.items():
            if name in state and first in state:
                if not torch.equal(state[name].cpu(), state[first].cpu()):
                    raise ValueError(
                        f"{name!r} and {first!r} are one tied parameter of the module, but differ "
                        "here"
                    )
            elif name in state:
                state = {**state, first: state[name]}
        return state

    def state_dict(self, point: Any, others: Tensors) -> Tensors:
        """The state dict of a point (D,), with `others` in the place of what the layout has."""
        own = {name: value.detach().clone() for name, value in self.tensors(point).items()}
        tied = {name: own[first] for name, first in self.aliases.items()}
        return own | tied | self.fixed | others

    def _check_names(self, state: Mapping[str, Any]) -> None:
        known = self._known
        missing = [name for name in self.shapes if name not in state]
        unknown = [name for name in state if name not in known]
        if missing or unknown:
            found = [f"lacks {shortened(missing)}"] if missing else []
            found += [f"has the unknown {shortened(unknown)}"] if unknown else []
            raise ValueError(
                f"the state dict {' and '.join(found)}; it must be one of a module built like "
                "that of the landscape"
            )
        for name, shape in self.shapes.items():
            if state[name].shape != shape:
                raise ValueError(
                    f"{name!r} has shape {tuple(state[name].shape)}, in the landscape's module "
                    f"{tuple(shape)}; the two must be built alike"
                )

    def _check_fixed(self, state: Mapping[str, Any], free: Collection[str]) -> None:
        for name in [name for name in self.fixed if name in state and name not in free]:
            if not _same(self.fixed[name], state[name]):
                raise ValueError(
                    f"{name!r} is a buffer or a frozen parameter, so it is the same along the "
                    "whole path, but here it differs from that of the landscape's module; make it "
                    "trainable, or give all ends the same; where it has no part in the loss, as an "
                    f"average of the weights, pass a state dict without it{_cure(name)}"
                )


_IN_PAIRS = (
    "; keep it as pairs of real ones (`torch.view_as_real`), and let `forward` calculate with "
    "`torch.view_as_complex` of these"
)


def _refuse_shared_memory(trainable: Tensors, everything: Tensors) -> None:
    """Raise an error if a parameter and something else are views of the same numbers.

    As after `a.data = b.data.T`, or where a buffer is `b.detach()`. A step of training moves both;
    on a path two coordinates would move apart, and what is no coordinate would stay.
    """
    places: dict[int, list[tuple[int, int, str]]] = {}
    for name, tensor in everything.items():
        if tensor.is_meta or tensor.layout is not torch.strided or not tensor.numel():
            continue
        first = tensor.storage_offset()
        steps = zip(tensor.shape, tensor.stride(), strict=True)
        last = first + sum((size - 1) * stride for size, stride in steps)
        place = tensor.untyped_storage().data_ptr()
        places.setdefault(place, []).append((first, last, name))
    for ranges in places.values():
        for (_, last, one), (first, _, other) in pairwise(sorted(ranges)):
            if first <= last and (one in trainable or other in trainable):
                raise ValueError(
                    f"{one!r} and {other!r} lie in the same memory, though they are two for torch, "
                    "of which one is a parameter that moves; make them one parameter "
                    "(`module.a.weight = module.b.weight`, used transposed in `forward` where it "
                    "must be), or give each its own by `clone()`"
                )


def _require_numbers(name: str, tensor: Any) -> None:
    """Whole numbers are weights only once somebody has scaled them; some tensors hold none."""
    if not tensor.is_floating_point():
        raise ValueError(
            f"{name!r} is of {tensor.dtype}; parameters must be floats, so pass those that the "
            "module calculates with"
        )
    refuse_meta(tensor, repr(name))


def placed_evenly(tensor: Any) -> Any:
    """What may be pairs of real and imaginary parts, which must begin at an even place."""
    could_be = tensor.ndim > 1 and tensor.shape[-1] == 2
    odd = could_be and any(n % 2 for n in (tensor.storage_offset(), *tensor.stride()[:-1]))
    return tensor.clone() if odd else tensor


def _kept(tensor: Any) -> Any:
    """A frozen parameter is held once; buffers change when their module is called."""
    if isinstance(tensor, Parameter):
        return tensor.detach()
    return tensor.detach().clone() if isinstance(tensor, torch.Tensor) else tensor


def _same(mine: Any, other: Any) -> bool:
    if not isinstance(mine, torch.Tensor) or not isinstance(other, torch.Tensor):
        return digest(mine) == digest(other)  # what a module saves besides tensors
    if mine.shape != other.shape:
        return False
    mine, other = mine.cpu(), other.cpu().to(mine.dtype)
    return bool(torch.equal(mine, other) or torch.allclose(mine, other, 0.0, 0.0, equal_nan=True))


def _cure(name: str) -> str:
    """What else can be done about it."""
    if name.endswith(("running_mean", "running_var")):
        return (
            '. With `batch_norm="estimate"`, the default, statistics are taken from the data at '
            "each point, in layers of torch's kinds (`nn.BatchNorm2d`, and what derives from it) "
            "unless the module's own `train` keeps them in evaluation mode"
        )
    if name.endswith("_mask"):
        return "; `torch.nn.utils.prune.remove` makes a pruned one a plain weight"
    if "parametrizations." in name:
        return "; `torch.nn.utils.parametrize.remove_parametrizations` makes it a plain weight"
    return ""
