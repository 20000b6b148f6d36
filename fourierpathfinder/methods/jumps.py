"""Evaluations beside a path that say that it is higher than is stated, as at a step.

At a distance d from the path an evaluation of value V and gradient g lets the path be as low as
V - |g| d, were the landscape smooth. What is above the path's height even then has been set aside:
a surrogate that is smooth can pass beside it, and no gradient has led there.
"""

import numpy as np

from ..path import SinePath
from ..search.records import Records

_BESIDE = 0.02
"""In lengths of the chord: how near to the path an evaluation is one of it."""
_MUCH = 0.1
"""In units of the rise: what curvature may explain."""
_N_TIMES = 513


def jumps_beside(path: SinePath, records: Records, height: float, error: float) -> str:
    """What is to be said of evaluations beside a path that its height does not account for.

    Parameters
    ----------
    path : SinePath
    records : Records
    height, error : float
        As they are stated of the path.
    """
    points = np.asarray(path(np.linspace(0, 1, _N_TIMES)))
    good = records.part(np.flatnonzero(~records.failed))
    chord = float(np.linalg.norm(points[-1] - points[0]))
    distances = np.array([np.linalg.norm(points - x, axis=1).min() for x in good.x])
    rise = height - float(min(good.value_at(path.start), good.value_at(path.end)))
    explained = np.linalg.norm(good.gradients, axis=1) * distances + error + _MUCH * rise
    above = (distances <= _BESIDE * chord) & (good.values - explained > height)
    if not above.any():
        return ""
    n, largest = int(above.sum()), float(good.values[above].max())
    return (
        f"{n} evaluation{'s' * (n > 1)} beside the path, the largest {largest:.6g}, "
        f"{'are' if n > 1 else 'is'} higher than it and not explained by "
        f"{'their gradients' if n > 1 else 'its gradient'}: they may be of "
        "a step or a narrow wall that the path goes through, which would then be as high."
    )
