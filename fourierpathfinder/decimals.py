"""Energies as people read them: with the decimals that a path's own scale asks for."""

from math import floor, inf, isfinite, log10

from .result import PathResult

LEAST = 4
_SHOWN = 3
_NOTHING = 1e-12


def decimals_for(*values: float, error: float = 0.0, least: int = LEAST) -> int:
    """How many decimals show three digits of the largest of some numbers, as far as it is known.

    Parameters
    ----------
    values : float
        What sets the scale, such as the barriers of both directions.
    error : float
        How well they are known: one decimal more than it has is the last one.
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
    >>> decimals_for(1e-9, error=8e-6)
    7
    """
    scale = max(map(abs, values))
    if not isfinite(scale) or scale < _NOTHING:
        return least
    known = 1 - floor(log10(error)) if 0 < error < inf else inf
    return max(least, int(min(_SHOWN - 1 - floor(log10(scale)), known)))


def decimals_of(result: PathResult, least: int = LEAST) -> int:
    """How many decimals show the barriers of both directions, as far as they are known.

    Parameters
    ----------
    result : PathResult
        Whose barriers and error.
    least : int
        Decimals where fewer would do.

    Returns
    -------
    int
        As `decimals_for` gives them.
    """
    barriers = result.barrier, result.reverse_barrier
    return decimals_for(*barriers, error=result.height_error, least=least)


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
