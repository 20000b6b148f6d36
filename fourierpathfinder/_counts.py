"""Numbers of things, looked at when they are handed in."""

from numbers import Integral

import numpy as np


def require_counts(**settings: object) -> None:
    """Raise an error that names the first setting that is not a whole number from 1 up.

    Raises
    ------
    TypeError
        If it is no whole number; True is none.
    ValueError
        If it is below 1.
    """
    for name, value in settings.items():
        if isinstance(value, bool | np.bool_) or not isinstance(value, Integral):
            raise TypeError(f"`{name}` is {value!r}; it must be a whole number")
        if int(value) < 1:
            raise ValueError(f"`{name}` is {value}; it must be positive")
