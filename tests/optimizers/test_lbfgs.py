import numpy as np
import pytest
from scipy.optimize import LbfgsInvHessProduct

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.optimizers import LBFGS

from ..tolerances import assert_close


def _pairs(rng, n_pairs, *shape):
    steps = rng.normal(size=(n_pairs, *shape))
    return steps, steps * np.linspace(1, 5, shape[-1])


def _filled(optimizer, steps, changes, make_array, dtype="float64"):
    state = optimizer.init(make_array(steps[0], dtype))
    for step, change in zip(steps, changes, strict=True):
        state = optimizer.update(state, make_array(step, dtype), make_array(change, dtype))
    return state


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4)])
def test_direction_matches_scipy(make_array, rng, dtype, tolerance):
    steps, changes = _pairs(rng, 6, 8)
    gradient = rng.normal(size=8)
    preconditioner = np.ones(8)  # SciPy's product starts from the identity
    state = _filled(LBFGS(memory=4), steps, changes, make_array, dtype)
    direction = LBFGS(memory=4).direction(
        make_array(gradient, dtype), state, make_array(preconditioner, dtype)
    )
    expected = -LbfgsInvHessProduct(steps[-4:], changes[-4:]).matvec(gradient)
    assert direction.dtype == make_array(gradient, dtype).dtype
    np.testing.assert_allclose(to_numpy(direction), expected, rtol=tolerance, atol=tolerance)


def test_scale_is_that_of_the_newest_pair(make_array, rng):
    steps, changes = _pairs(rng, 3, 5)
    state = _filled(LBFGS(), steps, changes, make_array)
    gradient = rng.normal(size=5)
    scale = steps[-1] @ changes[-1] / (changes[-1] @ changes[-1])
    with_scale = LBFGS().direction(make_array(gradient), state)
    as_preconditioner = LBFGS().direction(
        make_array(gradient), state, make_array(np.full(5, scale))
    )
    assert_close(to_numpy(with_scale), to_numpy(as_preconditioner))


def test_empty_memory_gives_the_gradient_down(make_array, rng):
    gradient = make_array(rng.normal(size=(3, 4)))
    state = LBFGS().init(gradient)
    assert to_numpy(state.is_empty).all()
    np.testing.assert_array_equal(to_numpy(LBFGS().direction(gradient, state)), -to_numpy(gradient))


def test_members_are_independent(make_array, rng):
    """Members that add, skip and reset at different times equal each one alone."""
    optimizer = LBFGS(memory=3, reset_cosine=-0.9, curvature_shift=1e-3)
    steps, changes = _pairs(rng, 5, 4, 6)
    changes[1, 1] = 0.1 * steps[1, 1, ::-1] - 0.5 * steps[1, 1]  # negative curvature: skipped
    changes[2, 2] = -steps[2, 2]  # reset
    changes[3, 3, 0] = np.nan  # reset
    gradient = rng.normal(size=(4, 6))
    state = _filled(optimizer, steps, changes, make_array)
    together = to_numpy(optimizer.direction(make_array(gradient), state))
    for k in range(4):
        alone = _filled(optimizer, steps[:, k], changes[:, k], make_array)
        direction = optimizer.direction(make_array(gradient[k]), alone)
        assert_close(together[k], to_numpy(direction))
    assert np.isfinite(together).all()


def test_skipped_pair_leaves_the_memory_alone(make_array, rng):
    steps, changes = _pairs(rng, 2, 4)
    state = _filled(LBFGS(), steps, changes, make_array)
    orthogonal = np.array([1.0, 0, 0, 0]), np.array([0, 1.0, 0, 0])
    after = LBFGS().update(state, *map(make_array, orthogonal))
    gradient = make_array(rng.normal(size=4))
    np.testing.assert_array_equal(
        to_numpy(LBFGS().direction(gradient, state)), to_numpy(LBFGS().direction(gradient, after))
    )


@pytest.mark.parametrize(
    ("step", "change"),
    [([1.0, 0.0], [1e-5, 1.0]), ([0.0, 0.0], [0.0, 0.0]), ([1.0, 0.0], [np.nan, 0.0])],
)
def test_reset_takes_the_plain_gradient(make_array, step, change):
    optimizer = LBFGS(reset_cosine=1e-4)
    good = [np.array([1.0, 1.0])], [np.array([2.0, 3.0])]
    state = optimizer.update(
        _filled(optimizer, *good, make_array), make_array(step), make_array(change)
    )
    assert bool(state.is_empty)
    direction = optimizer.direction(make_array([1.0, -2.0]), state)
    np.testing.assert_array_equal(to_numpy(direction), [-1.0, 2.0])


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="`memory` is 0"):
        LBFGS(memory=0)
    with pytest.raises(ValueError, match="`curvature_shift` is -1"):
        LBFGS(curvature_shift=-1)
