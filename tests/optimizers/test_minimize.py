import numpy as np
import pytest
from scipy.optimize import minimize as scipy_minimize
from scipy.optimize import rosen, rosen_der

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.optimizers import LBFGS, Armijo, CappedStep, GoldenSection, minimize


def _quadratic(n_variables, condition):
    rng = np.random.default_rng(0)
    axes, _ = np.linalg.qr(rng.normal(size=(n_variables, n_variables)))
    hessian = axes * np.logspace(0, np.log10(condition), n_variables) @ axes.T
    return lambda x: (x @ hessian @ x / 2, hessian @ x)


def _rosenbrock(x):
    return rosen(x), rosen_der(x)


PROBLEMS = {
    "convex": (_quadratic(50, 10), np.ones(50)),
    "ill-conditioned": (_quadratic(20, 1e6), np.ones(20)),
    "rosenbrock-2": (_rosenbrock, np.array([-1.2, 1.0])),
    "rosenbrock-20": (_rosenbrock, np.tile([-1.2, 1.0], 10)),
}


@pytest.mark.parametrize("problem", PROBLEMS)
def test_as_few_evaluations_as_scipy(problem):
    function, x = PROBLEMS[problem]
    options = {"maxcor": 10, "gtol": 1e-6, "ftol": 0, "maxiter": 20_000, "maxfun": 50_000}
    oracle = scipy_minimize(function, x, jac=True, method="L-BFGS-B", options=options)
    found = minimize(function, x, gradient_tolerance=1e-6, max_iterations=20_000)
    assert found.converged
    assert found.n_evaluations <= 1.3 * oracle.nfev
    assert np.abs(function(found.x)[1]).max() <= 1e-6
    np.testing.assert_allclose(found.x, oracle.x, atol=1e-4)


@pytest.mark.parametrize(
    "search",
    [Armijo(), CappedStep(1.0), GoldenSection(10)],
    ids=lambda search: type(search).__name__,
)
@pytest.mark.parametrize("problem", ["convex", "rosenbrock-2", "rosenbrock-20"])
def test_every_search_arrives(problem, search):
    function, x = PROBLEMS[problem]
    calls = []
    found = minimize(lambda x: calls.append(x) or function(x), x, search=search)
    assert found.converged
    assert found.n_evaluations == len(calls)
    assert found.value == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-8), ("float32", 1e-3)])
def test_every_library(make_array, dtype, tolerance):
    curvature = make_array([1.0, 10.0, 100.0], dtype)
    target = make_array([1.0, -2.0, 3.0], dtype)

    def function(x):
        offset = x - target
        return array_namespace(x).sum(curvature * offset * offset) / 2, curvature * offset

    x = make_array(np.zeros(3), dtype)
    found = minimize(function, x, gradient_tolerance=tolerance)
    assert found.converged
    assert found.x.dtype == x.dtype
    np.testing.assert_allclose(to_numpy(found.x), to_numpy(target), atol=tolerance)


def test_exact_preconditioner_takes_a_single_step():
    curvature = np.logspace(0, 6, 30)
    found = minimize(
        lambda x: (curvature @ x**2 / 2, curvature * x),
        np.ones(30),
        preconditioner=1 / curvature,
    )
    assert found.converged
    assert found.n_iterations == 1


def test_callback_sees_every_step_and_can_stop():
    seen = []

    def callback(intermediate):
        seen.append(intermediate)
        if intermediate.n_iterations == 5:
            raise StopIteration

    found = minimize(_rosenbrock, np.array([-1.2, 1.0]), callback=callback)
    assert [point.n_iterations for point in seen] == [1, 2, 3, 4, 5]
    assert not found.converged
    assert found.message == "The callback ended the run."
    assert found.value == min(point.value for point in seen)


def test_limit_of_iterations_is_a_flag_and_the_best_point_is_kept():
    search, values = CappedStep(1.0), []
    found = minimize(
        lambda x: values.append(rosen(x)) or _rosenbrock(x),
        np.array([-1.2, 1.0]),
        search=search,
        max_iterations=15,
    )
    assert not found.converged
    assert found.n_iterations == 15
    assert found.value == min(values)
    np.testing.assert_array_equal(_rosenbrock(found.x)[1], found.gradient)


def test_nothing_lower_ends_the_run():
    wrong = minimize(lambda x: (x @ x, -2 * x), np.ones(2), search=Armijo())
    assert not wrong.converged
    assert wrong.message == "The line search found no lower value."


def test_no_progress_ends_the_run():
    found = minimize(lambda x: (np.float64(1.0), np.ones(2)), np.ones(2), search=CappedStep(1.0))
    assert not found.converged
    assert found.message == "The last 20 steps did not lower the value."


def test_values_that_are_not_finite_are_walked_round():
    def function(x):
        with np.errstate(all="ignore"):
            return x[0] - np.log(x[0]), 1 - 1 / x

    for search in (Armijo(), GoldenSection()):
        found = minimize(function, np.array([1e-3]), optimizer=LBFGS(memory=3), search=search)
        np.testing.assert_allclose(found.x, 1.0, atol=1e-5)
