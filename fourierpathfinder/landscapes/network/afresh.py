"""What a module computes at a call and keeps for the next is taken out of it again.

Some layers keep in evaluation mode what they computed from their parameters (the biases of an
attention, laid out by places), and compute it anew only once they were trained again. On a path the
parameters are others at each call. Only where there was nothing (None, an empty dict) is nothing
left: what replaces something else, as a state does, is looked at by the checks.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from operator import is_
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from ..alignment.tracing import tensors_in

_NAMES = frozenset(vars(nn.Module())) - {"_buffers"}
"""Attributes that any module has, and in which no call keeps anything."""


def may_keep(module: Any) -> list[Any]:
    """The layers of a module that may keep something of a call.

    Those of torch do not, and those with running statistics are looked after elsewhere.

    Parameters
    ----------
    module : torch.nn.Module
    """
    return [
        part
        for part in module.modules()
        if not type(part).__module__.startswith("torch.nn.") and not isinstance(part, _NormBase)
    ]


@contextmanager
def afresh(layers: list[Any]) -> Iterator[None]:
    """Within it, layers may keep tensors where they have nothing; afterwards they have nothing.

    Parameters
    ----------
    layers : list of torch.nn.Module
    """
    held = [(place, place.copy()) for layer in layers for place in _places(layer)]
    try:
        yield
    finally:
        for place, before in held:
            if isinstance(place, list):
                _cut(place, len(before))
            elif len(place) != len(before) or not all(map(is_, place.values(), before.values())):
                _empty(place, before)


def _places(layer: Any) -> Iterator[Any]:
    """The dict of a layer's attributes, and the dicts and lists among these."""
    own = vars(layer)
    yield own
    for name, value in own.items():
        if name not in _NAMES and isinstance(value, dict | list):
            yield value


def _cut(place: list[Any], length: int) -> None:
    if any(tensors_in(value) for value in place[length:]):
        del place[length:]


def _empty(place: dict[Any, Any], before: dict[Any, Any]) -> None:
    for name, value in list(place.items()):
        was = before.get(name)
        if value is was or not _is_nothing(was) or not tensors_in(value):
            continue
        if name in before:
            place[name] = was
        else:
            del place[name]


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, dict | list) and not value)
