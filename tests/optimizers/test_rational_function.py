import numpy as np
import pytest

from fourierpathfinder.optimizers import find_saddle
from fourierpathfinder.optimizers.rational_function import bofill_update

from ..tolerances import assert_close


def _mueller_brown(x):
    scale = np.array([-200.0, -100, -170, 15])
    a, b, c = np.array([[-1.0, -1, -6.5, 0.7], [0, 0, 11, 0.6], [-10, -10, -6.5, 0.7]])
    dx, dy = x[0] - np.array([1, 0, -0.5, -1]), x[1] - np.array([0, 0.5, 1.5, 1])
    e = scale * np.exp(a * dx**2 + b * dx * dy + c * dy**2)
    return e.sum(), np.array([e @ (2 * a * dx + b * dy), e @ (b * dx + 2 * c * dy)])


def _lennard_jones(x):
    atoms = x.reshape(-1, 3)
    d = atoms[:, None] - atoms
    squared = (d**2).sum(-1)
    np.fill_diagonal(squared, np.inf)
    sixth = squared**-3
    slope = -24 * (2 * sixth**2 - sixth) / squared
    return 2 * (sixth**2 - sixth).sum(), (slope[..., None] * d).sum(1).ravel()


def _rigid_motions(x):
    atoms = x.reshape(-1, 3) - x.reshape(-1, 3).mean(0)
    motions = [np.tile(axis, len(atoms)) for axis in np.eye(3)]
    motions += [np.cross(axis, atoms).ravel() for axis in np.eye(3)]
    return np.linalg.qr(np.array(motions).T)[0].T


def _true_hessian(function, x, h=1e-5):
    shifts = h * np.eye(x.size)
    return np.array([(function(x + e)[1] - function(x - e)[1]) / (2 * h) for e in shifts])


@pytest.mark.parametrize("start", [(-0.8, 0.6), (-0.75, 0.7), (-0.9, 0.55), (-0.7, 0.5)])
def test_mueller_brown(start):
    found = find_saddle(
        _mueller_brown, np.array(start), np.array([1.0, -1.0]), gradient_tolerance=1e-3
    )
    assert found.converged
    assert found.n_gradients <= 9
    assert found.value == pytest.approx(-40.66484351, abs=1e-7)
    np.testing.assert_allclose(found.position, [-0.822, 0.624], atol=1e-3)
    curvatures, modes = np.linalg.eigh(_true_hessian(_mueller_brown, found.position))
    assert (curvatures < 0).sum() == 1
    assert abs(modes[:, 0] @ found.mode) > 0.99


def test_exact_hessian_saves_gradients():
    start, mode = np.array([-0.75, 0.7]), np.array([1.0, -1.0])
    hessian = _true_hessian(_mueller_brown, start)
    without = find_saddle(_mueller_brown, start, mode)
    with_hessian = find_saddle(_mueller_brown, start, mode, hessian=hessian)
    assert with_hessian.converged
    assert with_hessian.n_gradients < without.n_gradients


def test_rhombus_of_four_lennard_jones_atoms():
    """The tetrahedron turns inside out through the planar rhombus, -5.073421."""
    rhombus = 1.12 * np.array([[0.5, 0, 0], [-0.5, 0, 0], [0, 0.87, 0], [0, -0.87, 0]])
    bend = np.array([[0, 0, 1], [0, 0, 1], [0, 0, -1.0], [0, 0, -1]]).ravel()
    start = rhombus.ravel() + 0.05 * bend
    found = find_saddle(_lennard_jones, start, bend, project=_rigid_motions)
    assert found.converged
    assert found.n_gradients <= 30
    assert found.value == pytest.approx(-5.073421, abs=1e-6)
    curvatures = np.linalg.eigvalsh(_true_hessian(_lennard_jones, found.position))
    assert (curvatures < -1e-3).sum() == 1
    # Neither moved nor turned as a whole.
    assert_close(found.position.reshape(-1, 3).mean(0), 0, scale=1)


# A rearrangement's saddle of seven atoms, and its mode, to one decimal.
_NEAR_SADDLE = """-0.2 -0.3 0.6  0.3 0.6 0.2  0.5 0.3 -0.8  -0.1 -1.0 -0.3  -0.5 0.1 -0.4
    -0.8 0.6 0.6  0.8 -0.3 0.0"""
_MODE = """0 0 -0.1  -0.1 -0.1 -0.1  -0.1 -0.5 0.1  0.3 0.4 -0.3  -0.3 0.2 0
    0 0.1 0.2  0.3 0 0.3"""


@pytest.mark.parametrize("seed", range(5))
def test_seven_lennard_jones_atoms(seed):
    rng = np.random.default_rng(seed)
    start, mode = (np.array(text.split(), float) for text in (_NEAR_SADDLE, _MODE))
    start = start + rng.normal(scale=0.01, size=21)
    found = find_saddle(_lennard_jones, start, mode, project=_rigid_motions)
    assert found.converged
    assert found.n_gradients <= 47
    assert found.value == pytest.approx(-15.31986444, abs=1e-7)
    curvatures = np.linalg.eigvalsh(_true_hessian(_lennard_jones, found.position))
    assert (curvatures < -1e-3).sum() == 1


def test_a_value_that_is_not_finite_shortens_the_step():
    def walled(x):
        value, gradient = _mueller_brown(x)
        return (np.nan if x[0] > -0.80 else value), gradient

    found = find_saddle(
        walled, np.array([-0.9, 0.7]), np.array([1.0, -1.0]), max_step=0.3, gradient_tolerance=1e-3
    )
    assert found.converged
    assert found.value == pytest.approx(-40.66484351, abs=1e-6)


def test_ways_not_to_converge_are_told():
    start, mode = np.array([-0.7, 0.5]), np.array([1.0, -1.0])
    short = find_saddle(_mueller_brown, start, mode, max_gradients=4)
    assert not short.converged
    assert short.n_gradients == 4
    assert short.message == "The limit of 4 gradients was reached."

    def nowhere(x):
        return np.nan, x

    assert "start is not finite" in find_saddle(nowhere, start, mode).message

    def only_here(x):
        return (0.0 if np.array_equal(x, start) else np.inf), np.ones(2)

    walled_in = find_saddle(only_here, start, mode, hessian=np.eye(2))
    assert "however short" in walled_in.message
    np.testing.assert_array_equal(walled_in.position, start)
    assert "not finite" in find_saddle(only_here, start, mode).message

    bowl = find_saddle(lambda x: (x @ x, 2 * x), np.zeros(2), mode)
    assert not bowl.converged
    assert "does not curve down" in bowl.message


def test_bofill_update_is_symmetric_and_meets_the_secant(rng):
    hessian = rng.normal(size=(5, 5))
    hessian = hessian + hessian.T
    step, change = rng.normal(size=(2, 5))
    updated = bofill_update(hessian, step, change)
    assert_close(updated @ step, change)
    assert_close(updated, updated.T)
    np.testing.assert_array_equal(bofill_update(updated, step, updated @ step), updated)


def test_bad_input_is_refused():
    with pytest.raises(ValueError, match=r"`x` has shape \(2,\), `mode` \(3,\)"):
        find_saddle(_mueller_brown, np.zeros(2), np.ones(3))
    with pytest.raises(ValueError, match=r"`mode` has length 0\.0"):
        find_saddle(_mueller_brown, np.zeros(2), np.zeros(2))
