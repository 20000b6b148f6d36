"""What may rise on a path between two records without being seen by the surrogate.

Beyond a dip the surrogate's mean was led by what lies on the other side of it, and its deviation
says too little: a molecule that goes over from one electronic state into another makes a ridge as
sharp as a knife. There a path is looked at as one that knows of slopes alone.
"""

import numpy as np

from .._arrays import Array
from ..gaussian_process import Model, Pinned
from .prediction import Prediction


def unseen_rise(prediction: Prediction, reach: float) -> Array:
    """What the values rise on the way from the nearest record, at the largest slope.

    That is the slope at this record, or the steepest along the path if that is more. Nearer than
    `reach`, where the record's own gradient tells what to expect, it is less in proportion. Upon a
    landscape that is asked wherever the path goes, that and the difference from it may each rise
    unseen between their own records.

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
    rises = [_rise(part, prediction, reach) for part in _parts(prediction.model)]
    return np.asarray(sum(rises))


def _parts(model: Model) -> list[Model]:
    """What adds up to a surrogate, each with records of its own."""
    return [*_parts(model.mean), model.difference] if isinstance(model, Pinned) else [model]


def _rise(model: Model, prediction: Prediction, reach: float) -> Array:
    from scipy.spatial.distance import cdist  # costs a tenth of the package's import

    points, records = prediction.points, model.data.x
    mean = prediction.mean if model is prediction.model else model.predict(points)[0]
    distances = cdist(points, records)
    slopes = np.linalg.norm(model.predict(records)[1], axis=1)
    steepest = np.maximum(slopes[distances.argmin(axis=1)], _steepest(points, mean))
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


def _steepest(points: Array, mean: Array) -> float:
    """The steepest slope of a mean (M,) along a path's `points` (M, D)."""
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    apart = steps > 0
    rises = np.abs(np.diff(mean))
    return float((rises[apart] / steps[apart]).max(initial=0.0))
