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
    _check_distance(a, b)
    return a, b


def _check_distance(a: Array, b: Array) -> None:
    """Squares of lengths must neither overflow nor vanish in double precision."""
    xp, limits = array_namespace(a), np.finfo(float)
    with np.errstate(over="ignore"):
        apart = float(xp.max(xp.abs(b - a)))
    if not float(limits.tiny) ** 0.5 < apart < float(limits.max) ** 0.4:
        raise ValueError(
            f"`start` and `end` are {apart:.3g} apart in one coordinate, too "
            f"{'far' if apart > 1 else 'near'} to calculate with; scale the coordinates"
        )


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
    _check_precision(name, point)
    if point.ndim != 1 or not point.shape[0]:
        raise ValueError(f"`{name}` has shape {tuple(point.shape)}; it must be one point, (D,)")
    finite = to_numpy(array_namespace(point).isfinite(point))
    if not finite.all():
        index = int(np.flatnonzero(~finite)[0])
        raise ValueError(
            f"`{name}` has {float(point[index])} at coordinate {index}; every coordinate must be "
            "finite"
        )
    return _native(detached(point))


def _check_precision(name: str, point: Array) -> None:
    """Masked numbers are no numbers, and linear algebra knows none beyond double precision."""
    if isinstance(point, np.ma.MaskedArray):
        raise TypeError(f"`{name}` is a masked array; fill it, as by `{name}.filled(0.0)`")
    if isinstance(point, np.ndarray) and point.dtype.itemsize > 8:
        raise TypeError(f"`{name}` is of {point.dtype}; convert it to float64")


def _native(point: Array) -> Array:
    """The same with the byte order of this machine."""
    if isinstance(point, np.ndarray) and not point.dtype.isnative:
        return point.astype(point.dtype.newbyteorder("="))
    return point
