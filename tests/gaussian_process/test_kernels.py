import numpy as np
import pytest
from sklearn.gaussian_process.kernels import RBF, Matern

from fourierpathfinder.gaussian_process import Matern52, SquaredExponential

from ..tolerances import assert_close

KERNELS = [(SquaredExponential(), RBF(1.0)), (Matern52(), Matern(1.0, nu=2.5))]


@pytest.mark.parametrize(("kernel", "oracle"), KERNELS)
def test_value_agrees_with_scikit_learn(kernel, oracle):
    r = np.linspace(0, 4, 30)
    expected = oracle(np.zeros((1, 1)), r[:, None])[0]
    assert_close(kernel.derivatives(r**2)[0], expected)


@pytest.mark.parametrize("kernel", [SquaredExponential(), Matern52()])
def test_each_derivative_is_the_slope_of_the_one_before(kernel):
    s, step = np.linspace(0.3, 9, 40), 1e-5
    above, below = kernel.derivatives(s + step), kernel.derivatives(s - step)
    slopes = [(a - b) / (2 * step) for a, b in zip(above, below, strict=True)]
    following = [*kernel.derivatives(s)[1:], kernel.third(s)]
    np.testing.assert_allclose(slopes, following, rtol=1e-6, atol=1e-10)


@pytest.mark.parametrize("kernel", [SquaredExponential(), Matern52()])
def test_finite_at_zero_distance(kernel):
    zero = np.zeros(2)
    assert np.isfinite([*kernel.derivatives(zero), kernel.third(zero)]).all()
    assert kernel.derivatives(zero)[0].tolist() == [1.0, 1.0]
