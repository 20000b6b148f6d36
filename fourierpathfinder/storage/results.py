"""A result as plain parts (numbers, text, arrays, and mappings of these), and back.

The same parts go into every file: arrays by name in an ensemble's folder, lists in `result.json`.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeVar, cast, get_origin

import numpy as np

from .._arrays import Array, like
from ..path import SinePath
from ..result import Evaluations, History, PathResult, Saddle, Status

_NUMBERS = ("height", "height_time", "start_value", "end_value", "height_error")
_COUNTS = ("n_gradients", "n_iterations", "n_sample_gradients", "n_prior_gradients", "n_outliers")
_PARTS = ("channels", "segments")

_Value = TypeVar("_Value")


def parts_of(result: PathResult) -> dict[str, Any]:
    """All of a result but its landscape; its method in words."""
    parts: dict[str, Any] = {name: float(getattr(result, name)) for name in _NUMBERS}
    parts |= {name: int(getattr(result, name)) for name in _COUNTS}
    parts |= {"certified": bool(result.certified), "message": result.message}
    parts |= {"status": result.status.name, "method": repr(result.method)}
    parts |= {"times": result.times, "heights": result.heights}
    path, history, saddle = result.path, result.history, result.saddle
    parts["path"] = {"start": path.start, "end": path.end, "coefficients": path.coefficients}
    parts["history"] = {
        name: getattr(history, name)
        for name in ("n_gradients", "heights", "n_sample_gradients")
        if getattr(history, name) is not None
    }
    parts["saddle"] = None if saddle is None else {
        "position": saddle.position,
        **{name: float(getattr(saddle, name)) for name in ("value", "gradient_norm", "time")},
    }  # fmt: skip
    if saddle is not None and np.isfinite(saddle.largest_force):
        parts["saddle"]["largest_force"] = float(saddle.largest_force)
    for name in _PARTS:
        parts[name] = [parts_of(part) for part in getattr(result, name)]
    if result.profile_errors is not None:
        parts["profile_errors"] = result.profile_errors
    if result.evaluations is not None:
        parts["evaluations"] = dict(vars(result.evaluations))
    return parts


def result_of(parts: Mapping[str, Any], reference: Array | None = None) -> PathResult:
    """What `parts_of` took apart; its path is in the library of `reference`, or NumPy's.

    Raises
    ------
    ValueError
        If a part is missing, or is not what it should be; the message names it.
    """
    plain: dict[str, Any] = {name: _number(parts, name) for name in _NUMBERS}
    unknown = {"n_prior_gradients": 0, "n_outliers": 0}  # to earlier releases
    told = unknown | dict(parts)
    plain |= {name: _of(told, name, int) for name in _COUNTS}
    plain |= {name: _array(parts, name, 1) for name in ("times", "heights")}
    plain["profile_errors"] = (
        None if parts.get("profile_errors") is None else _array(parts, "profile_errors", 1)
    )
    plain |= {"certified": _of(parts, "certified", bool)}
    plain |= {name: _of(parts, name, str) for name in ("message", "method")}
    if plain["times"].shape != plain["heights"].shape:
        raise ValueError("`times` and `heights` are not as many")
    status = _of(parts, "status", str)
    if status not in Status.__members__:
        raise ValueError(f"`status` is {status[:40]!r}")
    inner: dict[str, Any] = {
        name: tuple(result_of(part, reference) for part in _of(parts, name, list[Any]))
        for name in _PARTS
    }
    return PathResult(
        path=_path(_of(parts, "path", dict[str, Any]), reference),
        saddle=_saddle(parts, reference),
        status=Status[status],
        history=_history(_of(parts, "history", dict[str, Any])),
        evaluations=_evaluations(parts),
        **plain,
        **inner,
    )


def completed(result: PathResult, method: object, landscape: Any) -> PathResult:
    """A result with what no file holds."""
    parts: dict[str, Any] = {
        name: tuple(completed(part, method, landscape) for part in getattr(result, name))
        for name in _PARTS
    }
    return replace(result, method=method, landscape=landscape, **parts)


def flattened(parts: Mapping[str, Any], prefix: str = "") -> tuple[dict[str, Array], Any]:
    """Parts with their arrays apart, by dotted name; what is left JSON can hold."""
    arrays: dict[str, Array] = {}

    def walk(value: Any, name: str) -> Any:
        if isinstance(value, Mapping):
            return {key: walk(part, f"{name}.{key}") for key, part in value.items()}
        if isinstance(value, list):
            return [walk(part, f"{name}.{k}") for k, part in enumerate(value)]
        if value is None or isinstance(value, bool | int | float | str):
            return value
        arrays[name] = value
        return {"array": name}

    return arrays, walk(parts, prefix)


def assembled(plain: Any, arrays: Mapping[str, np.ndarray]) -> Any:
    """What `flattened` took apart."""
    if isinstance(plain, Mapping):
        if plain.keys() == {"array"}:
            return arrays[plain["array"]]
        return {key: assembled(part, arrays) for key, part in plain.items()}
    if isinstance(plain, list):
        return [assembled(part, arrays) for part in plain]
    return plain


def _path(parts: Mapping[str, Any], reference: Array | None) -> SinePath:
    arrays = {name: _array(parts, name, 1) for name in ("start", "end")}
    arrays["coefficients"] = _array(parts, "coefficients", 2)
    shapes = [array.shape[-1] for array in arrays.values()]
    if len(set(shapes)) > 1 or not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError("`path` has ends and coefficients that are not of one kind, or not finite")
    return SinePath(**{name: _like(array, reference) for name, array in arrays.items()})


def _saddle(parts: Mapping[str, Any], reference: Array | None) -> Saddle | None:
    if parts.get("saddle") is None:
        return None
    saddle = _of(parts, "saddle", dict[str, Any])
    names = ["value", "gradient_norm", "time", *({"largest_force"} & saddle.keys())]
    numbers = {name: _number(saddle, name) for name in names}
    return Saddle(position=_like(_array(saddle, "position", 1), reference), **numbers)


def _evaluations(parts: Mapping[str, Any]) -> Evaluations | None:
    if parts.get("evaluations") is None:
        return None
    kept = _of(parts, "evaluations", dict[str, Any])
    points, gradients = _array(kept, "points", 2), _array(kept, "gradients", 2)
    values = _array(kept, "values", 1)
    if not points.shape == gradients.shape == (len(values), points.shape[1]):
        raise ValueError("`evaluations` has points, values and gradients that are not as many")
    return Evaluations(points, values, gradients)


def _history(parts: Mapping[str, Any]) -> History:
    heights = _array(parts, "heights", 1)
    counts = [_array(parts, name, 1) for name in ("n_gradients", "n_sample_gradients")
              if name in parts]  # fmt: skip
    if not counts or any(count.shape != heights.shape for count in counts):
        raise ValueError("`history` has counts and heights that are not as many")
    return History(counts[0], heights, *counts[1:])


def _of(parts: Mapping[str, Any], name: str, kind: type[_Value]) -> _Value:
    value = parts.get(name) if isinstance(parts, Mapping) else None
    if type(value) is not (get_origin(kind) or kind):
        raise ValueError(f"`{name}` is {_short(value)}")
    return cast(_Value, value)


def _number(parts: Mapping[str, Any], name: str) -> float:
    value = parts.get(name)
    if type(value) not in (int, float):
        raise ValueError(f"`{name}` is {_short(value)}, which is no number")
    try:
        return float(value)  # type: ignore[arg-type]
    except OverflowError:
        raise ValueError(f"`{name}` is {_short(value)}, too large for a number") from None


def _array(parts: Mapping[str, Any], name: str, n_axes: int) -> np.ndarray:
    value = parts.get(name)
    try:
        array = np.asarray(value)
    except ValueError:
        array = np.asarray(None)
    if array.ndim != n_axes or (array.size and array.dtype.kind not in "iuf"):
        raise ValueError(f"`{name}` is {_short(value)}, which is no array of numbers")
    return array if array.dtype.kind in "iuf" else array.astype(float)


def _like(array: np.ndarray, reference: Array | None) -> Array:
    return array if reference is None else like(array, reference)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
