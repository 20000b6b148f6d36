"""What is known before a reaction path is followed, and in which coordinates it is."""

import numpy as np

from .._arrays import to_numpy
from ..evaluation import Evaluator
from ..gaussian_process import FeatureMap, GaussianProcess
from ..landscapes.abilities import Abilities
from ..methods import Surrogate
from ..result import Evaluations, PathResult
from ..search.choose_features import choose_features, choose_kernel
from ..search.policy import BOLD
from .flow import Metric
from .learner import Learner
from .policy import Following


def metric_of(abilities: Abilities, n: int, mass_weighted: bool | None) -> Metric:
    """What steepest means: for `mass_weighted` None with masses where there are any.

    Raises
    ------
    ValueError
        If masses are asked for and there are none.
    """
    if abilities.massive is None and mass_weighted:
        raise ValueError(
            "`mass_weighted` is True, but this landscape has no masses (`mass_matrix`); leave it "
            "out for plain coordinates"
        )
    if abilities.massive is None or mass_weighted is False:
        return Metric(np.eye(n), is_weighted=False)
    return Metric(np.asarray(abilities.massive.mass_matrix()), is_weighted=True)


def begun(
    abilities: Abilities,
    result: PathResult,
    known: Evaluations | None,
    max_gradients: int | None,
    numbers: Following,
) -> Learner:
    """A surrogate that knows what the search knew; ends and saddle at least."""
    assert result.saddle is not None
    process = process_of(abilities, result.method, to_numpy(result.path.start))
    evaluations = all_known(len(result.path.start), result.evaluations, known)
    learner = Learner(Evaluator(abilities, max_gradients), process, evaluations, numbers)
    if not len(learner.records):
        first = (result.path.start, result.path.end, result.saddle.position)
        learner.learn(np.stack([to_numpy(x) for x in first]), 0.0)
    learner.settle(result.saddle.value)
    return learner


def process_of(abilities: Abilities, method: object, x: np.ndarray) -> GaussianProcess:
    """The prior of a search by `method`; what it left open is chosen for points such as `x`."""
    features: tuple[FeatureMap, ...] = ()
    kernel = None
    noise = None
    if isinstance(method, Surrogate):
        features = () if isinstance(method.features, str) else (method.features,)
        kernel = None if isinstance(method.kernel, str) else method.kernel
        noise = method.noise
    features = features or choose_features(abilities, x)
    kernel = kernel or choose_kernel(features[0])
    return GaussianProcess(features[0], (kernel,), BOLD.see.nugget, noise, alternatives=features)


def all_known(n: int, *parts: Evaluations | None) -> Evaluations:
    """All that is known of points (n,), in one."""
    found = Evaluations(np.empty((0, n)), np.empty(0), np.empty((0, n)))
    for part in parts:
        found = found if part is None else found.joined(part)
    return found
