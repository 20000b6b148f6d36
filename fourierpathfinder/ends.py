"""The two ends of a path, checked before anything is evaluated."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._arrays import Array, array_namespace, detached, is_array, is_floating, to_numpy
from .landscapes.abilities import Abilities


def resolve_ends(abilities: Abilities, start: Any, end: Any) -> tuple[Array, Array]:
    """The ends as arrays (D,), through the landscape's own `coordinates` and `ends` if it has them.

    Raises
    ------
    TypeError, ValueError
        If an end is no array of floats, has NaN, or the two do not fit together.
    """
    coordinates = abilities.coordinates
    a, b = abilities.ends(_named("start", coordinates, start), _named("end", coordinates, end))
    a, b = _checked("start", a), _checked("end", b)
    if type(a) is not type(b):
        raise TypeError(
            f"`start` is a {type(a).__name__}, `end` a {type(b).__name__}; convert one of them"
        )
    if tuple(a.shape) != tuple(b.shape):
        raise ValueError(
            f"`start` has shape {tuple(a.shape)}, `end` {tuple(b.shape)}; both must be (D,)"
        )
    if a.dtype != b.dtype:
        raise TypeError(f"`start` is of {a.dtype}, `end` of {b.dtype}; convert one of them")
    if not bool(array_namespace(a).any(a != b)):
        raise ValueError("`start` and `end` are the same point; a path needs two different ends")
    return a, b


def _named(name: str, coordinates: Callable[[Any], Array], end: Any) -> Array:
    """The coordinates of an end; an error says which of the two it is."""
    try:
        return coordinates(end)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"`{name}`: {error}") from error


def _checked(name: str, point: Array) -> Array:
    if not is_array(point) or not is_floating(point):
        kind = point.dtype if is_array(point) else type(point).__name__
        raise TypeError(f"`{name}` must be an array of floats, got {kind}; convert it to floats")
    if point.ndim != 1 or not point.shape[0]:
        raise ValueError(f"`{name}` has shape {tuple(point.shape)}; it must be one point, (D,)")
    finite = to_numpy(array_namespace(point).isfinite(point))
    if not finite.all():
        index = int(np.flatnonzero(~finite)[0])
        raise ValueError(
            f"`{name}` has {float(point[index])} at coordinate {index}; every coordinate must be "
            "finite"
        )
    return detached(point)
