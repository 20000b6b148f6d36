"""The ends of a path as they are stored: within checkpoints, and by other names of parameters.

Of what training frameworks store beside
the parameters nothing is used, and what they put before the names is taken off; both are said in
the log.
"""

import logging
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import numpy as np
import torch

from ..alignment.wrapped import plain

_log = logging.getLogger(__name__)

_INSIDE = (
    "state_dict",
    "model_state_dict",
    "model_state",
    "model",
    "module",
    "net",
    "network",
    "params",
    "weights",
)
"""Keys under which checkpoints keep a state dict."""
_ADAPTER = ".default"
"""What adapters put into the names of their parameters, and leave out in files."""
_COUNT = "n_averaged"
_SHOWN = 3


def unwrapped(loaded: Any) -> dict[str, Any]:
    """The state dict in what a checkpoint holds.

    Raises
    ------
    ValueError
        If there is none to be found.
    """
    if not isinstance(loaded, Mapping):
        raise ValueError(f"it holds a {type(loaded).__name__}, no state dict")
    loaded = {name: _as_tensor(value) for name, value in loaded.items()}
    if loaded and all(isinstance(value, torch.Tensor) for value in loaded.values()):
        return _without_count(loaded)
    inside = [key for key in _INSIDE if isinstance(loaded.get(key), Mapping)]
    full = [key for key in inside if _has_tensors(loaded[key])] or inside
    if len(full) > 1:
        raise ValueError(
            f"it holds a state dict under each of {shortened(full)}; pass the one that is meant, "
            f"such as `torch.load(file)[{full[0]!r}]`"
        )
    if full:
        _log.info("of the checkpoint only %r is used", full[0])
        return unwrapped(loaded[full[0]])
    tensors = {name: value for name, value in loaded.items() if isinstance(value, torch.Tensor)}
    if not tensors:
        raise ValueError(f"it holds {shortened(loaded)}, and no state dict under any of {_INSIDE}")
    return tensors


def _has_tensors(state: Mapping[str, Any]) -> bool:
    """Whether it is a state dict, or holds one, and not settings."""
    return any(
        isinstance(value, torch.Tensor) or (isinstance(value, Mapping) and _has_tensors(value))
        for value in state.values()
    )


def _as_tensor(value: Any) -> Any:
    """An array of numbers as a tensor; anything else as it is."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return torch.as_tensor(value.copy())
    return value


def _without_count(state: Mapping[str, Any]) -> dict[str, Any]:
    """The same without the count that `AveragedModel` keeps beside the averaged module."""
    rest = {name: value for name, value in state.items() if name != _COUNT}
    is_average = rest and all(name.startswith("module.") for name in rest)
    return rest if is_average else dict(state)


def renamed(
    state: Mapping[str, Any], known: Collection[str], needed: Collection[str]
) -> dict[str, Any]:
    """A state dict by the names that the module has, whatever stands before or within them.

    Parameters
    ----------
    state : mapping of str to Tensor
    known : collection of str
        The module's names.
    needed : collection of str
        Those of them that a state dict must have.

    Raises
    ------
    ValueError
        If it holds the module's parameters under one prefix, and more under others.
    """
    mine = {plain(name): name for name in known}
    new = {n if n in known else mine.get(plain(n), plain(n)): v for n, v in state.items()}
    if len(new) == len(state) and new.keys() != state.keys():
        _say_renamed(state, new)
        state = new
    if any(name in known for name in state):
        return dict(state)
    _refuse_more_than_one(state, known, needed)
    for strip in _ways(state, known, needed):
        new = {strip(name): value for name, value in state.items()}
        if len(new) == len(state) and any(name in known for name in new):
            _say_renamed(state, new)
            return new
    return dict(state)


def _say_renamed(state: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    pairs = zip(state, new, strict=True)
    example = next((pair for pair in pairs if pair[0] != pair[1]), None)
    if example is not None:
        _log.info("names are taken for others, such as %r for %r", *example)


def _bare(name: str) -> str:
    return plain(name).replace(_ADAPTER, "")


def _refuse_more_than_one(
    state: Mapping[str, Any], known: Collection[str], needed: Collection[str]
) -> None:
    """Raise an error where all that is needed has one prefix, and other things have another.

    Training frameworks store metrics, the weights of a loss or an average beside the module; but
    it may also be a larger network, of which the module is a part.
    """
    bare = {_bare(name) for name in known}
    wanted = {_bare(name) for name in needed}
    given = {_bare(name) for name in state}
    prefixes = {name[: -len(end)] for name in state for end in _ends(name) if end in bare}
    full = sorted(each for each in prefixes if all(each + name in given for name in wanted))
    rest = [name for name in state if full and not name.startswith(full[0])]
    if not rest:
        return
    several = f"each of {shortened(full)}" if len(full) > 1 else repr(full[0])
    beside = "" if len(full) > 1 else f", and beside them {shortened(rest)}"
    raise ValueError(
        f"the state dict holds parameters of the module under {several}{beside}; pass those that "
        f"are meant, `{{n: state[n] for n in state if n.startswith({full[0]!r})}}`"
    )


def _ways(
    state: Mapping[str, Any], known: Collection[str], needed: Collection[str]
) -> Iterable[Any]:
    """Functions that may turn the given names into known ones."""
    bare = {_bare(name): name for name in known}
    prefixes = {name[: -len(end)] for name in state for end in _ends(name) if end in bare}
    for prefix in ("", *sorted(prefixes, key=len)):
        yield lambda name, prefix=prefix: bare.get(name.removeprefix(prefix), name)
    missing = {end[: -len(name)] for end in bare for name in state if end.endswith(f".{name}")}
    for prefix in sorted(missing, key=len):
        if all(name.startswith(prefix) for name in needed):  # else it is that of one layer of many
            yield lambda name, prefix=prefix: bare.get(prefix + name, name)


def _ends(name: str) -> Iterable[str]:
    """All that may stand behind a prefix."""
    parts = name.split(".")
    return (".".join(parts[i:]) for i in range(1, len(parts)))


def shortened(names: Iterable[object]) -> str:
    """Some of the names, and how many more there are."""
    listed = list(names)
    shown = ", ".join(repr(name) for name in listed[:_SHOWN])
    more = len(listed) - _SHOWN
    return f"[{shown}]" if more <= 0 else f"[{shown} and {more} more]"
