"""What is known before a reaction path is followed, and in which coordinates it is."""

from dataclasses import replace

import numpy as np

from .._arrays import to_numpy
from ..evaluation import Evaluator
from ..gaussian_process import FeatureMap, GaussianProcess, Kernel, Matern52
from ..landscapes.abilities import Abilities
from ..methods import Surrogate
from ..prior import Prior
from ..result import Evaluations, PathResult
from ..search.beneath import asked
from ..search.choose_features import choose_features, choose_kernel
from ..search.policy import BOLD
from ..search.records import Beneath, Records
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
    prior: Prior | None = None,
) -> Learner:
    """A surrogate that knows what the search knew; ends and saddle at least.

    A cheaper landscape is asked at all of these points.
    """
    assert result.saddle is not None
    process = process_of(abilities, result.method, to_numpy(result.path.start))
    evaluations = all_known(len(result.path.start), result.evaluations, known)
    learner = Learner(Evaluator(abilities, max_gradients), process, evaluations, numbers, prior)
    if not len(learner.records):
        first = (result.path.start, result.path.end, result.saddle.position)
        learner.learn(np.stack([to_numpy(x) for x in first]), 0.0)
    learner.stand_upon(beneath(prior, process, learner.records.known.x))
    learner.settle(result.saddle.value)
    return learner


def beneath(prior: Prior | None, process: GaussianProcess, x: np.ndarray) -> Beneath | None:
    """What a cheaper landscape says at points (n, D), and those beneath it in turn.

    Of an earlier run, which cannot be asked, it is what that has told. None where the cheaper
    landscape cannot be evaluated.
    """
    if prior is None:
        return None
    if prior.evaluator is not None:
        below = beneath(prior.beneath, process, x)
        told = replace(prior, beneath=None)
        records = asked(told, x)[0].upon(below)
    else:
        assert prior.known is not None
        records = Records.of(*vars(prior.known).values())
    if len(records.known) < 2:
        return None
    model = records.told_to(process, None, _as_it_is)
    return Beneath(records, process, model, is_asked=prior.evaluator is not None)


def _as_it_is(values: np.ndarray, gradients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return values, gradients


def process_of(abilities: Abilities, method: object, x: np.ndarray) -> GaussianProcess:
    """The prior of a search by `method`; what it left open is chosen for points such as `x`."""
    features: tuple[FeatureMap, ...] = ()
    kernels: tuple[Kernel, ...] = ()
    noise = None
    if isinstance(method, Surrogate):
        features = () if isinstance(method.features, str) else (method.features,)
        kernels = () if isinstance(method.kernel, str) else (method.kernel,)
        noise = method.noise
    features = features or choose_features(abilities, x)
    kernels = kernels or (choose_kernel(features[0], abilities), Matern52())
    return GaussianProcess(features[0], kernels, BOLD.see.nugget, noise, alternatives=features)


def all_known(n: int, *parts: Evaluations | None) -> Evaluations:
    """All that is known of points (n,), in one."""
    found = Evaluations(np.empty((0, n)), np.empty(0), np.empty((0, n)))
    for part in parts:
        found = found if part is None else found.joined(part)
    return found
