"""Calculators by name: `emt`, `lj`, `tblite`, any of ASE's, `package.module:Class`, `calc.py:make`.

A name becomes a small factory of strings that every worker process turns into a calculator of its
own, so that nothing heavy is loaded, and nothing unpicklable sent, by the command itself.
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from inspect import signature
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.calculators.calculator import names as names_in_ase

from ..atoms.content import files_named
from ..atoms.preflight import Finding, Severity
from ..storage.content import file_digest
from .exits import InputError
from .given_once import require_one_source, require_set_once

_ARGON: dict[str, Any] = {"sigma": 3.405, "epsilon": 0.01032, "rc": 34.05}

_KNOWN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "emt": ("ase.calculators.emt", "EMT", {}),
    "lj": ("ase.calculators.lj", "LennardJones", _ARGON),
    "tblite": ("tblite.ase", "TBLite", {"accuracy": 0.01, "verbosity": 0}),
}
"""Short names: module, class, and settings for smooth energies and no chatter."""


_XTB = {"xtb": "GFN2-xTB", "gfn2": "GFN2-xTB", "gfn2-xtb": "GFN2-xTB", "gfn1": "GFN1-xTB",
        "gfn1-xtb": "GFN1-xTB"}  # fmt: skip
"""What people write who mean a method of tblite."""

_USUAL: dict[str, Any] = {"charge": 0, "multiplicity": 1}
"""Numbers, for calculators that take them from the structure unless they are given."""


@dataclass(frozen=True)
class CalculatorFactory:
    """Makes a calculator from its module's name, or from a Python file.

    Parameters
    ----------
    origin : str
        The module's dotted name, or the file's absolute path.
    name : str
        The class or function in it that makes a calculator.
    settings : dict
        Its keyword arguments.
    typed : tuple of str
        The options that gave them, as they were typed, for messages.
    """

    origin: str
    name: str
    settings: dict[str, Any] = field(default_factory=dict)
    typed: tuple[str, ...] = field(default=(), compare=False, repr=False)

    def __str__(self) -> str:
        settings = ", ".join(f"{key}={value!r}" for key, value in self.settings.items())
        return f"{self.origin}:{self.name}({settings})"

    @property
    def identity(self) -> dict[str, str]:
        """By what a file of evaluations knows the calculator: a file's content, not its place."""
        is_file = self.origin.endswith(".py")
        origin = Path(self.origin).name if is_file else self.origin
        told = str(replace(self, origin=origin))
        return {
            "calculator": f"{told}, file {file_digest(self.origin)}" if is_file else told,
            "files of the calculator": files_named(self.settings),
        }

    def __call__(self) -> Any:
        """A new calculator."""
        module = self._module()
        make = getattr(module, self.name, None)
        if make is None:
            raise InputError(
                f"{Path(self.origin).name} has no {self.name!r}; it defines "
                f"{', '.join(sorted(_callables(module))) or 'nothing that can be called'}"
            )
        try:
            _require_known(make, self.settings)
            return make(**self.settings)
        except Exception as error:
            if not self.typed:
                raise
            why = (
                str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            )
            raise InputError(f"{why}; it was given {' '.join(self.typed)}") from None

    def _module(self) -> Any:
        if not self.origin.endswith(".py"):
            return import_module(self.origin)
        spec = spec_from_file_location("calculator_of_the_user", self.origin)
        assert spec is not None and spec.loader is not None
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module


def _callables(module: Any) -> list[str]:
    """What a file itself defines, or imports, that could make a calculator."""
    return [name for name, value in vars(module).items() if callable(value) and name[0] != "_"]


def _require_known(make: Any, settings: dict[str, Any]) -> None:
    """Raise an InputError for a setting that the calculator would drop, or only miss much later.

    ASE's own calculators accept every keyword. Those that list their parameters, and are no
    writers of input files for other programs, have no other ones.
    """
    listed = getattr(make, "default_parameters", None)
    if not isinstance(make, type) or not listed or hasattr(make, "command"):
        return
    taken = {name for kind in make.__mro__ for name in _arguments(kind)}
    unknown = sorted(settings.keys() - listed.keys() - taken)
    if unknown:
        known = ", ".join(sorted({*listed, *_arguments(make)} - {"atoms"}))
        raise InputError(f"{make.__name__} has no setting {unknown[0]!r}; it has {known}")
    for name, value in settings.items():
        usual = _USUAL.get(name) if listed.get(name) is None else listed[name]
        is_left_out = value is None and listed.get(name) is None
        if _is_number(usual) and not _is_number(value) and not is_left_out:
            raise InputError(
                f"the setting {name!r} of {make.__name__} is {value!r}; it must be a number, such "
                f"as {usual!r}"
            )
    _require_method(make, settings)


def unheard(factory: CalculatorFactory, atoms: Atoms) -> list[Finding]:
    """What a structure's file states of its electrons and the calculator is not given."""
    stated = {name: atoms.info.get(name, usual) for name, usual in _USUAL.items()}
    return [
        Finding(
            "moments",
            Severity.WARNING,
            f"the reactant's file states {name} {value}, which the calculator is not given",
            f"pass --set {name}={value}, unless it reads that in the structure itself",
        )
        for name, value in stated.items()
        if not np.array_equal(value, _USUAL[name]) and name not in factory.settings
    ]


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _require_method(make: type, settings: dict[str, Any]) -> None:
    """Raise an InputError for a method that tblite would only miss in its first calculation."""
    interface = getattr(sys.modules.get(make.__module__), "Calculator", None)
    known = getattr(interface, "_loader", None)
    method = settings.get("method")
    if isinstance(known, dict) and method is not None and method not in known:
        raise InputError(
            f"{make.__name__} has no method {method!r}; it has {', '.join(sorted(known))}"
        )


def _arguments(kind: type) -> set[str]:
    """The named arguments with which an object of a class is made."""
    maker = vars(kind).get("__init__")
    if not callable(maker) or kind is object:
        return set()
    arguments = list(signature(maker).parameters.values())[1:]
    return {one.name for one in arguments if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL)}


def calculator_factory(
    name: str, method: str | None = None, settings: Sequence[str] = (), prefix: str = "--"
) -> CalculatorFactory:
    """The factory that a name and settings stand for.

    Parameters
    ----------
    name : str
        As in the module's first line.
    method : str, optional
        The same as the setting `method=...`.
    settings : sequence of str
        As `key=value`; values are read as JSON where they are JSON, otherwise as text.
    prefix : str
        How the options `method` and `set` that they come from begin, for messages.

    Raises
    ------
    InputError
        If there is no such calculator.

    Examples
    --------
    >>> calculator_factory("tblite", "GFN2-xTB").settings
    {'accuracy': 0.01, 'verbosity': 0, 'method': 'GFN2-xTB'}
    """
    origin, attribute, defaults = _resolved(name)
    pairs = [_setting(text, f"{prefix}set") for text in settings]
    require_set_once([key for key, _ in pairs], f"{prefix}set")
    given = dict(pairs)
    typed = [f"{prefix}set {text}" for text in settings]
    if method is not None:
        require_one_source("method", settings, f"{prefix}method", f"{prefix}set")
        given["method"] = method
        typed.insert(0, f"{prefix}method {method}")
    return CalculatorFactory(origin, attribute, {**defaults, **given}, tuple(typed))


def _resolved(name: str) -> tuple[str, str, dict[str, Any]]:
    if name in _KNOWN:
        origin, attribute, defaults = _KNOWN[name]
    elif ":" in name:
        origin, _, attribute = name.rpartition(":")
        defaults = {}
    elif name in names_in_ase:
        origin, attribute, defaults = __name__, "named_in_ase", {"name": name}
    elif name.endswith(".py"):
        raise InputError(
            f"the calculator is {name!r}; name the function or class in it that makes one, such "
            f"as {name}:make"
        )
    else:
        method = _XTB.get(name.lower(), "")
        meant = f"give tblite with --method {method}, or" if method else ""
        raise InputError(
            f"there is no calculator {name!r}; {meant or 'give'} emt, lj, tblite, another of ASE's "
            "names, an import path such as package.module:Class, or a file such as calc.py:make"
        )
    return _found(name, origin), attribute, defaults


def named_in_ase(name: str, **settings: Any) -> Any:
    """A calculator by the name that ASE has for it."""
    from ase.calculators.calculator import get_calculator_class

    make = get_calculator_class(name)
    _require_known(make, settings)
    return make(**settings)


def _found(name: str, origin: str) -> str:
    """The origin, absolute if it is a file; InputError where it does not exist."""
    if origin.endswith(".py"):
        if not Path(origin).is_file():
            raise InputError(f"the calculator is {name!r}, but there is no file {origin}")
        return str(Path(origin).resolve())
    if not origin or Path(origin).is_file():
        raise InputError(
            f"the calculator is {name!r}, but {origin or 'nothing'} is neither a module nor a file "
            "that ends in .py; give such as package.module:Class or calc.py:make"
        )
    package = origin.split(".", maxsplit=1)[0]
    try:
        missing = find_spec(package) is None
    except ValueError:
        missing = True
    if missing:
        file = Path(*origin.split(".")).with_suffix(".py")
        meant = name.replace(origin, str(file), 1)
        advice = f"for the file {file} give {meant}" if file.is_file() else f"pip install {package}"
        raise InputError(f"the calculator is {name!r}, but {package} is not installed: {advice}")
    return origin


def _setting(text: str, option: str) -> tuple[str, Any]:
    key, equals, value = text.partition("=")
    if not equals or not key.isidentifier():
        raise InputError(f"{option} is {text!r}, which is not of the form key=value")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError:
        return key, value
