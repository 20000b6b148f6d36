import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import line_search

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.optimizers import Armijo, CappedStep, LineStart, StrongWolfe

from ..tolerances import assert_close


def _along(function, x, direction, is_scaled=True):
    """φ and its start for `function(x) -> (value, gradient)`."""
    value, gradient = function(x)
    return (
        lambda u: function(x + u[..., None] * direction),
        LineStart(value, gradient, direction, is_scaled),
    )


def _bowl(make_array, curvatures):
    curvature = make_array(curvatures)

    def function(x):
        xp = array_namespace(x)
        return xp.sum(curvature * x * x, axis=-1) / 2, curvature * x

    return function


def test_capped_step_shortens_only_long_steps(make_array):
    function = _bowl(make_array, [1.0, 1.0])
    phi, start = _along(function, make_array(np.ones((2, 2))), make_array([[3.0, 4.0], [0.3, 0.4]]))
    found = CappedStep(max_step=1.0)(phi, start)
    assert_close(to_numpy(found.step), [0.2, 1.0])
    assert found.n_evaluations == 1
    assert to_numpy(found.accepted).all()


def test_capped_step_gives_a_plain_gradient_a_fraction(make_array):
    phi, start = _along(
        _bowl(make_array, [1.0]), make_array([1.0]), make_array([1e-3]), is_scaled=False
    )
    found = CappedStep(max_step=0.2, first_fraction=0.25)(phi, start)
    assert_close(to_numpy(found.step), 50.0)


def test_capped_step_measures_as_told(make_array):
    phi, start = _along(_bowl(make_array, [1.0]), make_array([1.0]), make_array([4.0]))
    found = CappedStep(max_step=1.0, length=lambda p: 2 * p[..., 0])(phi, start)
    assert_close(to_numpy(found.step), 0.125)


def test_armijo_members_equal_solo_runs(make_array):
    curvatures = np.array([[1.0, 30.0], [1.0, 1.0], [1e4, 1.0], [2.0, 2.0]])
    x = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 1.0], [1.0, 1.0]])
    directions = -curvatures * x
    directions[3] *= -1  # uphill: nothing can be accepted
    phi, start = _along(_bowl(make_array, curvatures), make_array(x), make_array(directions))
    together = Armijo()(phi, start)
    for k in range(4):
        phi, start = _along(
            _bowl(make_array, curvatures[k]), make_array(x[k]), make_array(directions[k])
        )
        alone = Armijo()(phi, start)
        assert_close(to_numpy(together.step)[k], to_numpy(alone.step))
        assert_close(to_numpy(together.gradient)[k], to_numpy(alone.gradient))
        assert bool(together.accepted[k]) == bool(alone.accepted) == (k != 3)
    assert (to_numpy(together.value) <= (curvatures * x * x).sum(-1) / 2).all()


def test_armijo_gives_up_with_a_step_of_zero():
    start = LineStart(np.array(0.0), np.array([-1.0]), np.array([1.0]))
    found = Armijo(max_evaluations=5)(lambda u: (np.array(np.nan), np.array([1.0])), start)
    assert (found.step, found.value, found.accepted, found.n_evaluations) == (0, 0, False, 5)


def _quartic(seed):
    """A function of one variable that falls at 0 and rises in the end, with bumps between."""
    rng = np.random.default_rng(seed)
    bumps, phases = rng.normal(size=3), rng.uniform(0, 6, 3)
    scale = 10 ** rng.uniform(-2, 2)
    waves = np.arange(1, 4)

    def function(x):
        u = x / scale
        value = 0.1 * u**4 + (bumps * np.sin(waves * u + phases)).sum(-1)
        slope = 0.4 * u**3 + (bumps * waves * np.cos(waves * u + phases)).sum(-1)
        return value[..., 0] if np.ndim(value) else value, slope / scale

    def at(u):
        value, slope = function(np.asarray(u))
        return np.asarray(value), np.reshape(slope, (1,))

    return at


@given(st.integers(0, 100_000), st.sampled_from([0.9, 0.3, 0.1]))
def test_strong_wolfe_point_is_one(seed, slope_decrease):
    function = _quartic(seed)
    value, slope = function(0.0)
    direction = -np.sign(slope)
    if slope[0] == 0:
        return
    phi = lambda u: function(u * direction[0])  # noqa: E731
    search = StrongWolfe(slope_decrease=slope_decrease, max_evaluations=60)
    found = search(phi, LineStart(value, slope, direction))
    initial = float(slope @ direction)
    assert found.accepted
    assert found.value <= value + 1e-4 * found.step * initial + 1e-14
    assert abs(found.gradient @ direction) <= slope_decrease * abs(initial) * (1 + 1e-12)
    np.testing.assert_array_equal(phi(float(found.step))[1], found.gradient)


@pytest.mark.filterwarnings("ignore:.*line search.*")  # SciPy's own gives up on some
def test_strong_wolfe_needs_no_more_than_scipy():
    ours, theirs = 0, 0
    for seed in range(200):
        function = _quartic(seed)
        value, slope = function(0.0)
        direction = -slope
        found = StrongWolfe()(
            lambda u, f=function, p=direction: f(u * p[0]), LineStart(value, slope, direction)
        )
        result = line_search(
            lambda x, f=function: float(f(x[0])[0]),
            lambda x, f=function: f(x[0])[1],
            np.zeros(1),
            direction,
        )
        if result[0] is not None:
            ours += found.n_evaluations
            theirs += max(result[1], result[2])
    assert ours <= 1.1 * theirs


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_strong_wolfe_backs_out_of_values_that_are_not_finite(make_array, bad):
    def phi(u):
        if float(u) > 0.02:
            return make_array(bad), make_array([bad])
        return (u - 0.01) ** 2, 2 * array_namespace(u).reshape(u - 0.01, (1,))

    start = LineStart(make_array(1e-4), make_array([-0.02]), make_array([1.0]))
    found = StrongWolfe()(phi, start)
    assert bool(found.accepted)
    assert float(found.value) < 1e-4


def test_strong_wolfe_refuses_an_uphill_direction(make_array):
    phi, start = _along(_bowl(make_array, [1.0]), make_array([1.0]), make_array([1.0]))
    found = StrongWolfe()(phi, start)
    assert (bool(found.accepted), float(found.step), found.n_evaluations) == (False, 0.0, 0)
