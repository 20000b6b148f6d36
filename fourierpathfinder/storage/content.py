"""A hash of what something is made of: numbers, text, code, files, and objects of these.

By it two problems are told apart whose ends are the same. What cannot be looked into (an open
file, a lock, compiled code of a library) counts by its kind alone; so does what code changes as it
runs, such as a counter of calls, or else a run could not be gone on with where it began.
"""

import dis
import hashlib
import inspect
import sys
import sysconfig
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import lru_cache, partial
from os import PathLike
from pathlib import Path
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any

import numpy as np

from .._arrays import Array, is_array, to_numpy

_ENTIRE = 2**26
"""Bytes of an array that are all hashed; of a larger one so many, and sums over all."""
_DEEPEST = 12
_PACKAGE = str(Path(__file__).parents[1])
_CHANGING = {"append", "add", "update", "extend", "pop", "setdefault", "clear", "insert", "popleft"}
"""Methods by which lists, dictionaries and sets are changed."""


def digest(*values: object) -> str:
    """A short hash of the content of values.

    Examples
    --------
    >>> digest([1, 2.0]) == digest([1, 2.0]), digest([1, 2.0]) == digest([1, 2.5])
    (True, False)
    """
    hasher = _Hasher()
    for value in values:
        hasher.add(value)
    return hasher.hexdigest()


def fingerprint(array: Array) -> str:
    """A short hash of an array's numbers."""
    return hashlib.sha256(np.ascontiguousarray(to_numpy(array)).tobytes()).hexdigest()[:16]


def file_digest(place: str | PathLike[str]) -> str:
    """A short hash of a file's bytes."""
    with Path(place).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


class _Hasher:
    """Takes in one value after the other."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()
        self._open: list[int] = []
        self._done: dict[int, tuple[int, object]] = {}

    def hexdigest(self) -> str:
        return self._hash.hexdigest()[:16]

    def add(self, value: object) -> None:
        """Take in any value; one that was met before counts by its number."""
        if isinstance(value, int | float | complex | str | bytes | None):
            self._token(type(value).__name__, repr(value))
        elif id(value) in self._done:
            self._token("again", str(self._done[id(value)][0]))
        elif len(self._open) > _DEEPEST:
            self._token("deep", _name(type(value)))
        else:
            self._done[id(value)] = (len(self._done), value)  # kept alive: its id is not reused
            self._open.append(id(value))
            self._add_new(value)
            self._open.pop()

    def _add_new(self, value: Any) -> None:
        if isinstance(value, np.generic) or is_array(value):
            self._array(value)
        elif isinstance(value, Mapping):
            self._mapping(value)
        elif isinstance(value, set | frozenset):
            self._token("set", *sorted(digest(part) for part in value))
        elif isinstance(value, list | tuple | range | bytearray):
            self._token(type(value).__name__, str(len(value)))
            self._each(value)
        elif isinstance(value, CodeType):
            self._code(value)
        elif isinstance(value, PathLike | Enum | ModuleType | BuiltinFunctionType | np.dtype):
            self._token(_name(type(value)), str(getattr(value, "__name__", value)))
        else:
            self._callable_or_object(value)

    def _callable_or_object(self, value: Any) -> None:
        inner = _own(value, "py_func") or _own(value, "__wrapped__")
        if isinstance(value, type):
            self._class(value)
        elif isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, MethodType):
            self._each((value.__func__, value.__self__))
        elif isinstance(value, partial):
            self._each((value.func, value.args, value.keywords))
        elif isinstance(inner, FunctionType):  # compiled by Numba, cached by functools
            self._function(inner)
        elif isinstance(getattr(value, "identity", None), Mapping):
            self._mapping(value.identity)
        elif _is_module(value):
            self._token(_name(type(value)), repr(value))
            self._each((type(value), dict(value.state_dict())))
        else:
            self._object(value)

    def _token(self, *texts: str) -> None:
        for text in texts:
            content = text.encode("utf-8", "surrogatepass")
            self._hash.update(str(len(content)).encode() + b":" + content)

    def _each(self, values: Iterable[object]) -> None:
        for value in values:
            self.add(value)

    def _array(self, value: Array) -> None:
        array = np.asarray(to_numpy(value) if is_array(value) else value)
        self._token("array", str(array.dtype), str(array.shape))
        if array.dtype.hasobject:
            self._each(array.ravel().tolist())
            return
        flat = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
        if flat.size <= _ENTIRE:
            self._hash.update(flat.data)
            return
        words = flat[: flat.size // 8 * 8].view(np.uint64)
        self._token(str(int(words.sum(dtype=np.uint64))), str(int(np.bitwise_xor.reduce(words))))
        self._hash.update(np.ascontiguousarray(words[:: -(-flat.size // _ENTIRE)]).data)
        self._hash.update(flat[flat.size // 8 * 8 :].data)

    def _mapping(self, value: Mapping[Any, Any]) -> None:
        self._token("mapping", str(len(value)))
        for key in sorted(value, key=repr):
            self.add(key)
            self.add(value[key])

    def _function(self, function: FunctionType) -> None:
        if _is_installed(function):
            self._token("function", function.__qualname__, _edition(function))
            return
        self._token("function", "")
        self._each((function.__code__, function.__defaults__, function.__kwdefaults__))
        found = inspect.getclosurevars(function)
        changed, changes = _changed((function.__code__,), "DEREF", "GLOBAL")
        for variables in (found.nonlocals, found.globals):
            self._variables(variables, changed, changes)

    def _variables(self, variables: Mapping[str, Any], changed: set[str], changes: bool) -> None:
        """Named values, without those that code changes as it runs."""
        for name, value in sorted(variables.items()):
            is_open = changes and isinstance(value, list | dict | set | bytearray)
            if name not in changed and not is_open:
                self._token(name)
                self.add(value)

    def _code(self, code: CodeType) -> None:
        self._token("code", code.co_code.hex(), *code.co_names)
        self._each(code.co_consts)

    def _class(self, kind: type) -> None:
        if _is_installed(kind):
            self._token("class", _name(kind), _edition(kind))
        else:  # wherever it is: a script that is imported is still the same
            self._token("class", kind.__qualname__)
            self._each(kind.__bases__)
            self._variables(_plain(vars(kind)), set(), changes=False)

    def _object(self, value: Any) -> None:
        self.add(type(value))
        state = _state(value)
        changed, changes = _changed(_methods(type(value)), "ATTR")
        self._variables(state, changed, changes)


def _own(value: object, name: str) -> Any:
    """What an object has by a name, which it has not made up when it was asked."""
    return inspect.getattr_static(value, name, None)


def _is_module(value: object) -> bool:
    """Whether this is a network of torch, whose numbers its `state_dict` has."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.nn.Module)


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _state(value: Any) -> dict[str, Any]:
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    state = dict(getattr(value, "__dict__", {}))
    slots = getattr(type(value), "__slots__", ())
    names = (slots,) if isinstance(slots, str) else slots
    return state | {name: getattr(value, name) for name in names if hasattr(value, name)}


def _plain(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """What a class defines itself, without what Python adds."""
    return {
        name: getattr(value, "fget", None) or getattr(value, "__func__", value)
        for name, value in attributes.items()
        if isinstance(getattr(value, "__func__", value), FunctionType | property)
        or (not name.startswith("__") and isinstance(value, int | float | str | tuple | np.ndarray))
    }


def _methods(kind: type) -> tuple[CodeType, ...]:
    """The code of all methods but those that make an object."""
    return tuple(
        value.__code__
        for base in kind.__mro__
        for name, value in vars(base).items()
        if isinstance(value, FunctionType) and name not in ("__init__", "__setstate__")
    )


@lru_cache(maxsize=256)
def _changed(codes: tuple[CodeType, ...], *scopes: str) -> tuple[set[str], bool]:
    """Which names code assigns to in `scopes`, and whether it changes anything in place."""
    names: set[str] = set()
    changes = False
    for code in codes:
        for step in dis.get_instructions(code):
            if step.opname in {f"STORE_{scope}" for scope in scopes}:
                names.add(str(step.argval))
            changes |= step.opname in ("STORE_SUBSCR", "DELETE_SUBSCR")
            changes |= step.opname in ("LOAD_ATTR", "LOAD_METHOD") and step.argval in _CHANGING
        inner = tuple(part for part in code.co_consts if isinstance(part, CodeType))
        if inner:
            more, also = _changed(inner, *scopes)
            names |= more
            changes |= also
    return names, changes


@lru_cache(maxsize=1)
def _installed_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return (*(paths[name] for name in ("stdlib", "purelib", "platlib")), _PACKAGE)


@lru_cache(maxsize=64)
def _module_digest(file: str) -> str:
    return file_digest(file)


def _edition(what: Any) -> str:
    """Which module of this package it is of, by content: a landscape may change with a release."""
    file = getattr(sys.modules.get(what.__module__ or ""), "__file__", None)
    return _module_digest(file) if file is not None and file.startswith(_PACKAGE) else ""


def _is_installed(what: Any) -> bool:
    """Whether a class or function is of a library, known by its name, or of this package."""
    module = sys.modules.get(what.__module__ or "")
    file = getattr(module, "__file__", None)
    if file is None:
        return what.__module__ not in ("__main__", None) and module is not None
    return str(file).startswith(_installed_folders())
