"""Settings looked at when they are made: of the right kind, and of a size that makes sense."""

from numbers import Real

import numpy as np

from .._counts import require_counts

_MOST_TERMS = 10_000
"""Sine terms of a path; its bends would be shorter than a ten-thousandth of its length."""


def require_terms(n_terms: int) -> None:
    """Raise an error where no path can have so many sine terms.

    Raises
    ------
    TypeError
        If it is no whole number.
    ValueError
        If it is below 1, or above ten thousand.
    """
    require_counts(n_terms=n_terms)
    if n_terms > _MOST_TERMS:
        raise ValueError(f"`n_terms` is {n_terms}; it must be at most {_MOST_TERMS}")


def require_positive(**settings: object) -> None:
    """Raise an error that names the first setting that is not positive and finite.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is 0, negative, infinite or NaN.
    """
    for name, value in settings.items():
        if not 0 < _number(name, value) < np.inf:
            raise ValueError(f"`{name}` is {value}; it must be positive and finite")


def require_not_negative(**settings: object) -> None:
    """Raise an error that names the first setting that is negative or not finite.

    Raises
    ------
    TypeError
        If it is no number.
    ValueError
        If it is negative, infinite or NaN.
    """
    for name, value in settings.items():
        if not 0 <= _number(name, value) < np.inf:
            raise ValueError(f"`{name}` is {value}; it must not be negative or infinite")


def require_flags(**settings: object) -> None:
    """Raise an error that names the first setting that is neither True nor False.

    Raises
    ------
    TypeError
        If it is anything else; "no" would count as True.
    """
    for name, value in settings.items():
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"`{name}` is {value!r}; it must be True or False")


def require_kind(kind: type, what: str, **settings: object) -> None:
    """Raise an error that names the first setting that is not of a kind.

    Parameters
    ----------
    kind : type
        A protocol or class.
    what : str
        What to give, in words.
    **settings
        By name.

    Raises
    ------
    TypeError
        If it is of another kind, or the class itself in place of an instance.
    """
    for name, value in settings.items():
        if isinstance(value, type) or not isinstance(value, kind):
            raise TypeError(f"`{name}` is {value!r}; it must be {what}")


def _number(name: str, value: object) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, Real):
        raise TypeError(f"`{name}` is {value!r}; it must be a number")
    return float(value)
