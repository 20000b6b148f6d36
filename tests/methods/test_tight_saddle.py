"""A saddle whose force is as small as is asked for, for a few gradients more."""

import numpy as np
import pytest

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, leps_harmonic, mueller_brown
from fourierpathfinder.storage.results import parts_of, result_of


class Counted:
    """A landscape that counts, and is otherwise what it was."""

    def __init__(self, landscape):
        self.landscape, self.n_gradients = landscape, 0

    def __getattr__(self, name):
        return getattr(self.landscape, name)

    def value_and_grad(self, points):
        self.n_gradients += len(points)
        return self.landscape.value_and_grad(points)


def searched(toy, limit, **settings):
    method = Surrogate(saddle_gradient=limit, **settings)
    return find_path(toy, toy.start, toy.end, method=method, max_gradients=100, rng=0)


@pytest.mark.parametrize(
    ("toy", "limit"),
    [(mueller_brown(), 1e-3), (leps_harmonic(), 1e-5), (lennard_jones(7), 1e-4)],
    ids=["mueller_brown", "leps", "lj7"],
)
def test_the_force_is_as_small_as_asked_for(toy, limit):
    loose, tight = searched(toy, None), searched(toy, limit)
    assert tight.certified
    assert tight.height == pytest.approx(loose.height, abs=2e-3 * loose.barrier)
    gradient = toy.value_and_grad(tight.saddle.position[None])[1][0]
    vectors = gradient.reshape(-1, 3) if toy.n_atoms else gradient[None]
    force = np.linalg.norm(vectors, axis=1).max()
    assert force <= limit
    assert tight.saddle.largest_force == pytest.approx(force, rel=1e-6)
    assert tight.n_gradients <= loose.n_gradients + 8
    assert np.allclose(tight.path(tight.saddle.time), tight.saddle.position, atol=1e-6)


def test_without_a_certificate():
    toy = mueller_brown()
    tight = searched(toy, 1e-3, certify=False)
    assert tight.saddle.gradient_norm <= 1e-3
    assert tight.success


def test_one_that_is_tight_already_costs_nothing():
    toy = mueller_brown()
    loose = searched(toy, None)
    tight = searched(toy, 1.01 * loose.saddle.gradient_norm)
    assert tight.n_gradients == loose.n_gradients
    assert np.array_equal(tight.path.coefficients, loose.path.coefficients)


def test_what_cannot_be_reached_is_said():
    """Gradients with noise: smaller than that no force is found."""
    toy, rng = mueller_brown(), np.random.default_rng(0)

    class Noisy:
        def value_and_grad(self, points):
            values, gradients = toy.value_and_grad(points)
            return values, gradients + 0.5 * rng.normal(size=gradients.shape)

    counted = Counted(Noisy())
    method = Surrogate(saddle_gradient=1e-9, noise=(1e-6, 0.5))
    result = find_path(counted, toy.start, toy.end, method=method, max_gradients=90, rng=0)
    assert counted.n_gradients == result.n_gradients <= 90
    assert "The force at the saddle is still" in result.message


def test_the_force_is_kept_in_files():
    toy = mueller_brown()
    tight = searched(toy, 1e-3)
    assert result_of(parts_of(tight)).saddle.largest_force == tight.saddle.largest_force


def test_what_makes_no_sense():
    for wrong in (0, -1.0, float("nan")):
        with pytest.raises(ValueError, match="saddle_gradient"):
            Surrogate(saddle_gradient=wrong)
