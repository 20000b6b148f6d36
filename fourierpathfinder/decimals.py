"""Energies as people read them: with the decimals that a path's own scale asks for."""

from math import floor, isfinite, log10

LEAST = 4
_SHOWN = 3
_NOTHING = 1e-12


def decimals_for(*values: float, least: int = LEAST) -> int:
    """How many decimals show at least three digits of the largest of some numbers.

    Parameters
    ----------
    values : float
        What sets the scale, such as the barriers of both directions.
    least : int
        Decimals where fewer would do.

    Returns
    -------
    int
        `least`, or more where all are small; what is next to nothing asks for no more.

    Examples
    --------
    >>> decimals_for(0.37), decimals_for(1.7e-4), decimals_for(0.0)
    (4, 6, 4)
    """
    scale = max(map(abs, values))
    if not isfinite(scale) or scale < _NOTHING:
        return least
    return max(least, _SHOWN - 1 - floor(log10(scale)))


def as_text(value: float, decimals: int = LEAST) -> str:
    """A number with so many decimals, and no sign before a zero.

    Parameters
    ----------
    value : float
        The number.
    decimals : int
        As `decimals_for` gives them.

    Returns
    -------
    str
        Such as 0.3741.

    Examples
    --------
    >>> as_text(-1e-9), as_text(-0.25), as_text(1.7e-4, 6)
    ('0.0000', '-0.2500', '0.000170')
    """
    return f"{round(float(value), decimals) + 0.0:.{decimals}f}"
