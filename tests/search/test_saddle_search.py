"""Saddles and distances from them, against functions whose saddles are known."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.gaussian_process.inverse_distances import InverseDistances
from fourierpathfinder.landscapes.toy import lennard_jones, mueller_brown
from fourierpathfinder.search.policy import BOLD, Climb
from fourierpathfinder.search.saddle_search import newton_decrement, surrogate_saddle


@dataclass
class Cubic:
    """Σ_i λ_i y_i²/2 + κ y_0³/6, y = Rᵀ(x - c), in the guise of a surrogate."""

    curvatures: np.ndarray
    third: float = 0.0
    records: np.ndarray = field(default_factory=lambda: np.full((1, 3), 1e6))

    def __post_init__(self):
        self.axes = Rotation.from_rotvec([0.3, -1.1, 0.4]).as_matrix()
        self.saddle = np.array([0.4, -0.2, 0.1])
        self.data = SimpleNamespace(x=self.records)
        self.span = lambda: (self.saddle, np.eye(3))

    def predict(self, x):
        y = (x - self.saddle) @ self.axes
        values = (self.curvatures * y**2).sum(axis=1) / 2 + self.third * y[:, 0] ** 3 / 6
        slopes = self.curvatures * y
        slopes[:, 0] += self.third * y[:, 0] ** 2 / 2
        return values, slopes @ self.axes.T

    def deviation(self, x):
        return np.ones(len(x))  # nothing is known anywhere but at the records

    def hessian(self, x):
        curved = self.curvatures.copy()
        curved[0] += self.third * ((x - self.saddle) @ self.axes)[0]
        return self.axes * curved @ self.axes.T


SADDLE = np.array([-1.0, 2.0, 0.7])
FLAT = BOLD.climb.flat


def climbed(model, offset, tangent, reach=1.0):
    """From `offset` beside the saddle along `tangent`, both in the model's own axes."""
    top, direction = model.saddle + model.axes @ offset, model.axes @ tangent
    return surrogate_saddle(model, top, direction, 1.0, Climb(reach=reach))


def found(model, offset, tangent, reach=1.0):
    return climbed(model, offset, tangent, reach).position


@pytest.mark.parametrize("third", [0.0, 0.5, -0.5])
def test_quadratic_and_cubic_saddles(third):
    model = Cubic(SADDLE, third)
    summit = climbed(model, np.array([0.1, -0.2, 0.15]), np.eye(3)[0])
    np.testing.assert_allclose(summit.position, model.saddle, atol=1e-6)
    assert summit.is_stationary


def test_where_nothing_is_negative_it_climbs_along_the_tangent():
    """Bent upwards at the top of the path, downwards beyond."""
    model = Cubic(SADDLE, third=-4.0)
    start = np.array([-0.35, 0.1, 0.0])
    assert np.linalg.eigvalsh(model.hessian(model.saddle + model.axes @ start)).min() > 0
    np.testing.assert_allclose(found(model, start, np.eye(3)[0]), model.saddle, atol=1e-6)


def test_never_further_than_the_reach_into_the_unknown():
    model = Cubic(SADDLE)
    offset = np.array([0.5, -0.4, 0.3])
    x = found(model, offset, np.eye(3)[0], reach=0.2)
    assert np.linalg.norm(x - model.saddle - model.axes @ offset) == pytest.approx(0.2)
    assert not climbed(model, offset, np.eye(3)[0], reach=0.2).is_stationary


def test_further_where_the_reach_ends_at_a_record():
    offset, tangent = np.array([0.5, -0.4, 0.3]), np.eye(3)[0]
    stopped = found(Cubic(SADDLE), offset, tangent, reach=0.2)
    model = Cubic(SADDLE, records=stopped[None])
    x = found(model, offset, tangent, reach=0.2)
    assert np.linalg.norm(x - model.saddle) < 0.8 * np.linalg.norm(stopped - model.saddle)


def test_flat_directions_are_left_alone():
    model = Cubic(np.array([-1.0, 2.0, 0.0]))
    x = found(model, np.array([0.1, -0.2, 0.15]), np.eye(3)[0])
    np.testing.assert_allclose((x - model.saddle) @ model.axes, [0, 0, 0.15], atol=1e-6)


@dataclass
class Sloping(Cubic):
    """The same with a slope in the last direction, which hardly curves."""

    slope: float = 1e-5

    def predict(self, x):
        values, slopes = super().predict(x)
        y = (x - self.saddle) @ self.axes[:, 2]
        return values + self.slope * y, slopes + self.slope * self.axes[:, 2]


@pytest.mark.parametrize("curvature", [0.25, 0.75])
def test_slopes_in_flat_directions_are_gone_down_where_the_saddle_is_known(curvature):
    """The surrogate's saddle would be refused for what they leave of its gradient."""
    model = Sloping(np.array([-1.0, 2.0, curvature * FLAT * 2.0]))
    start = model.saddle + model.axes @ np.array([0.1, -0.2, 0.0])
    numbers = Climb(reach=1.0, steps=100)
    new, known = (
        surrogate_saddle(model, start, model.axes[:, 0], 1.0, numbers, sure=sure)
        for sure in (0.5, 2.0)
    )
    assert np.linalg.norm(model.predict(new.position[None])[1]) == pytest.approx(model.slope)
    assert np.linalg.norm(model.predict(known.position[None])[1]) < 0.01 * model.slope
    assert known.is_stationary


def test_slopes_that_lead_nowhere_new_leave_the_saddle_where_it_is():
    """Where the slope does not end, and all is known as far as the reach."""
    model = Sloping(np.array([-1.0, 2.0, 0.0]))
    start = model.saddle + model.axes @ np.array([0.1, -0.2, 0.0])
    summit = surrogate_saddle(model, start, model.axes[:, 0], 1.0, BOLD.climb, sure=2.0)
    np.testing.assert_allclose(summit.position, model.saddle, atol=1e-6)
    assert summit.is_stationary


def test_saddle_of_a_real_surrogate_is_stationary():
    toy = mueller_brown()
    x = toy.saddle + 0.15 * np.random.default_rng(0).normal(size=(12, 2))
    model = GaussianProcess(nugget=1e-10).fit(x, *toy.value_and_grad(x))
    tangent = np.array([0.7, -0.7])
    top = toy.saddle + np.array([0.05, -0.05])
    summit = surrogate_saddle(model, top, tangent, 3.0, BOLD.climb)
    assert summit.is_stationary
    saddle = summit.position
    np.testing.assert_allclose(saddle, toy.saddle, atol=2e-3)
    assert np.abs(model.predict(saddle[None])[1]).max() < 1e-3 * np.abs(model.data.gradients).max()


def test_cluster_is_not_turned_on_the_way():
    """Rotations have no curvature: the saddle comes out in the orientation of the start."""
    toy = lennard_jones(7)
    rng = np.random.default_rng(1)
    x = toy.saddle + 0.03 * rng.normal(size=(40, 21))
    model = GaussianProcess(InverseDistances(7), nugget=1e-10).fit(x, *toy.value_and_grad(x))
    _, modes = np.linalg.eigh(model.hessian(toy.saddle))
    top = toy.saddle + 0.04 * modes[:, 0]
    summit = surrogate_saddle(model, top, modes[:, 0], 3.0, BOLD.climb)
    saddle = summit.position.reshape(-1, 3)
    start = top.reshape(-1, 3)
    turn, _ = Rotation.align_vectors(saddle - saddle.mean(axis=0), start - start.mean(axis=0))
    assert turn.magnitude() < 0.05
    slope = model.predict(saddle.reshape(1, -1))[1]
    assert np.abs(slope).max() < 1e-3 * np.abs(model.data.gradients).max()


class TestNewtonDecrement:
    def test_on_a_quadratic_it_is_what_up_and_down_add_up_to(self, rng):
        model = Cubic(SADDLE)
        x = model.saddle + 0.1 * rng.normal(size=3)
        y = (x - model.saddle) @ model.axes
        gradient = model.predict(x[None])[1][0]
        expected = (np.abs(SADDLE) * y**2).sum() / 2
        assert newton_decrement(model, x, gradient, FLAT) == pytest.approx(expected)
        assert newton_decrement(model, x, gradient, FLAT) >= abs(model.predict(x[None])[0][0])

    def test_vanishes_at_the_saddle_only(self):
        model = Cubic(SADDLE)
        assert newton_decrement(model, model.saddle, np.zeros(3), FLAT) == 0
        assert newton_decrement(model, model.saddle, np.array([0, 0, 1e-3]), FLAT) > 0

    def test_flat_directions_are_finite(self):
        model = Cubic(np.array([-1.0, 2.0, 0.0]))
        assert np.isfinite(newton_decrement(model, model.saddle, np.ones(3), FLAT))


def test_further_where_the_reach_ends_at_something_foreseen():
    """A place whose value is known well enough holds the climb back no more than a record."""
    model = Cubic(SADDLE)
    offset = np.array([0.0, 0.5, 0.0])
    start, tangent = model.saddle + model.axes @ offset, model.axes[:, 0]
    numbers = Climb(reach=0.1)
    held = surrogate_saddle(model, start, tangent, 1.0, numbers)
    assert not held.is_stationary
    further = surrogate_saddle(model, start, tangent, 1.0, numbers, sure=2.0)
    assert further.is_stationary
    np.testing.assert_allclose(further.position, model.saddle, atol=1e-5)
