import pickle
from functools import partial

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.calculators.calculator import CalculationFailed, Calculator, SCFError
from ase.calculators.emt import EMT
from ase.calculators.lj import LennardJones
from ase.cluster import Icosahedron
from ase.constraints import FixAtoms, FixBondLength, FixCartesian, Hookean
from ase.io import read, write
from scipy.spatial.transform import Rotation

from fourierpathfinder import SinePath
from fourierpathfinder.atoms import CalculatorError, MoleculeLandscape, superpose
from fourierpathfinder.landscapes.protocols import Landscape

from ..tolerances import assert_close


class Breaks(Calculator):
    implemented_properties = ("energy", "forces")

    def calculate(self, *args):
        raise ArithmeticError("SCF did not converge")


class Counting(EMT):
    n_calculations = 0

    def calculate(self, *args):
        type(self).n_calculations += 1
        super().calculate(*args)


@pytest.fixture
def landscape(adatom):
    return MoleculeLandscape(adatom, EMT)


def xtb():
    tblite = pytest.importorskip("tblite.ase", reason="needs tblite")
    return partial(tblite.TBLite, method="GFN2-xTB", verbosity=0)


def test_describes_the_free_atoms(adatom, landscape):
    assert isinstance(landscape, Landscape)
    assert not landscape.stochastic
    assert (landscape.n_atoms, landscape.n_coordinates) == (5, 15)
    assert landscape.free.tolist() == [8, 9, 10, 11, 12]
    assert landscape.fixed.tolist() == list(range(8))
    assert landscape.mask.all() and landscape.mask.shape == (5, 3)
    np.testing.assert_array_equal(landscape.fixed_positions, adatom.positions[:8])
    np.testing.assert_array_equal(landscape.cell, adatom.cell)
    assert landscape.pbc.tolist() == [True, True, False]
    assert landscape.numbers.tolist() == [13] * 12 + [79]
    assert not landscape.moves_as_a_whole


def test_gradient_against_finite_differences(adatom, landscape, rng):
    points = landscape.coordinates(adatom) + rng.normal(scale=0.1, size=(2, 15))
    _, gradients = landscape.value_and_grad(points)
    steps = 1e-4 * np.eye(15)
    for point, gradient in zip(points, gradients, strict=True):
        up, _ = landscape.value_and_grad(point + steps)
        down, _ = landscape.value_and_grad(point - steps)
        np.testing.assert_allclose(gradient, (up - down) / 2e-4, atol=1e-6)


def test_values_are_ases_own(adatom, landscape):
    adatom.calc = EMT()
    values, gradients = landscape.value_and_grad(landscape.coordinates(adatom)[None])
    assert values[0] == pytest.approx(adatom.get_potential_energy(), abs=1e-12)
    assert_close(gradients[0].reshape(5, 3), -adatom.get_forces()[8:])


def test_held_coordinates_of_free_atoms_are_left_out(adatom, rng):
    adatom.set_constraint([FixAtoms(range(12)), FixCartesian([12], (True, False, False))])
    landscape = MoleculeLandscape(adatom, EMT)
    assert (landscape.n_atoms, landscape.n_coordinates) == (1, 2)
    assert landscape.mask.tolist() == [[False, True, True]]
    point = landscape.coordinates(adatom) + 0.1
    np.testing.assert_allclose(
        landscape.atoms(point).positions[12] - adatom.positions[12], [0, 0.1, 0.1]
    )
    value, gradient = landscape.value_and_grad(point[None])
    higher, _ = landscape.value_and_grad(point[None] + [[0, 1e-6]])
    assert gradient[0, 1] == pytest.approx((higher[0] - value[0]) / 1e-6, abs=1e-4)


def test_structures_come_back_as_they_went_in(adatom, landscape):
    adatom.info["charge"] = 0
    adatom.set_initial_magnetic_moments(np.arange(13))
    landscape = MoleculeLandscape(adatom, EMT)
    point = landscape.coordinates(adatom) + 0.01
    value, gradient = landscape.value_and_grad(point[None])
    atoms = landscape.atoms(point, value[0], gradient[0])
    assert atoms.info == adatom.info
    assert atoms.get_initial_magnetic_moments().tolist() == list(range(13))
    assert atoms.constraints[0].index.tolist() == list(range(8))
    assert atoms.get_potential_energy() == value[0]
    np.testing.assert_array_equal(atoms.get_forces()[8:].ravel(), -gradient[0])
    np.testing.assert_array_equal(landscape.coordinates(atoms), point)
    assert landscape.atoms(point).calc is None


def test_clusters_of_ase_may_be_indexed():
    cluster = Icosahedron("Ar", 2)[[3, 2, 1, 0, *range(4, 13)]]
    landscape = MoleculeLandscape(cluster, LennardJones)
    start, end = landscape.ends(cluster, superpose(cluster, cluster[::-1], permute=True))
    np.testing.assert_allclose(end, start, atol=1e-9)
    assert landscape.value_and_grad(start[None])[0].shape == (1,)


def test_ends_from_files_without_constraints(adatom, hopped, landscape, tmp_path):
    hopped.info.clear()
    write(tmp_path / "end.xyz", hopped, format="extxyz", columns=["symbols", "positions"])
    start, end = landscape.ends(adatom, read(tmp_path / "end.xyz"))
    np.testing.assert_allclose((end - start).reshape(5, 3)[:4], 0, atol=1e-6)
    assert np.linalg.norm(end - start) == pytest.approx(2.86, abs=0.01)


def test_ends_take_the_nearest_image(adatom, hopped, landscape):
    hopped.positions[12] += 2 * hopped.cell[0] - hopped.cell[1]
    hopped.positions[9] -= hopped.cell[1]
    start, end = landscape.ends(adatom, hopped)
    assert np.linalg.norm(end - start) == pytest.approx(2.86, abs=0.01)


def test_ends_of_a_molecule_are_superposed(rng):
    start, end = molecule("CH3CHO"), molecule("CH3CHO")
    landscape = MoleculeLandscape(start, LennardJones)
    assert landscape.moves_as_a_whole
    end.rattle(0.1, seed=2)
    near = landscape.ends(start, end)
    end.rotate(100, (1, 2, 3))
    end.positions += 7
    np.testing.assert_allclose(landscape.ends(start, end), near, atol=1e-7)
    np.testing.assert_allclose(landscape.ends(*near), near, atol=1e-9)


def test_arrays_pass_as_they_are_and_wrong_shapes_do_not(landscape, adatom):
    point = landscape.coordinates(adatom)
    assert landscape.coordinates(point) is point
    with pytest.raises(ValueError, match=r"shape \(14,\); it must be \(15,\)"):
        landscape.coordinates(point[:-1])


def test_other_systems_are_refused(landscape, adatom):
    with pytest.raises(ValueError, match=r"the structure does not fit: it is H2O but .* Al12Au"):
        landscape.coordinates(molecule("H2O"))
    with pytest.raises(ValueError, match="another order: atom 0 is Au but the landscape has Al"):
        landscape.coordinates(adatom[[12, *range(12)]])


def test_overlapping_ends_are_refused(hcn):
    landscape = MoleculeLandscape(hcn, LennardJones)
    hcn.positions[0] = (0, 0, -0.4)
    with pytest.raises(ValueError, match=r"atoms 0 \(H\) and 1 \(C\) are 0.40 Å apart"):
        landscape.coordinates(hcn)
    with pytest.raises(ValueError, match="the point cannot be calculated"):
        landscape.coordinates(hcn.positions.ravel())
    with pytest.raises(ValueError, match="smaller `contact`"):
        MoleculeLandscape(hcn, LennardJones)


def test_what_is_no_system_is_refused(hcn):
    with pytest.raises(TypeError, match="`atoms` is a list"):
        MoleculeLandscape([hcn], EMT)
    with pytest.raises(ValueError, match="`atoms` is empty"):
        MoleculeLandscape(Atoms(), EMT)
    with pytest.raises(ValueError, match="no free atom"):
        MoleculeLandscape(molecule("H2O", constraint=FixAtoms([0, 1, 2])), EMT)
    with pytest.raises(ValueError, match="FixBondLengths constraint"):
        MoleculeLandscape(molecule("H2O", constraint=FixBondLength(0, 1)), EMT)


def test_a_calculator_that_raises_names_itself_and_the_point(hcn):
    landscape = MoleculeLandscape(hcn, partial(Breaks))
    point = landscape.coordinates(hcn)
    with pytest.raises(
        CalculatorError,
        match="calculator Breaks raised ArithmeticError at point 0 of 2: SCF did not converge",
    ) as caught:
        landscape.value_and_grad(np.stack([point, point]))
    assert isinstance(caught.value.__cause__, ArithmeticError)
    np.testing.assert_array_equal(caught.value.point, point)


@pytest.mark.parametrize("kind", [CalculationFailed, SCFError])
def test_a_calculation_that_fails_is_a_failed_point(hcn, kind, caplog):
    class FailsOnce(EMT):
        n_calls = 0

        def calculate(self, *args, **options):
            FailsOnce.n_calls += 1
            if FailsOnce.n_calls == 2:
                raise kind("not converged in 250 cycles")
            super().calculate(*args, **options)

    landscape = MoleculeLandscape(hcn, FailsOnce)
    point = landscape.coordinates(hcn)
    values, gradients = landscape.value_and_grad(np.stack([point, point + 0.01, point]))
    np.testing.assert_array_equal(np.isnan(values), [False, True, False])
    np.testing.assert_array_equal(np.isnan(gradients).all(axis=1), [False, True, False])
    assert "not converged in 250 cycles" in caplog.text


def test_a_factory_that_raises_is_heard(hcn):
    def factory():
        raise ImportError("no licence")

    landscape = MoleculeLandscape(hcn, factory)
    with pytest.raises(ImportError, match="no licence"):
        landscape.value_and_grad(landscape.coordinates(hcn)[None])


def test_pickles_with_its_counts(landscape, adatom):
    point = landscape.coordinates(adatom)[None]
    copy = pickle.loads(pickle.dumps(landscape))
    np.testing.assert_array_equal(copy.value_and_grad(point)[0], landscape.value_and_grad(point)[0])


def test_overlapping_points_do_not_reach_the_calculator(adatom):
    Counting.n_calculations = 0
    landscape = MoleculeLandscape(adatom, Counting)
    start = landscape.coordinates(adatom)
    buried = start - np.r_[np.zeros(14), 2.5]  # the adatom on an atom of the layer below
    values, gradients = landscape.value_and_grad(np.stack([start, buried]))
    assert Counting.n_calculations == 1
    assert landscape.n_guarded == 1
    assert values[1] > values[0] + 10
    assert gradients[1, -1] < 0 and not np.any(gradients[0] == 0)


def test_the_stand_in_does_not_depend_on_what_came_before(adatom):
    fresh, used = (MoleculeLandscape(adatom, EMT) for _ in range(2))
    start = fresh.coordinates(adatom)
    buried = start - np.r_[np.zeros(14), 2.5]
    used.value_and_grad(np.stack([start + 0.1, start]))
    copy = pickle.loads(pickle.dumps(used))
    values = [each.value_and_grad(buried[None])[0][0] for each in (fresh, used, copy)]
    assert len(set(values)) == 1
    assert fresh.n_guarded == used.n_guarded == 1


def test_what_is_known_of_the_template_is_not_calculated_for_the_stand_in(adatom):
    """Neither in a run that goes on from a file nor in a process that takes another's place."""
    landscape, told = (MoleculeLandscape(adatom, Counting) for _ in range(2))
    start = landscape.coordinates(adatom)
    buried = (start - np.r_[np.zeros(14), 2.5])[None]
    expected = landscape.value_and_grad(np.stack([start, buried[0]]))[0]
    told.remind(start + 0.1, -50.0)  # of another place
    told.remind(start, expected[0])
    Counting.n_calculations = 0
    assert pickle.loads(pickle.dumps(told)).value_and_grad(buried)[0][0] == expected[1]
    assert Counting.n_calculations == 0


def test_springs_are_in_what_overlapping_atoms_are_measured_by(adatom):
    sprung = adatom.copy()
    place = sprung.positions[-1] + (0.3, 0.0, 0.5)
    sprung.set_constraint([*sprung.constraints, Hookean(len(sprung) - 1, place, k=5.0, rt=0.1)])
    plain = MoleculeLandscape(adatom, EMT)
    landscape = MoleculeLandscape(sprung, EMT)
    start = plain.coordinates(adatom)
    buried = start - np.r_[np.zeros(14), 2.5]
    rises = []
    for one in (plain, landscape):
        values, _ = one.value_and_grad(np.stack([start, buried]))
        rises.append(values[1] - values[0])
    assert rises[0] == pytest.approx(rises[1])
    fresh = MoleculeLandscape(sprung, EMT).value_and_grad(buried[None])[0][0]
    assert fresh == landscape.value_and_grad(buried[None])[0][0]


def test_collinear_crossing_with_xtb_survives(hcn, hnc):
    landscape = MoleculeLandscape(hcn, xtb())
    ends = landscape.coordinates(hcn), landscape.coordinates(hnc)
    values, gradients = landscape.value_and_grad(SinePath.straight(*ends, 1)(np.linspace(0, 1, 21)))
    assert np.isfinite(values).all() and np.isfinite(gradients).all()
    assert 5 <= landscape.n_guarded <= 18


def test_first_path_of_hcn_is_a_sensible_guess(hcn, hnc):
    landscape = MoleculeLandscape(hcn, xtb())
    path = landscape.initial_path(*landscape.ends(hcn, hnc), rng=0)
    values, _ = landscape.value_and_grad(path(np.linspace(0, 1, 21)))
    assert landscape.n_guarded == 0
    assert values.max() - values[0] < 4.6  # the true barrier is 3.18 eV


def test_placed_ends_stay_to_the_last_bit():
    start, end = molecule("CH3CHO"), molecule("CH3CHO")
    end.positions[4] += [0.3, 0.2, -0.4]
    end.rotate(70, (1, 2, 3))
    landscape = MoleculeLandscape(start, EMT)
    placed = landscape.ends(start, end)
    np.testing.assert_array_equal(landscape.ends(*placed)[1], placed[1])
    assert np.abs(placed[1] - end.positions.ravel()).max() > 1


@pytest.mark.parametrize("name", ["CH4", "C2H6", "CH3CHO", "C6H6"])
@pytest.mark.parametrize("moved", [0.0, 1e-12, 1e-9, 1e-7, 1e-5, 1e-3])
def test_of_many_places_as_near_an_end_keeps_its_own(name, moved, rng):
    """Those of a mirror image: each time it was placed it had gone to another, 0.6 Å away."""
    start, end = molecule(name), molecule(name)
    end.positions[:, 2] *= -1
    end.positions += moved * rng.normal(size=end.positions.shape)
    end.rotate(70, (1, 2, 3))
    landscape = MoleculeLandscape(start, EMT)
    first, last = landscape.ends(start, end)
    again = landscape.ends(first, last)[1]
    assert np.abs(again - last).max() < 1e-5
    # and no worse than the nearest that SciPy finds, which knows no ties
    a, b = (x - x.mean(axis=0) for x in (start.positions, end.positions))
    apart = Rotation.align_vectors(a, b)[1]
    assert np.linalg.norm(first - last) <= apart + 1e-7
