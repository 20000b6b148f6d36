import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, fcc111, molecule
from ase.calculators.lj import LennardJones
from scipy.optimize import approx_fprime
from scipy.spatial.transform import Rotation

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.handedness import Groups
from fourierpathfinder.atoms.minimum_image import MinimumImage

SEEDS = range(20)
TIMES = np.linspace(0, 1, 101)
UNBOUND = MinimumImage(np.zeros((3, 3)), (False,) * 3)

ACETAMIDE = Atoms(  # N-methylacetamide, trans
    "COCHHHNHCHHH",
    [
        (-0.007, 0.072, 0.0), (-0.019, 1.284, 0.0), (-1.272, -0.762, 0.0), (-1.069, -1.829, 0.0),
        (-1.86, -0.504, 0.878), (-1.86, -0.504, -0.878), (1.141, -0.646, 0.0), (1.106, -1.652, 0.0),
        (2.442, -0.024, 0.0), (2.284, 1.053, 0.0), (3.008, -0.307, 0.89), (3.008, -0.307, -0.89),
    ],
)  # fmt: skip
ACETATE = Atoms(  # methyl acetate, Z
    "COCHHHOCHHH",
    [
        (0.0, 0.0, 0.0), (-0.3, 1.17, 0.0), (-1.03, -1.1, 0.0), (-2.02, -0.66, 0.0),
        (-0.9, -1.73, 0.88), (-0.9, -1.73, -0.88), (1.25, -0.5, 0.0),
        (2.3, 0.47, 0.0), (3.24, -0.07, 0.0), (2.22, 1.1, 0.89), (2.22, 1.1, -0.89),
    ],
)  # fmt: skip
TURNS = {"amide": (ACETAMIDE, range(7, 12)), "ester": (ACETATE, range(7, 11))}


def turned(atoms, part, bond=(0, 6), angle=np.pi):
    """The structure with a part of it turned about a bond."""
    end = atoms.copy()
    foot, along = atoms.positions[bond[0]], np.subtract(*atoms.positions[list(bond[::-1])])
    turn = Rotation.from_rotvec(angle * along / np.linalg.norm(along))
    end.positions[list(part)] = turn.apply(atoms.positions[list(part)] - foot) + foot
    return end


def shares_right(landscape, ends, groups):
    """For each seed, whether no group is inside out anywhere on the first path."""
    paths = [landscape.initial_path(*ends, rng=seed) for seed in SEEDS]
    return [groups.n_turned(landscape.positions(path(TIMES))) == 0 for path in paths]


@pytest.mark.parametrize("name", TURNS)
def test_a_methyl_group_that_swings_by_half_a_turn_stays_as_it_is(name):
    start, part = TURNS[name]
    end = turned(start, part)
    for one, other in ((start, end), (end, start)):
        landscape = MoleculeLandscape(one, LennardJones)
        a, b = landscape.ends(one, other)
        groups = Groups.of(landscape.atoms(a), landscape.atoms(b), UNBOUND)
        assert len(groups) == 2
        assert all(shares_right(landscape, (a, b), groups))


@pytest.mark.parametrize("name", TURNS)
def test_what_is_held_stays_together_as_well(name):
    start, part = TURNS[name]
    landscape = MoleculeLandscape(start, LennardJones)
    ends = landscape.ends(start, turned(start, part))
    for seed in SEEDS:
        positions = landscape.positions(landscape.initial_path(*ends, rng=seed)(TIMES))
        bonds = np.linalg.norm(positions[:, -3:] - positions[:, -4, None], axis=-1)
        assert bonds.min() > 0.9
        assert bonds.max() < 1.4


def test_the_derivatives_are_those_of_the_misfit(rng):
    groups = Groups.of(ACETAMIDE, turned(ACETAMIDE, range(7, 12)), UNBOUND)
    there = ACETAMIDE.positions + 0.2 * rng.normal(size=(3, 12, 3))
    times = np.array([0.1, 0.5, 0.8])
    values, gradients = groups.misfit(there, times)
    assert values.shape == (3,)
    numerical = approx_fprime(
        there.ravel(), lambda x: groups.misfit(x.reshape(3, 12, 3), times)[0].sum(), 1e-7
    )
    np.testing.assert_allclose(gradients.ravel(), numerical, atol=2e-5)


def test_the_ends_fit():
    end = turned(ACETAMIDE, range(7, 12))
    groups = Groups.of(ACETAMIDE, end, UNBOUND)
    both = np.stack([ACETAMIDE.positions, end.positions])
    np.testing.assert_allclose(groups.misfit(both, np.array([0.0, 1.0]))[0], 0.0, atol=1e-20)


def test_a_group_that_is_inside_out_is_seen():
    groups = Groups.of(ACETAMIDE, ACETAMIDE, UNBOUND)
    mirrored = ACETAMIDE.positions.copy()
    mirrored[[10, 11]] = mirrored[[11, 10]]
    assert groups.n_turned(ACETAMIDE.positions[None]) == 0
    assert groups.n_turned(np.stack([ACETAMIDE.positions, mirrored])) == 1


def test_what_is_to_invert_is_left_alone():
    start = molecule("NH3")
    end = start.copy()
    end.positions[:, 2] *= -1
    assert len(Groups.of(start, start, UNBOUND)) == 1
    assert len(Groups.of(start, end, UNBOUND)) == 0


def test_flat_groups_and_metals_have_no_handedness():
    for atoms in (molecule("C2H4"), fcc111("Al", size=(2, 2, 3), vacuum=5)):
        assert len(Groups.of(atoms, atoms, MinimumImage.of(atoms))) == 0


def test_a_group_goes_across_the_boundary_of_a_small_cell(rng):
    start = bulk("Si", cubic=True)
    start.positions += 0.05 * rng.normal(size=(8, 3))
    end = start.copy()
    end.wrap()
    groups = Groups.of(start, end, MinimumImage.of(start))
    assert len(groups) == 8
    both = np.stack([start.positions, end.positions])
    assert groups.n_turned(both) == 0
    np.testing.assert_allclose(groups.misfit(both, np.array([0.0, 1.0]))[0], 0.0, atol=1e-20)


def test_a_path_without_such_a_group_is_the_one_by_distances_alone(monkeypatch):
    start = molecule("CH3CH2OH")
    oxygen = next(atom.index for atom in start if atom.symbol == "O")
    hydroxyl = int(np.argsort(start.get_distances(oxygen, range(9)))[1])
    carbon = int(np.argsort(start.get_distances(oxygen, range(9)))[2])
    landscape = MoleculeLandscape(start, LennardJones)
    ends = landscape.ends(start, turned(start, [hydroxyl], (carbon, oxygen), 2 * np.pi / 3))
    now = landscape.initial_path(*ends, rng=0)
    monkeypatch.setattr(Groups, "__len__", lambda self: 0)
    without = landscape.initial_path(*ends, rng=0)
    np.testing.assert_array_equal(now.coefficients, without.coefficients)
