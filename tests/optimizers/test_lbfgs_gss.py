import numpy as np
import pytest
import torch
from scipy.optimize import rosen, rosen_der

from fourierpathfinder._arrays import array_namespace, to_numpy
from fourierpathfinder.optimizers import LBFGSGSS, GoldenSection, TorchLBFGSGSS

from ..tolerances import assert_close


class Valley:
    """Rosenbrock's function, for any array library, with a count of its evaluations."""

    def __init__(self):
        self.n_values = self.n_gradients = 0

    def value(self, points):
        self.n_values += 1
        return self._value(points)

    def value_and_grad(self, points):
        self.n_gradients += 1
        xp = array_namespace(points)
        x, y = points[..., 0], points[..., 1]
        rise = y - x * x
        gradient = xp.stack([-400 * x * rise - 2 * (1 - x), 200 * rise], axis=-1)
        return self._value(points), gradient

    @staticmethod
    def _value(points):
        x, y = points[..., 0], points[..., 1]
        rise = y - x * x
        return 100 * rise * rise + (1 - x) * (1 - x)


STARTS = np.array([[-1.2, 1.0], [2.0, -1.0], [0.3, 3.0]])


def run(x, n_steps, landscape=None, optimizer=None):
    optimizer = optimizer or LBFGSGSS()
    landscape = landscape or Valley()
    state, values = optimizer.init(x), []
    for _ in range(n_steps):
        x, state = optimizer.step(landscape, x, state)
        values.append(to_numpy(state.value))
    return x, state, np.array(values)


def test_valley_is_that_of_scipy(rng):
    points = rng.normal(size=(4, 2))
    value, gradient = Valley().value_and_grad(points)
    assert_close(value, [rosen(p) for p in points])
    assert_close(gradient, [rosen_der(p) for p in points])


def test_minimum_is_found_and_the_value_never_rises(make_array):
    landscape = Valley()
    x, state, values = run(make_array(STARTS), 150, landscape)
    np.testing.assert_allclose(to_numpy(x), 1, atol=1e-3)
    assert (np.diff(values, axis=0) <= 0).all()
    assert (landscape.n_gradients, landscape.n_values) == (150, 6 * 150)
    assert_close(to_numpy(state.value), Valley._value(to_numpy(x)))


def test_member_equals_its_solo_run(make_array):
    together, state, values = run(make_array(STARTS), 40)
    for k, start in enumerate(STARTS):
        x, alone, own = run(make_array(start[None]), 40)
        np.testing.assert_allclose(to_numpy(x)[0], to_numpy(together)[k], rtol=1e-9)
        np.testing.assert_allclose(own[:, 0], values[:, k], rtol=1e-9)
        assert bool(alone.active[0]) == bool(state.active[k])


def test_member_at_its_minimum_stops_and_the_others_go_on():
    x, state, _ = run(np.array([[1.0, 1.0], [-1.2, 1.0]]), 5)
    assert state.active.tolist() == [False, True]
    np.testing.assert_array_equal(x[0], [1, 1])
    assert state.value[1] < rosen([-1.2, 1.0])


def test_member_without_finite_values_stays_where_it_is():
    class Broken(Valley):
        def value_and_grad(self, points):
            value, gradient = super().value_and_grad(points)
            return value, np.where(points[..., :1] > 1.9, np.nan, gradient)

    x, state, _ = run(STARTS, 20, Broken())
    assert state.active.tolist() == [True, False, True]
    np.testing.assert_array_equal(x[1], STARTS[1])
    assert np.isfinite(state.value).all()


def test_landscape_without_cheap_values():
    class GradientsOnly:
        def value_and_grad(self, points):
            return Valley().value_and_grad(points)

    np.testing.assert_array_equal(run(STARTS, 10, GradientsOnly())[0], run(STARTS, 10)[0])


def torch_run(n_steps, **settings):
    x = torch.tensor(STARTS[0], requires_grad=True)
    optimizer = TorchLBFGSGSS([x], **settings)
    losses = [float(optimizer.step(lambda: Valley._value(x))) for _ in range(n_steps)]
    return x, optimizer, losses


def test_torch_optimizer_is_the_same_algorithm():
    x, _, losses = torch_run(20)
    expected, _, values = run(STARTS[:1], 20)
    np.testing.assert_allclose(x.detach(), expected[0], rtol=1e-6)
    np.testing.assert_allclose(losses[1:], values[:-1, 0], rtol=1e-6)


def test_torch_optimizer_goes_on_from_its_state_dict(tmp_path):
    whole, _, _ = torch_run(30)
    half, optimizer, _ = torch_run(15)
    torch.save(optimizer.state_dict(), tmp_path / "state.pt")
    x = half.detach().clone().requires_grad_()
    resumed = TorchLBFGSGSS([x])
    resumed.load_state_dict(torch.load(tmp_path / "state.pt", weights_only=True))
    for _ in range(15):
        resumed.step(lambda: Valley._value(x))
    np.testing.assert_array_equal(x.detach(), whole.detach())


def test_torch_optimizer_leaves_the_parameters_alone_when_the_closure_fails():
    x, optimizer, _ = torch_run(3)
    before = x.detach().clone()
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 4:
            raise RuntimeError("out of luck")
        return Valley._value(x)

    with pytest.raises(RuntimeError, match="out of luck"):
        optimizer.step(closure)
    torch.testing.assert_close(x.detach(), before, rtol=0, atol=0)


def test_settings_reach_the_algorithm():
    narrow = LBFGSGSS(search=GoldenSection(n_evaluations=2, first_step=0.01))
    expected, _, _ = run(STARTS[:1], 5, optimizer=narrow)
    x, _, _ = torch_run(5, n_evaluations=2, first_step=0.01)
    assert_close(x.detach(), expected[0])
    with pytest.raises(ValueError, match="`n_evaluations` is 0"):
        torch_run(1, n_evaluations=0)


def test_several_groups_are_refused():
    groups = [{"params": [torch.zeros(1, requires_grad=True)]} for _ in range(2)]
    with pytest.raises(ValueError, match="2 groups"):
        TorchLBFGSGSS(groups)
