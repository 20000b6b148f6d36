"""What has moved or goes: the old way answers for one release, with a warning."""

import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any


def moved(old: str, *new: str) -> Callable[[str], Any]:
    """A module's `__getattr__` that finds its names in other modules, and warns.

    Parameters
    ----------
    old : str
        Dotted name of the module as it was.
    *new : str
        Those of the modules that took its place; a name is found in the first that has it.

    Returns
    -------
    callable (str) -> object
        To be assigned to `__getattr__` in the old module.

    Examples
    --------
    >>> import pytest
    >>> look_up = moved("fourierpathfinder.waypoints", "fourierpathfinder.path")
    >>> with pytest.warns(DeprecationWarning, match="fourierpathfinder.path"):
    ...     look_up("SinePath")
    <class 'fourierpathfinder.path.SinePath'>
    """

    def look_up(name: str) -> Any:
        homes = () if name.startswith("__") else map(import_module, new)
        home = next((module for module in homes if hasattr(module, name)), None)
        if home is None:
            raise AttributeError(f"module {old!r} has no attribute {name!r}")
        message = (
            f"{old}.{name} has moved: use {home.__name__}.{name}; the old name goes with the next "
            "release"
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return getattr(home, name)

    return look_up


def moved_behind(attribute: str) -> Callable[[Any, str], Any]:
    """An object's `__getattr__` that finds its names in one of its attributes, and warns.

    Parameters
    ----------
    attribute : str
        The attribute whose own attributes used to be found on the object itself.

    Returns
    -------
    callable (object, str) -> object
        To be assigned to `__getattr__` in a class.

    Examples
    --------
    >>> import pytest
    >>> class Box:
    ...     __getattr__ = moved_behind("content")
    ...     content = 2 + 3j
    >>> with pytest.warns(DeprecationWarning, match="Box.content.real"):
    ...     Box().real
    2.0
    """

    def look_up(self: Any, name: str) -> Any:
        kind = type(self).__name__
        if name.startswith("_") or name == attribute:
            raise AttributeError(f"{kind!r} object has no attribute {name!r}")
        found = getattr(getattr(self, attribute), name)
        message = (
            f"{kind}.{name} has moved: use {kind}.{attribute}.{name}; the old name goes with the "
            "next release"
        )
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        return found

    return look_up


def argument_goes(function: str, argument: str) -> None:
    """Warn of an argument that was passed, of a function that will not have it any more.

    Parameters
    ----------
    function, argument : str
        Their names. To be called in the function itself.

    Examples
    --------
    >>> import pytest
    >>> def double(x, unit=None):
    ...     if unit is not None:
    ...         argument_goes("double", "unit")
    ...     return 2 * x
    >>> with pytest.warns(DeprecationWarning, match="`unit` of double"):
    ...     double(2, unit="eV")
    4
    """
    message = f"`{argument}` of {function} goes with the next release; leave it out"
    warnings.warn(message, DeprecationWarning, stacklevel=3)
