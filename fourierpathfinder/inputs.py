"""The arguments of a call, looked at before anything is evaluated."""

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from .methods.base import Method


def checked_method(method: Any) -> Method:
    """A method as it is, if it is one.

    Raises
    ------
    TypeError
        If it is a class, a name, or anything else that is no settings object.
    """
    if isinstance(method, type) or not isinstance(method, Method):
        name = method.__name__ if isinstance(method, type) else repr(method)
        raise TypeError(f"`method` is {name}; pass settings, such as `Direct()` or `Paper()`")
    return method


def check_budget(max_gradients: Any) -> None:
    """Raise an error where it is no number of gradients.

    Raises
    ------
    TypeError, ValueError
        If it is no whole number, or below 1.
    """
    if max_gradients is None:
        return
    if isinstance(max_gradients, bool) or not isinstance(max_gradients, int | np.integer):
        raise TypeError(
            f"`max_gradients` is {max_gradients!r}; it must be a whole number, or None for no limit"
        )
    if max_gradients < 1:
        raise ValueError(f"`max_gradients` is {max_gradients}; it must be at least 1")


def check_callback(callback: Any) -> None:
    """Raise an error where it cannot be called.

    Raises
    ------
    TypeError
        If it is not callable.
    """
    if callback is not None and not callable(callback):
        raise TypeError(
            f"`callback` is a {type(callback).__name__}; pass a function of one argument, the "
            "result so far"
        )


def check_progress(progress: Any) -> None:
    """Raise an error where it says neither yes nor no.

    Raises
    ------
    TypeError
        If it is neither True nor False.
    """
    if not isinstance(progress, bool | np.bool_):
        raise TypeError(f"`progress` is {progress!r}; it must be True or False")


def check_place(checkpoint: Any) -> None:
    """Raise an error where no file can be.

    Raises
    ------
    TypeError, ValueError
        If it is no path, or empty.
    """
    if checkpoint is None:
        return
    if not isinstance(checkpoint, str | os.PathLike):
        raise TypeError(f"`checkpoint` is a {type(checkpoint).__name__}; pass the path of a file")
    if not os.fspath(checkpoint):
        raise ValueError("`checkpoint` is an empty path; pass the path of a file, or None")


def generator(rng: Any) -> np.random.Generator:
    """The generator that `rng` is or seeds (SPEC 7).

    Raises
    ------
    TypeError, ValueError
        If it is neither a generator nor a seed.
    """
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"`rng` is {rng!r}; pass a numpy.random.Generator, a whole number from 0 up, or None"
        ) from error


def check_call(
    *,
    max_gradients: Any = None,
    callback: Callable[..., object] | None = None,
    progress: Any = False,
    checkpoint: Any = None,
) -> None:
    """All that can be said of the arguments of one call.

    Raises
    ------
    TypeError, ValueError
        As of the functions for each.
    """
    check_budget(max_gradients)
    check_callback(callback)
    check_progress(progress)
    check_place(checkpoint)
