"""A path cut at its minima: where it dips, and the parts between two stops on it."""

import numpy as np

from ._arrays import Array
from .path import SinePath


def dips(heights: Array, depth: float) -> np.ndarray:
    """Where heights lie at least so much below the tops on either side; the ends never do.

    Parameters
    ----------
    heights : array (M,)
        Values along a path.
    depth : float
        How deep a dip must be to count, in the unit of the values.

    Returns
    -------
    ndarray of int
        Indices, ascending: the lowest place of each dip, or the middle of it where it is flat.

    Examples
    --------
    >>> dips([0.0, 2.0, 1.0, 3.0, 2.9, 3.1, 0.0], depth=0.5)
    array([2])
    """
    from scipy.signal import find_peaks  # would double the package's import

    found, _ = find_peaks(-np.asarray(heights), prominence=depth)
    return np.asarray(found)


def piece(
    path: SinePath, times: tuple[float, float], ends: tuple[Array, Array], n_points: int
) -> SinePath:
    """The part of a path between two times, as a path of its own.

    Parameters
    ----------
    path : SinePath
    times : (float, float)
        Where the part begins and ends.
    ends : (array (D,), array (D,))
        The stops that it is to join, near to the path at those times.
    n_points : int
        How many points of the path it is fitted to.
    """
    inner = np.linspace(0, 1, n_points + 2)[1:-1]
    points = path(times[0] + inner * (times[1] - times[0]))
    return SinePath.fit(*ends, inner, points, path.n_terms)
