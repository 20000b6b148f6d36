from dataclasses import replace

import numpy as np
import pytest
import torch

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.optimizers import Adam, AdamState

from ..tolerances import assert_close


@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-5)])
@pytest.mark.parametrize("settings", [{}, {"beta1": 0.7, "beta2": 0.9, "epsilon": 1e-3}])
def test_matches_torch(make_array, rng, dtype, tolerance, settings):
    start = rng.normal(size=(15, 2))
    gradients = rng.normal(size=(40, 15, 2)) * np.logspace(-6, 2, 15)[:, None]
    oracle = torch.tensor(start, dtype=getattr(torch, dtype), requires_grad=True)
    adam = Adam(learning_rate=0.05, **settings)
    torch_adam = torch.optim.Adam(
        [oracle], lr=0.05, betas=(adam.beta1, adam.beta2), eps=adam.epsilon
    )
    x = make_array(start, dtype)
    state = adam.init(x)
    for gradient in gradients:
        oracle.grad = torch.tensor(gradient, dtype=oracle.dtype)
        torch_adam.step()
        x, state = adam.step(x, make_array(gradient, dtype), state)
    assert x.dtype == make_array(start, dtype).dtype
    np.testing.assert_allclose(to_numpy(x), oracle.detach().numpy(), atol=tolerance)
    assert state.n_steps == 40


def test_by_nesterovs_rule_it_matches_torch(make_array, rng):
    start, gradients = rng.normal(size=(15, 2)), rng.normal(size=(40, 15, 2))
    oracle = torch.tensor(start, requires_grad=True)
    # So large a decay of the momentum's own schedule leaves it as it is. Torch keeps the product of
    # momenta in single precision.
    torch_adam = torch.optim.NAdam([oracle], lr=0.05, betas=(0.8, 0.99), momentum_decay=1e9)
    adam = Adam(learning_rate=0.05, beta1=0.8, beta2=0.99, nesterov=True)
    x = make_array(start)
    state = adam.init(x)
    for gradient in gradients:
        oracle.grad = torch.tensor(gradient)
        torch_adam.step()
        x, state = adam.step(x, make_array(gradient), state)
    np.testing.assert_allclose(to_numpy(x), oracle.detach().numpy(), atol=1e-6)


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_in_place_it_is_the_same_step(rng, dtype, nesterov):
    adam, x = Adam(nesterov=nesterov), rng.normal(size=(3, 5)).astype(dtype)
    rates = np.ones((3, 1), dtype) / 10
    state = adam.init(x)
    mine, own = x.copy(), AdamState(np.zeros_like(x), np.zeros_like(x), 0)
    for n_steps in range(20):
        gradient = rng.normal(size=(3, 5)).astype(dtype)
        x, state = adam.step(x, gradient, state, rates)
        adam.step_in_place(mine, gradient, replace(own, n_steps=n_steps), rates)
    tolerance = 1e-5 if dtype is np.float32 else 1e-13
    np.testing.assert_allclose(mine, x, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(own.square_sum, state.square_sum, rtol=tolerance)


def test_learning_rate_per_term_and_per_step(make_array):
    gradient = make_array([[1.0, 1.0], [1.0, 1.0]])
    x = make_array(np.zeros((2, 2)))
    adam = Adam(epsilon=0.0)
    x, state = adam.step(x, gradient, adam.init(x), learning_rate=make_array([[1.0], [0.5]]))
    assert_close(to_numpy(x), [[-1, -1], [-0.5, -0.5]])
    x, state = adam.step(x, gradient, state, learning_rate=0.25)
    assert_close(to_numpy(x), [[-1.25, -1.25], [-0.75, -0.75]])


def test_impossible_decay_is_refused():
    with pytest.raises(ValueError, match=r"`beta2` is 1\.0; it must lie in"):
        Adam(beta2=1.0)
