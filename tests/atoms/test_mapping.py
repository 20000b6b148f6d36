"""Bonds made and broken, and the orders of atoms that leave most of them."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc111, molecule
from ase.constraints import FixAtoms
from ase.io import read, write

from fourierpathfinder.atoms import read_band
from fourierpathfinder.atoms.bonds import bonds
from fourierpathfinder.atoms.mapping import changed_bonds, mapped_order
from fourierpathfinder.atoms.preflight import Severity, preflight, repair


def quinone():
    """p-Benzoquinone, flat."""
    angle = np.arange(6) * np.pi / 3
    ring = np.column_stack([np.cos(angle), np.sin(angle), 0 * angle])
    reach = np.repeat([[2.67], [2.49]], [2, 4], axis=0)
    places = np.vstack([1.44 * ring, reach * ring[[0, 3, 1, 2, 4, 5]]])
    return Atoms("C6O2H4", places)


def opened():
    """The same with one bond of the ring stretched, turned."""
    atoms = quinone()
    atoms.positions[[4, 5, 10, 11]] += [1.6, -0.9, 0.4]
    atoms.rotate(40, (1, 2, 3))
    return atoms


@pytest.mark.parametrize("seed", range(10))
def test_any_order_of_like_atoms_is_undone(seed):
    start, end = quinone(), opened()
    fewest = len(changed_bonds(start, end))
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(6), 6 + rng.permutation(2), 8 + rng.permutation(4)])
    shuffled = end[order]
    found = mapped_order(start, shuffled)
    assert (shuffled.numbers[found] == start.numbers).all()
    assert sorted(found) == list(range(12))
    assert len(changed_bonds(start, shuffled[found])) <= fewest


@pytest.mark.parametrize("seed", range(5))
def test_the_order_is_offered_and_taken_where_it_is_clear(seed):
    start, end = quinone(), opened()
    rng = np.random.default_rng(seed)
    order = np.concatenate([rng.permutation(6), 6 + rng.permutation(2), 8 + rng.permutation(4)])
    shuffled = end[order]
    if len(changed_bonds(start, shuffled)) < len(changed_bonds(start, end)) + 6:
        return  # this order is nearly right
    finding = next(f for f in preflight(start, shuffled) if f.subject == "relabelling")
    assert finding.severity is Severity.WARNING
    assert "bonds would change instead of" in finding.sentence
    assert "--order" in finding.sentence
    _, mended, _ = repair(start, shuffled)
    assert len(changed_bonds(start, mended)) <= len(changed_bonds(start, end))


def test_bonds_of_known_molecules():
    for name, count in [("CH4", 4), ("C6H6", 12), ("CO2", 2), ("H2O2", 3), ("C2H6", 7)]:
        assert len(bonds(molecule(name))) == count
    assert len(bonds(fcc100("Pt", (2, 2, 2), vacuum=4), metals=False)) == 0


def test_a_slab_in_another_order_is_put_right():
    start = fcc100("Al", (8, 8, 5), vacuum=5)
    start.set_constraint(FixAtoms([atom.index for atom in start if atom.tag > 2]))
    start.positions[-1] += [0, 0, 0.3]
    end = start.copy()
    end.positions[-1] += [1.0, 0.2, 0.5]
    del end.constraints
    shuffled = end[np.random.default_rng(1).permutation(len(end))]
    (finding,) = preflight(start, shuffled)
    assert finding.subject == "order"
    assert "--order (or --fix)" in finding.sentence
    _, mended, (done,) = repair(start, shuffled)
    np.testing.assert_allclose(mended.positions, end.positions, atol=1e-9)
    assert "; identical atoms were put in another order, which" in done.sentence
    assert "--order" not in done.sentence


def test_moments_that_differ_are_said():
    start, end = molecule("O2"), molecule("O2")
    end.positions[1] *= 2
    start.set_initial_magnetic_moments([1.0, 1.0])
    end.set_initial_magnetic_moments([1.0, -1.0])
    finding = next(f for f in preflight(start, end) if f.subject == "moments")
    assert finding.severity is Severity.WARNING
    assert "atom 1 has 1 in the reactant and -1 in the product" in finding.sentence
    end.set_initial_magnetic_moments([1.0, 1.01])
    end.set_masses([15.9949, 17.9992])
    finding = next(f for f in preflight(start, end) if f.subject == "moments")
    assert "the masses differ at atom 1 (atom 1 has 15.999 u in the reactant and" in str(finding)
    end.set_masses([15.9949, 15.9949])
    assert "moments" not in [f.subject for f in preflight(start, end)]


def test_cells_that_differ_by_their_last_digits_are_told_from_others():
    start = fcc100("Al", (2, 2, 3), vacuum=4)
    end = start.copy()
    end.positions[-1] += 0.5
    end.set_cell(start.cell * 1.0005, scale_atoms=True)
    (finding,) = preflight(start, end)
    assert "as after separate relaxations" in finding.sentence
    _, mended, (done,) = repair(start, end)
    np.testing.assert_array_equal(mended.cell, start.cell)
    assert "--fix" not in done.sentence
    assert (
        "; the reactant's was taken, with the product's atoms scaled along; relax the"
        in done.sentence
    )
    end.set_cell(start.cell * 1.03)
    (finding,) = preflight(start, end)
    assert finding.repaired is None


def test_a_molecule_alone_in_a_box_may_be_turned_without_it():
    start = molecule("CH3OH", vacuum=5)
    start.pbc = True
    end = start.copy()
    end.positions[1] += [0.5, 0.4, 0]
    assert "periodicity" in [f.subject for f in preflight(start, end)]
    for atoms in (start, end):
        atoms.cell = [3.4, 3.4, 3.4]
    assert "periodicity" not in [f.subject for f in preflight(start, end)]


def small_crystals():
    """Crystals in which both nearest images of a neighbour are equally far."""
    square = Atoms("Cu", cell=[2.4, 2.4, 12], pbc=(True, True, False))
    return {
        "a square layer": square * (2, 2, 1),
        "a chain": Atoms("Cu", cell=[2.4, 12, 12], pbc=True) * (2, 1, 1),
        "rock salt": bulk("NaCl", "rocksalt", a=5.6, cubic=True),
    }


@pytest.mark.parametrize("name", small_crystals())
def test_a_crystal_in_a_small_cell_is_no_molecule_alone(name):
    start = small_crystals()[name]
    end = start.copy()
    end.positions[0] += [0.3, 0.2, 0.1]
    assert "periodicity" not in [f.subject for f in preflight(start, end)]


def test_a_band_of_vasp_is_read_in_its_order(tmp_path):
    start = fcc100("Al", (2, 2, 3), vacuum=4)
    for k in range(9):
        image = start.copy()
        image.positions[-1, 0] += 0.1 * k
        place = tmp_path / f"{k:02d}"
        place.mkdir()
        image.write(place / "POSCAR", format="vasp")
        if k == 4:
            image.positions[-1, 2] += 0.3
            image.write(place / "CONTCAR", format="vasp")
        if k == 5:
            (place / "CONTCAR").touch()  # a run that has just begun
    (tmp_path / "INCAR").write_text("IMAGES = 7\n")
    band = read_band(tmp_path)
    assert len(band) == 9
    moved = [image.positions[-1] - start.positions[-1] for image in band]
    np.testing.assert_allclose(np.array(moved)[:, 0], 0.1 * np.arange(9), atol=1e-6)
    assert moved[4][2] == pytest.approx(0.3)
    (tmp_path / "02" / "POSCAR").unlink()
    with pytest.raises(FileNotFoundError, match="02 holds neither"):
        read_band(tmp_path)
    (tmp_path / "02").rmdir()
    with pytest.raises(FileNotFoundError, match="no folder 02"):
        read_band(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"holds 0 numbered folder"):
        read_band(tmp_path / "03")


def test_orders_survive_files(tmp_path):
    start, end = quinone(), opened()
    write(tmp_path / "end.xyz", end[::-1])
    found = read(tmp_path / "end.xyz")
    (finding,) = preflight(start, found)
    assert finding.subject == "order"
    _, mended, _ = repair(start, found)
    assert len(changed_bonds(start, mended)) == len(changed_bonds(start, end))


@pytest.mark.parametrize(("metal", "adsorbate", "height"), [("Pd", "H", 0.9), ("Cu", "O", 1.2)])
def test_a_surface_keeps_its_order_where_an_adsorbate_hops(metal, adsorbate, height):
    """Each hop changes bonds to the surface; its atoms are where they were."""
    slab = fcc111(metal, (3, 3, 4), vacuum=6)
    start, end = slab.copy(), slab.copy()
    add_adsorbate(start, adsorbate, height, "fcc")
    add_adsorbate(end, adsorbate, height, "hcp")
    start.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 2]))
    order = np.concatenate([np.arange(18), 18 + np.random.default_rng(0).permutation(18), [36]])
    found = mapped_order(start, end[order])
    np.testing.assert_array_equal(order[found], np.arange(37))


def test_an_alloy_keeps_its_order_where_an_interstitial_hops():
    rng = np.random.default_rng(0)
    crystal = bulk("Pd", cubic=True) * 2
    crystal.symbols[rng.permutation(32)[:9]] = "Ag"
    start, end = (crystal + Atoms("H", [place]) for place in [(1.945, 0, 0), (0, 1.945, 0)])
    order = rng.permutation(33)
    shuffled = end[order]
    shuffled.positions += [0.4, 1.3, -0.6]
    found = mapped_order(start, shuffled)
    np.testing.assert_array_equal(order[found], np.arange(33))
