import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.optimizers import LBFGS, GoldenSection, LineStart, golden_section

from ..tolerances import OF_MINIMUM, assert_close

_coordinates = st.floats(-1e3, 1e3)


def _start(values, make_array=np.asarray, dtype="float64"):
    values = np.asarray(values)
    ones = np.ones((*values.shape, 1))
    arrays = (make_array(array, dtype) for array in (values, ones, ones))
    return LineStart(*arrays)


@given(_coordinates, st.floats(1e-3, 1e3), st.booleans(), st.floats(0, 1), st.floats(0.5, 4))
def test_bracket_anywhere(a, width, reverse, fraction, power):
    """One minimum anywhere in a shifted, scaled or reversed bracket is found to the bound."""
    minimum = a + fraction * width
    ends = (a + width, a) if reverse else (a, a + width)

    def function(u):
        side = np.where(u > minimum, 1.0, 7.0)
        return side * np.abs(u - minimum) ** power

    best, value = golden_section(function, *map(np.asarray, ends), n_evaluations=20)
    # Powers of distances below the coordinates' own rounding cannot be told apart.
    bound = 0.6181**19 * width + 1e-12 * (abs(a) + width)
    # The asymmetric sides do not change which point is nearer than the bound.
    assert abs(best - minimum) <= bound
    assert value == function(best)


@given(_coordinates, st.floats(1e-2, 1e3), st.integers(1, 25), st.integers(0, 1000))
def test_best_point_seen_and_budget(a, width, n_evaluations, seed):
    """On a function with many minima: the lowest of exactly the budget, inside the bracket."""
    rng = np.random.default_rng(seed)
    seen = []

    def bumpy(u):
        seen.append((rng.normal(), float(u)))
        return np.asarray(seen[-1][0])

    best, value = golden_section(
        bumpy, np.asarray(a), np.asarray(a + width), n_evaluations=n_evaluations
    )
    assert len(seen) == n_evaluations
    assert (float(value), float(best)) == min(seen)
    assert a <= best <= a + width


def test_brute_force_minima_of_an_ensemble(make_array):
    ends = np.array([[-3.0, 1.0], [0.5, 4.0], [8.0, -2.0]])
    shifts = np.array([-1.7, 0.9, 5.1])

    def function(u):
        xp = array_namespace(u)
        offset = u - make_array(shifts)
        return xp.exp(offset) - offset

    best, _ = golden_section(function, *map(make_array, ends.T), n_evaluations=40)
    grids = np.linspace(*ends.T, 200_001)
    oracle = [
        grid[np.argmin(np.exp(grid - shift) - (grid - shift))]
        for grid, shift in zip(grids.T, shifts, strict=True)
    ]
    np.testing.assert_allclose(to_numpy(best), oracle, atol=1e-4)


def test_nan_counts_as_high():
    def function(u):
        return np.where(u < 0.45, np.nan, (u - 0.5) ** 2)

    best, _ = golden_section(function, np.asarray(0.0), np.asarray(1.0), n_evaluations=30)
    assert abs(best - 0.5) < 1e-4


@given(st.integers(0, 10_000), st.integers(1, 12))
def test_line_search_never_accepts_an_increase(seed, n_evaluations):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=5)
    seen = [(values, np.zeros(5))]

    def rough(u):
        value = rng.normal(size=5)
        value[rng.random(5) < 0.3] = rng.choice([np.nan, np.inf])
        seen.append((value, u))
        return value

    found = GoldenSection(n_evaluations=n_evaluations)(rough, _start(values))
    lowest = np.nanmin([value for value, _ in seen], axis=0)
    np.testing.assert_array_equal(found.value, lowest)
    np.testing.assert_array_equal(found.accepted, lowest < values)
    np.testing.assert_array_equal(found.step > 0, found.accepted)
    assert found.n_evaluations == len(seen) - 1 == n_evaluations


def test_bracketing_of_algorithm_1():
    """First step 0.2, doubled while it falls; shrunk by 0.382 while it does not; then golden."""
    trials = []

    def falling(u):
        trials.append(float(u))
        return (u - 1.0) ** 2

    GoldenSection(n_evaluations=6)(falling, _start(1.0))
    # The bracket is 0.4, 0.8, 1.6: into the larger side, then towards the minimum.
    assert_close(trials[:4], [0.2, 0.4, 0.8, 1.6])
    assert trials[4] == pytest.approx(0.8 + 0.382 * 0.8)
    trials.clear()

    def rising(u):
        trials.append(float(u))
        return 1 + u

    found = GoldenSection(n_evaluations=4)(rising, _start(1.0))
    assert_close(trials, 0.2 * 0.382 ** np.arange(4))
    assert found.step == 0
    assert found.value == 1
    assert not found.accepted


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_line_minima_of_an_ensemble(make_array, dtype):
    minima = np.array([1e-3, 0.2, 0.9, 30.0])

    def phi(u):
        return (u - make_array(minima, dtype)) ** 2

    found = GoldenSection(n_evaluations=30)(phi, _start(minima**2, make_array, dtype))
    assert found.step.dtype == make_array(minima, dtype).dtype
    np.testing.assert_allclose(to_numpy(found.step), minima, rtol=5e-3)


def _train(loss, gradient, x, n_iterations):
    """L-BFGS with golden-section steps, as an ensemble (K, P) would be trained."""
    optimizer = LBFGS(reset_cosine=1e-4, curvature_shift=1e-6)
    search = GoldenSection(n_evaluations=8)
    state, slope, losses = optimizer.init(x), gradient(x), [loss(x)]
    for _ in range(n_iterations):
        direction = optimizer.direction(slope, state)
        start = LineStart(losses[-1], slope, direction)
        found = search(lambda u, x=x, p=direction: loss(x + u[..., None] * p), start)
        moved = x + found.step[..., None] * direction
        change = gradient(moved) - slope
        state = optimizer.update(state, moved - x, change)
        x, slope = moved, slope + change
        losses.append(found.value)
    return x, torch.stack(losses)


def test_ensemble_of_logistic_members_equals_solo_runs():
    """(K, P) members at once: own memory, own line search, own reset; each as if alone."""
    generator = torch.Generator().manual_seed(5)
    inputs = torch.randn(6, 40, 7, generator=generator, dtype=torch.float64)
    inputs = inputs * torch.logspace(-2, 1, 6, dtype=torch.float64)[:, None, None]
    targets = (inputs[..., 0] + 0.3 * inputs[..., 1] > 0).double()

    def problem(inputs, targets):
        def loss(x):
            logits = (inputs @ x[..., None])[..., 0]
            misfit = torch.nn.functional.softplus(logits) - targets * logits
            return misfit.mean(-1) + 0.01 * (x * x).sum(-1)

        return loss, torch.func.grad(lambda x: loss(x).sum())

    x = torch.randn(6, 7, generator=generator, dtype=torch.float64)
    together, losses = _train(*problem(inputs, targets), x, 25)
    for k in range(6):
        alone, solo_losses = _train(*problem(inputs[k], targets[k]), x[k], 25)
        assert_close(together[k], alone, amplification=OF_MINIMUM)
        assert_close(losses[:, k], solo_losses, amplification=25)
    assert (losses.diff(dim=0) <= 0).all()
    slopes = problem(inputs, targets)[1](together)
    assert float(slopes.abs().max()) < 1e-4


def test_bad_settings_are_refused():
    with pytest.raises(ValueError, match="`n_evaluations` is 0"):
        GoldenSection(n_evaluations=0)
    with pytest.raises(ValueError, match=r"`shrink` is 0\.7"):
        GoldenSection(shrink=0.7)
    with pytest.raises(ValueError, match="`n_evaluations` is 0"):
        golden_section(abs, np.asarray(0.0), np.asarray(math.pi), n_evaluations=0)
