"""Normal modes against ASE's Vibrations, which displaces every atom in every direction."""

import numpy as np
import pytest
from ase import Atoms, units
from ase.build import molecule
from ase.calculators.emt import EMT
from ase.constraints import FixCom
from ase.optimize import BFGS
from ase.vibrations import Vibrations

from fourierpathfinder.atoms import BondMetric, MoleculeLandscape
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.rates import mode_movie, normal_modes
from fourierpathfinder.saddle import lowest_curvatures

from .conftest import adatom


def frequencies_of_ase(atoms, calculator, folder, indices=None):
    """In cm⁻¹, ascending, imaginary ones negative."""
    atoms = atoms.copy()
    atoms.calc = calculator
    vibrations = Vibrations(atoms, indices=indices, name=str(folder / "vib"))
    vibrations.run()
    energies = vibrations.get_energies() / units.invcm
    return np.sort(energies.real - energies.imag)


class Counting(MoleculeLandscape):
    n_asked = 0

    def value_and_grad(self, points):
        self.n_asked += len(points)
        return super().value_and_grad(points)


@pytest.fixture
def tetrahedron():
    atoms = Atoms("Cu3Au", [(0, 0, 0), (2.5, 0, 0), (1.2, 2.2, 0), (1.2, 0.7, 2.1)])
    atoms.calc = EMT()
    BFGS(atoms, logfile=None).run(fmax=1e-5)
    atoms.calc = None
    return atoms


def test_a_molecule_with_turns_and_shifts_left_out(tetrahedron, tmp_path):
    expected = frequencies_of_ase(tetrahedron, EMT(), tmp_path)
    modes = normal_modes(MoleculeLandscape(tetrahedron, EMT), tetrahedron)
    assert modes.n_left_out == 6
    assert modes.n_gradients == 1 + 2 * 6
    np.testing.assert_allclose(modes.frequencies, expected[6:], atol=0.5)
    np.testing.assert_allclose(expected[:6], 0, atol=5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["H2O", "CH3OH", "CO2"])
def test_molecules_with_tblite(name, tmp_path):
    tblite = pytest.importorskip("tblite.ase", reason="needs tblite")
    calculator = tblite.TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)
    atoms = molecule(name)
    atoms.calc = calculator
    BFGS(atoms, logfile=None).run(fmax=1e-3, steps=200)
    atoms.calc = None
    expected = frequencies_of_ase(atoms, calculator, tmp_path)
    modes = normal_modes(MoleculeLandscape(atoms, calculator), atoms)
    assert modes.n_left_out == (5 if name == "CO2" else 6)
    np.testing.assert_allclose(modes.frequencies, expected[modes.n_left_out :], atol=5)


def test_a_surface_with_fixed_atoms_at_a_minimum_and_a_saddle(hop, tmp_path):
    landscape, result = hop
    for k, point in enumerate((result.path.start, result.saddle.position)):
        atoms = landscape.atoms(np.asarray(point))
        expected = frequencies_of_ase(atoms, EMT(), tmp_path / str(k), landscape.free)
        modes = normal_modes(landscape, point, order=k)
        assert modes.n_left_out == 0
        assert (modes.frequencies < 0).sum() == k
        np.testing.assert_allclose(modes.frequencies, expected, atol=0.1)


def test_a_region_is_a_partial_hessian(hop, tmp_path):
    landscape, result = hop
    atoms = landscape.atoms(np.asarray(result.path.start))
    expected = frequencies_of_ase(atoms, EMT(), tmp_path, [12])
    modes = normal_modes(landscape, result.path.start, region=[12])
    assert modes.n_gradients == 1 + 6
    np.testing.assert_allclose(modes.frequencies, expected, atol=0.1)
    assert not modes.displacements[:, :12].any()


def test_coupled_coordinates_have_the_right_masses(tetrahedron):
    """With the centre of mass held the vibrations are those of the free molecule."""
    free = normal_modes(MoleculeLandscape(tetrahedron, EMT), tetrahedron)
    held = tetrahedron.copy()
    held.set_constraint(FixCom())
    modes = normal_modes(MoleculeLandscape(held, EMT), held)
    np.testing.assert_allclose(modes.frequencies[-6:], free.frequencies, atol=0.5)


def test_the_metric_of_a_surface_changes_coordinates_not_frequencies():
    slab = adatom()
    plain = normal_modes(MoleculeLandscape(slab, EMT), slab)
    other = normal_modes(MoleculeLandscape(slab, EMT, metric=BondMetric()), slab)
    np.testing.assert_allclose(other.frequencies, plain.frequencies, atol=0.5)
    partial = normal_modes(MoleculeLandscape(slab, EMT), slab, region=[12])
    again = normal_modes(MoleculeLandscape(slab, EMT, metric=BondMetric()), slab, region=[12])
    np.testing.assert_allclose(again.frequencies, partial.frequencies, atol=0.5)


def test_what_is_known_is_not_asked_again(hop):
    """The curvatures of a check of the saddle are worth their gradients, two each."""
    landscape, result = hop
    x = np.asarray(result.saddle.position)
    points, gradients = [], []

    class Remembering:
        n_atoms = None

        def value_and_grad(self, asked):
            values, found = landscape.value_and_grad(asked)
            points.extend(asked)
            gradients.extend(found)
            return values, found

    tangent = result.path.velocity(result.saddle.time)
    measured = lowest_curvatures(Remembering(), x, tangent, tol=1e-3, max_gradients=12, rng=0)
    known = np.array(points), np.array(gradients)
    modes = normal_modes(landscape, x, order=1, known=known)
    assert modes.n_gradients == 1 + 2 * len(x) - measured.n_gradients
    plain = normal_modes(landscape, x, order=1)
    np.testing.assert_allclose(modes.frequencies, plain.frequencies, atol=0.5)
    elsewhere = normal_modes(landscape, result.path.start, known=known)
    assert elsewhere.n_gradients == 1 + 2 * len(x)


def test_the_displacements_are_the_modes(tetrahedron):
    """Moving along a mode by a little costs ½ k s² with the curvature along it."""
    landscape = MoleculeLandscape(tetrahedron, EMT)
    modes = normal_modes(landscape, tetrahedron)
    for frequency, vector in zip(modes.frequencies, modes.displacements, strict=True):
        reduced = (modes.atoms.get_masses() * (vector**2).sum(axis=1)).sum()
        k = reduced * (frequency * units.invcm / (units._hbar * 1e10)) ** 2 * units._e * units._amu
        rise = 0.0
        for sign in (-1, 1):
            moved = tetrahedron.copy()
            moved.positions += sign * 0.01 * vector
            moved.calc = EMT()
            rise += moved.get_potential_energy() - modes.energy
        assert rise == pytest.approx(k * 0.01**2, rel=5e-3)


def test_the_movie_swings_about_the_structure(hop, tmp_path):
    landscape, result = hop
    modes = normal_modes(landscape, result.saddle.position, order=1)
    images = mode_movie(modes, n_images=8, amplitude=0.3)
    away = [np.linalg.norm(i.positions - modes.atoms.positions, axis=1).max() for i in images]
    assert max(away) == pytest.approx(0.3)
    np.testing.assert_allclose(images[0].positions, modes.atoms.positions)
    with pytest.raises(ValueError, match="`mode` is 99"):
        mode_movie(modes, 99)


def test_what_has_no_atoms_is_refused():
    toy = two_channels()
    with pytest.raises(TypeError, match="has no atoms"):
        normal_modes(toy, toy.start)


@pytest.mark.parametrize(("region", "words"), [([99], "atom 99"), ([0], "none of which is free")])
def test_a_region_of_nothing_is_refused(hop, region, words):
    landscape, result = hop
    with pytest.raises(ValueError, match=words):
        normal_modes(landscape, result.path.start, region=region)
