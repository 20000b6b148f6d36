import numpy as np
import pytest
from scipy.spatial.distance import pdist
from scipy.spatial.transform import Rotation

from fourierpathfinder.gaussian_process import Coordinates, InverseDistances

from ..tolerances import assert_close
from .oracles import central_difference

CELL = np.array([[5.0, 0, 0], [1.0, 6.0, 0], [0, 0, 20.0]])


def cluster(n_atoms, rng):
    return 2 * rng.permutation(np.array(list(np.ndindex(3, 3, 3))))[:n_atoms] + rng.uniform(
        -0.3, 0.3, (n_atoms, 3)
    )


def make(kind):
    rng = np.random.default_rng(5)
    atoms = cluster(6, rng)
    points = atoms.ravel() + 0.1 * rng.normal(size=(4, 18))
    fixed = atoms.mean(axis=0) + 5 * rng.normal(size=(3, 3))
    features = {
        "coordinates": Coordinates,
        "cluster": lambda: InverseDistances(6),
        "frozen": lambda: InverseDistances(6, fixed),
        "cubed": lambda: InverseDistances(6, fixed, power=3.0),
        "root": lambda: InverseDistances(6, fixed, power=0.5, cutoff=3.5, reference=points),
        "cutoff": lambda: InverseDistances(6, fixed, cutoff=3.5, reference=points),
        "slab": lambda: InverseDistances(6, fixed, CELL, [1, 1, 0], cutoff=4.0, reference=points),
    }[kind]()
    return features, points


KINDS = ["coordinates", "cluster", "frozen", "cubed", "root", "cutoff", "slab"]


def dense_jacobian(features, x):
    """J (P, D) at one point by finite differences of the features."""
    return central_difference(lambda u: features.linearise(u[None]).values[0], x)


@pytest.mark.parametrize("kind", KINDS)
def test_jacobian_actions_against_finite_differences(kind):
    features, points = make(kind)
    at = features.linearise(points)
    rng = np.random.default_rng(0)
    n_features = at.values.shape[1]
    jacobians = np.stack([dense_jacobian(features, x) for x in points])
    covectors, vectors = rng.normal(size=(4, n_features)), rng.normal(size=points.shape)
    close = {"rtol": 1e-7, "atol": 1e-8}
    pulled = np.einsum("mpd,mp->md", jacobians, covectors)
    np.testing.assert_allclose(at.pull_back(covectors), pulled, **close)
    each = np.einsum("mpd,kp->mdk", jacobians, covectors)
    np.testing.assert_allclose(at.pull_back_each(covectors), each, **close)
    pushed = np.einsum("mpd,md->mp", jacobians, vectors)
    np.testing.assert_allclose(at.push_forward(vectors), pushed, **close)
    metric = np.einsum("mpa,kpb->makb", jacobians, jacobians[:2])
    other = features.linearise(points[:2])
    np.testing.assert_allclose(np.broadcast_to(at.metric(other), metric.shape), metric, **close)
    np.testing.assert_allclose(at.squared_sizes, (jacobians**2).sum(axis=(1, 2)), rtol=1e-7)


@pytest.mark.parametrize("kind", KINDS)
def test_one_point_pulls_back_many_covectors(kind):
    features, points = make(kind)
    at = features.linearise(points[:1])
    covectors = np.random.default_rng(0).normal(size=(5, at.values.shape[1]))
    one_by_one = [at.pull_back(c[None])[0] for c in covectors]
    assert_close(at.pull_back(covectors), one_by_one)


@pytest.mark.parametrize("kind", KINDS)
def test_curvature_against_finite_differences(kind):
    features, points = make(kind)
    x = points[0]
    covector = np.random.default_rng(0).normal(size=features.linearise(x[None]).values.shape[1])
    expected = central_difference(
        lambda u: features.linearise(u[None]).pull_back(covector[None])[0], x
    )
    curvature = features.linearise(x[None]).curvature(covector)
    np.testing.assert_allclose(curvature, expected, atol=1e-8)


def test_values_are_the_inverse_distances():
    rng = np.random.default_rng(0)
    atoms, fixed = cluster(5, rng), cluster(2, rng) + 10
    values = InverseDistances(5, fixed).linearise(atoms.reshape(1, -1)).values[0]
    to_fixed = np.linalg.norm(atoms[:, None] - fixed, axis=-1).ravel()
    np.testing.assert_allclose(values, 1 / np.concatenate([pdist(atoms), to_fixed]))


@pytest.mark.parametrize("power", [0.5, 2.0, 3.0])
def test_powers_of_the_inverse_distances(power):
    points = np.random.default_rng(0).normal(size=(3, 15))
    plain = InverseDistances(5)
    powers = plain.with_power(power).linearise(points).values
    np.testing.assert_allclose(powers, plain.linearise(points).values ** power)
    assert plain.power == 1


def test_free_of_rotation_and_translation():
    rng = np.random.default_rng(0)
    atoms = cluster(7, rng)
    moved = atoms @ Rotation.random(None, rng).as_matrix().T + [3.0, -40.0, 1e3]
    values = InverseDistances(7).linearise(np.stack([atoms.ravel(), moved.ravel()])).values
    assert_close(values[0], values[1])


def test_relabelling_atoms_permutes_the_features():
    rng = np.random.default_rng(0)
    atoms = cluster(7, rng)
    both = np.stack([atoms.ravel(), rng.permutation(atoms).ravel()])
    values = np.sort(InverseDistances(7).linearise(both).values)
    assert_close(values[0], values[1])


@pytest.mark.parametrize("cutoff", [2.0, 4.0, 9.0])
def test_periodic_images_within_the_cutoff_against_brute_force(cutoff):
    rng = np.random.default_rng(1)
    atoms, fixed = rng.uniform(0, 5, (4, 3)), rng.uniform(0, 5, (2, 3))
    x = atoms.reshape(1, -1)
    features = InverseDistances(4, fixed, CELL, [1, 1, 0], cutoff=cutoff, reference=x)
    partners = [(i, atoms[j]) for i in range(4) for j in range(i + 1, 4)]
    partners += [(i, f) for i in range(4) for f in fixed]
    expected = [
        (1 / r) * (1 - r**2 / cutoff**2) ** 3
        for i, other in partners
        for shift in np.ndindex(13, 13)
        if (r := np.linalg.norm(atoms[i] - other + (np.array(shift) - 6) @ CELL[:2])) < cutoff
    ]
    values = features.linearise(x).values[0]
    assert_close(np.sort(values[values > 0]), np.sort(expected))


def test_a_cell_shared_by_all_atoms_changes_nothing():
    rng = np.random.default_rng(1)
    atoms, fixed = rng.uniform(0, 5, (4, 3)), rng.uniform(0, 5, (2, 3))
    x = atoms.reshape(1, -1)
    moved = (atoms + CELL[0]).reshape(1, -1)
    here, there = (
        InverseDistances(4, f, CELL, [1, 1, 0], cutoff=4.0, reference=r).linearise(r).values
        for f, r in ((fixed, x), (fixed + CELL[0], moved))
    )
    assert_close(here, there)


def test_a_pair_fades_with_two_continuous_derivatives():
    features = InverseDistances(2, cutoff=3.0, reference=np.zeros((1, 6)))
    r = 3.0 + np.array([-1e-4, 1e-4])
    x = np.zeros((2, 6))
    x[:, 3] = r
    at = features.linearise(x)
    assert abs(at.values).max() < 1e-12
    assert abs(at.pull_back(np.ones((2, 1)))).max() < 1e-7
    inside = features.linearise(x[:1]).curvature(np.ones(1))
    assert abs(inside).max() < 1e-3


def test_partners_that_stay_far_away_cost_nothing():
    x = np.array([[0.0, 0, 0, 2, 0, 0]])
    far = np.array([[0.0, 0, 50], [0, 0, 2]])
    assert InverseDistances(2, far, cutoff=4.0, reference=x).n_features == 3
    assert InverseDistances(2, far).n_features == 5


def test_atoms_on_top_of_each_other_stay_finite():
    at = InverseDistances(2).linearise(np.ones((1, 6)))
    assert np.isfinite(at.values).all()
    assert np.isfinite(at.pull_back(np.ones((1, 1)))).all()
    assert np.isfinite(at.curvature(np.ones(1))).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fixed_positions": np.zeros(3)}, r"shape \(3,\)"),
        ({"cell": CELL}, "needs a `cutoff`"),
        ({"cutoff": 3.0}, "go together"),
        ({"cutoff": 1.0, "reference": [0, 0, 0, 9, 0, 0]}, "no pair"),
        ({"power": 0.0}, "`power` is 0.0"),
        ({"power": float("nan")}, "`power` is nan"),
    ],
)
def test_says_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        InverseDistances(2, **arguments)


def test_read_only_points_are_fine():
    features, points = make("slab")
    points.flags.writeable = False
    at = features.linearise(points)
    at.pull_back(at.values)


def test_the_settings_read_the_same_in_every_process():
    """A checkpoint is known by the settings' repr, which must not hold an address."""
    assert repr(InverseDistances(3)) == "InverseDistances(n_atoms=3, n_features=3)"
    assert "power=3" in repr(InverseDistances(3, power=3))
