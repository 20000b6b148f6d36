"""The softest direction across a path, by gradients beside its top."""

import numpy as np

from fourierpathfinder.search.bend import Bend
from fourierpathfinder.search.policy import Across
from fourierpathfinder.search.softest import Looks, Softest

from ..tolerances import assert_close


def turned(curvatures, seed=0):
    """A matrix with these eigenvalues, and its eigenvectors as rows."""
    rng = np.random.default_rng(seed)
    axes = np.linalg.qr(rng.normal(size=(len(curvatures),) * 2))[0]
    return axes @ np.diag(curvatures) @ axes.T, axes.T


def bend_of(matrix, along):
    return Bend(matrix, along[None], Across())


def looked_at(hessian, steps):
    return Looks(steps, steps @ hessian)


def test_all_directions_give_the_number_of_ways_down_without_the_path_s_own():
    """By the inertia of a matrix and of its Schur complement, whatever the path's direction is."""
    rng = np.random.default_rng(1)
    for n_down, curvatures in ((1, [-2.0, 0.5, 1, 3, 9]), (2, [-2.0, -0.5, 1, 3, 9])):
        hessian, axes = turned(curvatures)
        along = axes[0] + 0.2 * rng.normal(size=5)
        along /= np.linalg.norm(along)
        assert along @ hessian @ along < 0
        across = np.linalg.svd(along[None])[2][1:]
        found = Softest.of(bend_of(hessian, along), along, looked_at(hessian, 0.1 * across))
        assert (found.curvature < 0) == (n_down == 2)
        pull = hessian @ along
        schur = across @ (hessian - np.outer(pull, pull) / (along @ pull)) @ across.T
        assert_close(found.curvature, np.linalg.eigvalsh(schur)[0])


def looked_until(hessian, bend, along, steps, done):
    """What was found, and the number of looks."""
    while len(steps) < 20:
        found = Softest.of(bend, along, looked_at(hessian, steps))
        if done(found):
            break
        steps = np.concatenate([steps, found.further[None]])
    return found, len(steps)


def test_looks_lead_to_a_way_down_where_the_surrogate_takes_all_for_too_stiff():
    """As it does where it knows nothing; and they are not given up before."""
    curvatures = np.concatenate([[-2.0, -1.0], np.linspace(1, 20, 38)])
    hessian, axes = turned(curvatures)
    stiff, _ = turned(np.concatenate([[-2.0], 10 + curvatures[1:]]))
    along, bend = axes[0], bend_of(stiff, axes[0])
    steps = axes[1:].sum(axis=0)[None]

    def done(found):
        return found.curvature < 0 or found.likely > bend.least_way_seen

    found, n_looks = looked_until(hessian, bend, along, steps, done)
    assert found.curvature < 0
    assert n_looks < 8
    assert found.direction @ hessian @ found.direction < 0


def test_what_rises_in_all_directions_is_believed_soon():
    hessian, axes = turned(np.concatenate([[-2.0], np.linspace(1, 4, 39)]))
    bend = bend_of(hessian, axes[0])

    def done(found):
        return found.likely > bend.least_way_seen

    found, n_looks = looked_until(hessian, bend, axes[0], axes[1:].sum(axis=0)[None], done)
    assert n_looks <= 6
    assert found.curvature > 0


def test_a_step_that_is_nearly_known_tells_nothing_new():
    hessian, axes = turned([-1.0, 1, 2, 3])
    steps = np.stack([axes[1], axes[1] + 0.01 * axes[2]])
    directions, images = looked_at(hessian, steps).images(0.1)
    assert directions.shape == (4, 1)
    assert_close(images, directions.T @ hessian, scale=0.1)
