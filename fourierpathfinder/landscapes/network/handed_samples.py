"""Samples as a module and a loss are given them: themselves, or copies where these write over them.

Writing over the input (`x -= mean`, a `clamp_`) would change the user's data for good, and the loss
with every call. Until it is known whether a network does so, all are given copies, and looked at
afterwards.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FunctionType, MethodType, ModuleType
from typing import Any

import torch

from ..trees import tensors_of, tree_map

_NO_DATA = (type, FunctionType, MethodType, ModuleType, torch.nn.Module)


class Handing:
    """Hands samples to one network."""

    def __init__(self) -> None:
        self._copies = True
        self._writes = False

    @contextmanager
    def handed(self, tree: Any) -> Iterator[Any]:
        """Within it, samples (a structure of tensors) may be written over."""
        if not self._copies:
            yield tree_map(lambda tensor: tensor, tree, _apart)
            return
        copies = tree_map(lambda tensor: tensor.clone(), tree, _apart)
        before = _versions(copies)
        yield copies
        if not self._writes:
            self._writes = _versions(copies) != before or _differ(copies, tree)

    def settle(self) -> None:
        """From now on give copies only if one was written over so far."""
        self._copies = self._writes


def _apart(value: Any) -> Any:
    """Another object with the same attributes, which `forward` may set."""
    is_data = hasattr(value, "__dict__") and not isinstance(value, _NO_DATA)
    return copy.copy(value) if is_data else value


def _versions(tree: Any) -> list[int]:
    """How often each tensor was changed, as far as torch counts."""
    return [0 if tensor.is_inference() else tensor._version for tensor in tensors_of(tree)]


def _differ(copies: Any, originals: Any) -> bool:
    """Whether numbers do, as after changes that torch does not count."""
    pairs = zip(tensors_of(copies), tensors_of(originals), strict=True)
    with suppress(RuntimeError):  # within `vmap` nobody knows
        return not all(_is_same(mine, original) for mine, original in pairs)
    return False


def _is_same(mine: Any, original: Any) -> bool:
    if mine.shape != original.shape or not original.is_floating_point():
        return bool(torch.equal(mine, original))
    return bool(torch.equal(mine.nan_to_num(), original.nan_to_num()))
