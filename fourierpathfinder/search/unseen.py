"""What may rise on a path between two records without being seen by the surrogate.

Beyond a dip the surrogate's mean was led by what lies on the other side of it, and its deviation
says too little: a molecule that goes over from one electronic state into another makes a ridge as
sharp as a knife. There a path is looked at as one that knows of slopes alone.
"""

import numpy as np

from .._arrays import Array
from .prediction import Prediction


def unseen_rise(prediction: Prediction, reach: float) -> Array:
    """What the values rise on the way from the nearest record, at the largest slope.

    That is the slope at this record, or the steepest along the path if that is more. Nearer than
    `reach`, where the record's own gradient tells what to expect, it is less in proportion.

    Parameters
    ----------
    prediction : Prediction
        The surrogate at M places of a path.
    reach : float
        In the unit of the points.

    Returns
    -------
    array (M,)
        In the landscape's unit.
    """
    from scipy.spatial.distance import cdist  # costs a tenth of the package's import

    records = prediction.model.data.x
    distances = cdist(prediction.points, records)
    slopes = np.linalg.norm(prediction.model.predict(records)[1], axis=1)
    steepest = np.maximum(slopes[distances.argmin(axis=1)], _steepest(prediction))
    nearest = distances.min(axis=1)
    return np.asarray(steepest * nearest * np.minimum(nearest / reach, 1.0))


def is_behind_a_dip(mean: Array, top: int, depth: float) -> Array:
    """Where (M,) a path has risen again by more than `depth`, seen from its top.

    Examples
    --------
    >>> is_behind_a_dip(np.array([0.0, 3.0, 1.0, 2.0, 0.5]), top=1, depth=0.5)
    array([False, False, False,  True, False])
    """
    before = np.minimum.accumulate(mean[top::-1])[::-1]
    after = np.minimum.accumulate(mean[top:])[1:]
    return np.asarray(mean - np.concatenate([before, after]) > depth)


def _steepest(prediction: Prediction) -> float:
    """The steepest slope of the mean along the path."""
    steps = np.linalg.norm(np.diff(prediction.points, axis=0), axis=1)
    apart = steps > 0
    rises = np.abs(np.diff(prediction.mean))
    return float((rises[apart] / steps[apart]).max(initial=0.0))
