r"""What was evaluated beside an end, where that end is placed elsewhere without a change of energy.

.. math:: x' = Q\, x + s, \qquad \nabla f(x') = Q\, \nabla f(x)

with the rotation Q and the shift s that bring the end from where it was to where it is.
"""

import numpy as np

from .alignment import best_rotation


def turned(
    points: np.ndarray, gradients: np.ndarray, before: np.ndarray, after: np.ndarray, *, free: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, D) and gradients (n, D) there, moved as an end was.

    Parameters
    ----------
    points, gradients : array (n, D)
    before, after : array (D,)
        The end, where it was and where it is.
    free : bool
        Whether it may have been rotated; it was shifted otherwise, or put to periodic images.

    Returns
    -------
    (array (n, D), array (n, D))
        Where a point was the end itself, it is so to the last bit.
    """
    moved, slopes = points + (after - before), gradients
    if free:
        old, new = (end.reshape(-1, 3) for end in (before, after))
        middle, centre = old.mean(axis=0), new.mean(axis=0)
        rotation = best_rotation(new - centre, old - middle).T
        shape = (len(points), -1, 3)
        moved = ((points.reshape(shape) - middle) @ rotation + centre).reshape(points.shape)
        slopes = (gradients.reshape(shape) @ rotation).reshape(gradients.shape)
    is_end = (points == before).all(axis=1)
    return np.where(is_end[:, None], after, moved), slopes
