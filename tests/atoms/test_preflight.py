"""Each check on a real pair, and what it says."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc111, molecule
from ase.constraints import FixAtoms, FixBondLength, FixCartesian

from fourierpathfinder.atoms import superpose
from fourierpathfinder.atoms.preflight import (
    Finding,
    Severity,
    mirrored,
    preflight,
    repair,
    same_minimum,
    unrelaxed,
)


def slab(hollow=0, size=(2, 2, 3)):
    atoms = fcc100("Al", size=size, vacuum=4)
    add_adsorbate(atoms, "Au", 1.7, "hollow", offset=(hollow, 0))
    atoms.set_constraint(FixAtoms([atom.index for atom in atoms if atom.tag > 1]))
    return atoms


def chiral(turned=0.0):
    """CHFClBr, one half turned against nothing: chiral at its only carbon."""
    corners = np.array([(1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1)]) / np.sqrt(3)
    lengths = np.array([1.09, 1.36, 1.77, 1.94])
    atoms = Atoms("CHFClBr", np.vstack([np.zeros(3), corners * lengths[:, None]]))
    atoms.rotate(turned, (1, 2, 3))
    return atoms


def only(findings, subject):
    found = [finding for finding in findings if finding.subject == subject]
    assert len(found) == 1, [str(finding) for finding in findings]
    return found[0]


def test_nothing_to_say_of_a_good_pair():
    start = molecule("CH3ONO")
    end = superpose(start, molecule("CH3NO2"), permute=True)
    assert [f for f in preflight(start, end) if f.severity is not Severity.NOTE] == []
    assert preflight(slab(0), slab(0.5)) == []


def test_composition():
    finding = only(preflight(molecule("CH3OH"), molecule("CH4")), "composition")
    assert finding.severity is Severity.STOP
    assert finding.sentence == (
        "the product is CH4 but the reactant is CH4O; both must be made of the same atoms"
    )


def test_order_with_the_permutation_that_mends_it():
    start = molecule("CH3CHO")
    shuffled = np.array([6, 2, 0, 4, 1, 3, 5])
    end = start[shuffled]
    end.rotate(70, (1, 1, 0))
    end.positions[0] += [0.3, 0.2, 0]
    finding = only(preflight(start, end), "order")
    assert finding.severity is Severity.STOP
    assert "in another order: atom 0 is" in finding.sentence
    order = [int(word) for word in finding.sentence.split("in the order ")[1].split(";")[0].split()]
    assert (end[order].symbols == start.symbols).all()
    assert shuffled[order].tolist() == list(range(7))
    _, mended, done = repair(start, end)
    assert [f.subject for f in done] == ["order"]
    assert done[0].severity is Severity.NOTE
    assert done[0].sentence.endswith(f"they were put in the order {' '.join(map(str, order))}")
    assert "--order" not in done[0].sentence
    assert (mended.symbols == start.symbols).all()
    assert np.linalg.norm(mended.positions - start.positions) < 0.5


def test_another_cell():
    start, end = slab(), slab(0.5)
    end.set_cell(end.cell * 1.01)
    finding = only(preflight(start, end), "cell")
    assert finding.severity is Severity.STOP
    assert "the product's cell differs from the reactant's by up to" in finding.sentence


@pytest.mark.parametrize("recombination", [
    [[1, 0, 0], [1, 1, 0], [0, 0, 1]], [[0, 1, 0], [0, 0, 1], [1, 0, 0]],
    [[-1, 0, 0], [0, 1, 0], [0, 0, 1]], [[2, 1, 0], [1, 1, 0], [0, 3, 1]],
])  # fmt: skip
def test_other_vectors_of_the_same_lattice(recombination):
    start = bulk("Al", cubic=True) * (2, 2, 1)
    end = start.copy()
    end.positions[0] += 0.3
    other = end.copy()
    other.set_cell(np.array(recombination) @ end.cell)
    finding = only(preflight(start, other), "cell")
    assert finding.severity is Severity.STOP
    assert finding.found.endswith("is the reactant's written with other lattice vectors")
    _, mended, _ = repair(start, other)
    np.testing.assert_allclose(mended.cell, start.cell, atol=1e-9)
    np.testing.assert_allclose(mended.positions, end.positions, atol=1e-9)


def test_a_cell_that_is_turned_in_space():
    start, end = slab(), slab(0.5)
    turned = end.copy()
    turned.rotate(70, (1, 2, 1), rotate_cell=True)
    assert "turned in space" in only(preflight(start, turned), "cell").found
    _, mended, _ = repair(start, turned)
    np.testing.assert_allclose(mended.positions, end.positions, atol=1e-9)


def test_a_cubic_cell_turned_onto_itself_takes_the_atoms_along():
    start = bulk("Al", cubic=True) * 2
    start.rattle(0.1, seed=1)
    end = start.copy()
    end.positions[0] += 0.3
    turned = end.copy()
    turned.rotate(90, "z", rotate_cell=True)
    assert "turned in space" in only(preflight(start, turned), "cell").found
    _, mended, _ = repair(start, turned)
    np.testing.assert_allclose(mended.positions, end.positions, atol=1e-9)


def test_a_mirrored_cell_and_a_vector_of_the_vacuum_are_others():
    start = fcc111("Al", (2, 2, 3), vacuum=4)
    mirrored, taller = start.copy(), start.copy()
    mirrored.set_cell(start.cell * [1, 1, -1], scale_atoms=True)
    longer = np.array(start.cell)
    longer[2] += longer[0]
    taller.set_cell(longer)
    for other in (mirrored, taller):
        assert "differs from the reactant's" in only(preflight(start, other), "cell").sentence


def test_another_periodicity():
    start, end = slab(), slab(0.5)
    end.pbc = (True, True, True)
    finding = only(preflight(start, end), "cell")
    assert "the product's `pbc` is [True, True, True]" in finding.sentence


def test_a_cell_lost_by_the_file_format_is_taken_from_the_reactant():
    start, end = slab(), slab(0.5)
    bare = Atoms(end.symbols, end.positions)
    finding = only(preflight(start, bare), "cell")
    assert "the product has no cell" in finding.sentence
    _, mended, done = repair(start, bare)
    assert preflight(start, mended) == []
    assert done[0].sentence.endswith("keeps none; the reactant's was taken")


def test_wrapping_across_a_boundary():
    start, end = slab(0), slab(0.5)
    end.positions[-1] += end.cell[0] + end.cell[1]
    finding = only(preflight(start, end), "wrapping")
    assert finding.severity is Severity.NOTE
    assert finding.sentence.startswith("in the product atom 12 is on the other side of the cell")
    _, mended, _ = repair(start, end)
    np.testing.assert_allclose(mended.positions, slab(0.5).positions, atol=1e-9)


def test_a_move_by_half_a_cell_is_undecided():
    finding = only(preflight(slab(0), slab(1)), "wrapping")
    assert finding.severity is Severity.NOTE
    assert "atom 12 moves by half a cell" in finding.sentence


def test_overlapping_atoms():
    end = molecule("H2O")
    end.positions[1] = end.positions[0] + [0.3, 0, 0]
    finding = only(preflight(molecule("H2O"), end), "overlap")
    assert finding.severity is Severity.STOP
    assert "atoms overlap in the product: atoms 0 (O) and 1 (H) are 0.30 Å apart" in (
        finding.sentence
    )


def test_atoms_of_a_model_in_units_of_its_own_may_be_called_x():
    start, end = Atoms("Ar2", [(0, 0, 0), (0, 0, 1.12)]), Atoms("Ar2", [(0, 0, 0), (0, 0, 1.9)])
    assert "may be called X" in only(preflight(start, end), "overlap").sentence
    start.symbols = end.symbols = "X2"
    assert not [finding for finding in preflight(start, end) if finding.kind == "overlap"]


def test_the_wrong_enantiomer_is_recognised_and_the_mirrored_one_offered():
    start = chiral()
    end = mirrored(chiral(40))
    finding = only(preflight(start, end), "handedness")
    assert finding.severity is Severity.WARNING
    assert "the product has the opposite chirality" in finding.sentence
    assert "--mirror" in finding.sentence
    assert "handedness" not in [f.subject for f in preflight(start, mirrored(end))]


def test_the_same_hand_however_turned_is_no_finding():
    rng = np.random.default_rng(1)
    for angle in (20, 100, 170):
        end = chiral(angle)
        end.positions += rng.normal(scale=0.05, size=end.positions.shape)
        assert "handedness" not in [f.subject for f in preflight(chiral(), end)]


def test_one_of_two_centres_that_turns_inside_out():
    """Two hydrogens of ethane exchanged at one of its carbons."""
    start = molecule("C2H6")
    end = start.copy()
    ours = np.flatnonzero(start.get_distances(0, range(8)) < 1.3)
    hydrogens = [index for index in ours if start.symbols[index] == "H"][:2]
    end.positions[hydrogens] = end.positions[hydrogens[::-1]]
    finding = only(preflight(start, end), "handedness")
    assert finding.sentence.startswith("atom 0 (C) would have to invert")


def allene():
    """1,3-difluoroallene: chiral along its axis."""
    atoms = molecule("C3H4_D2d")
    atoms.symbols[[3, 5]] = "F"
    atoms.positions[[3, 5]] = [[0, 1.1, 1.95], [1.1, 0, -1.95]]
    return atoms


def biaryl(angle=70.0):
    """Two fluorinated vinyl groups, twisted about the bond between them: a least biaryl."""
    half = np.array([(0, 0, 0.73), (1.2, 0, 1.4), (-1.15, 0, 1.45)])
    turned = Atoms("CFO", half * [1, 1, -1])
    turned.rotate(angle, "z")
    return Atoms("CFO", half) + turned


@pytest.mark.parametrize(
    ("start", "axis"), [(allene(), "1 (C) and 2 (C)"), (biaryl(), "0 (C) and 3 (C)")]
)
def test_an_axis_of_the_wrong_hand_is_recognised(start, axis):
    end = mirrored(start)
    end.rotate(70, (1, 2, 3))
    finding = only(preflight(start, end), "handedness")
    assert finding.severity is Severity.WARNING
    assert f"the mirror image of the reactant at the axis of atoms {axis}" in finding.sentence
    assert "--mirror" in finding.sentence
    near = start.copy()
    near.rotate(70, (1, 2, 3))
    near.positions += np.random.default_rng(0).normal(scale=0.05, size=near.positions.shape)
    assert "handedness" not in [f.subject for f in preflight(start, near)]


def test_planes_that_turn_easily_have_no_hand():
    for angle in (5.0, 30.0, 175.0):
        assert "handedness" not in [f.subject for f in preflight(biaryl(angle), biaryl(-angle))]


def test_a_peroxide_turns_over_without_a_warning():
    start = molecule("H2O2")
    assert "handedness" not in [f.subject for f in preflight(start, mirrored(start))]


def test_an_umbrella_that_turns_over_is_no_matter_of_hand():
    start = molecule("NH3")
    assert "handedness" not in [f.subject for f in preflight(start, mirrored(start))]


def test_like_atoms_that_change_places():
    start = molecule("C2H6")
    end = start.copy()
    turned = [2, 3, 4] if start.get_distance(0, 2) < 1.3 else [5, 6, 7]
    end.positions[turned] = start.positions[[turned[1], turned[2], turned[0]]]
    finding = only(preflight(start, end), "relabelling")
    assert finding.severity is Severity.WARNING
    assert "the product is then the reactant itself" in finding.sentence


def test_ends_that_are_the_same_minimum():
    end = molecule("CH3OH")
    end.rotate(50, (1, 2, 3))
    end.translate((3, 2, 1))
    finding = only(preflight(molecule("CH3OH"), end), "same minimum")
    assert finding.severity is Severity.STOP
    assert "the ends are the same minimum" in finding.sentence


def test_same_minimum_across_a_boundary():
    start = bulk("Cu", cubic=True)
    end = start.copy()
    end.positions[0] += end.cell[0]
    assert same_minimum(start, end) is not None


def test_unrelaxed_ends():
    assert unrelaxed("reactant", np.full((4, 3), 0.02)) is None
    finding = unrelaxed("product", np.array([[0.0, 0, 0], [0.3, 0.4, 0]]))
    assert finding.severity is Severity.WARNING
    assert "the product is not relaxed: its largest force is 0.5 eV/Å" in finding.sentence
    assert "--relax-ends" in finding.sentence


def test_other_atoms_held():
    start, end = slab(0), slab(0.5)
    end.set_constraint(FixAtoms([0, 1]))
    finding = only(preflight(start, end), "fixed atoms")
    assert finding.severity is Severity.STOP
    assert "the product's constraints differ from the reactant's at atoms 2, 3, 4" in (
        finding.sentence
    )


def test_held_atoms_elsewhere():
    start, end = slab(0), slab(0.5)
    end.positions[0] += [0.1, 0, 0]
    finding = only(preflight(start, end), "fixed atoms")
    assert "the product has atom 0 elsewhere, by up to 0.1 Å" in finding.sentence
    assert finding.repaired is None


def test_a_product_shifted_as_a_whole_is_shifted_back():
    start, end = slab(0), slab(0.5)
    end.positions += [0.3, 0.2, 0.5]
    finding = only(preflight(start, end), "fixed atoms")
    assert finding.repaired is not None
    _, mended, (done,) = repair(start, end)
    assert done.sentence.endswith("; the product was shifted as a whole, so that they are at the "
                                  "same places")  # fmt: skip
    np.testing.assert_allclose(mended.positions, slab(0.5).positions, atol=1e-9)


def test_constraints_that_no_path_can_keep():
    start, end = molecule("CH3ONO"), molecule("CH3NO2")
    start.set_constraint(FixBondLength(0, 1))
    finding = only(preflight(start, end), "fixed atoms")
    assert "the reactant has a FixBondLengths constraint" in finding.sentence
    start.set_constraint(FixAtoms(range(7)))
    finding = only(preflight(start, end), "fixed atoms")
    assert finding.sentence == "the reactant has no free atom; remove some of its constraints"


def test_one_held_atom_of_a_molecule_is_needless():
    start, end = molecule("CH3ONO"), superpose(molecule("CH3ONO"), molecule("CH3NO2"), permute=True)
    end.positions += start.positions[2] - end.positions[2]
    start.set_constraint(FixAtoms([2]))
    finding = only(preflight(start, end), "fixed atoms")
    assert finding.severity is Severity.WARNING
    assert "atom 2 is held, alone in a molecule" in finding.sentence
    mended, _, _ = repair(start, end)
    assert not mended.constraints
    end.positions[3] = start.positions[3]
    start.set_constraint(FixAtoms([2, 3]))
    assert [one for one in preflight(start, end) if one.subject == "fixed atoms"] == []


def test_single_coordinates_held_are_left_alone():
    start, end = slab(0), slab(0.5)
    for atoms in (start, end):
        atoms.set_constraint([FixAtoms(range(8)), FixCartesian(12, (False, False, True))])
    assert preflight(start, end) == []


@pytest.mark.parametrize("name", ["CH3CHO", "C6H6", "CH3CH2OH", "H2O2", "NH3", "C2H4"])
def test_small_displacements_raise_nothing_but_the_same_minimum(name):
    start = molecule(name)
    end = start.copy()
    end.positions += np.random.default_rng(3).normal(scale=0.02, size=end.positions.shape)
    assert [finding.subject for finding in preflight(start, end)] == ["same minimum"]


def test_what_was_done_takes_the_place_of_the_advice_whatever_was_found():
    finding = Finding("order", Severity.STOP, "one thing; another", "do this; or that", done="done")
    assert str(finding) == "error: one thing; another; do this; or that"
    assert str(finding.corrected()) == "note: one thing; another; done"


def test_a_finding_without_advice_is_what_was_found():
    assert str(Finding("order", Severity.NOTE, "it is so")) == "note: it is so"


@pytest.mark.parametrize("name", ["charge", "spin", "multiplicity"])
def test_another_state_in_the_files_is_told(name):
    start, end = chiral(), chiral(turned=0.3)
    end.info[name] = 2
    (finding,) = (one for one in preflight(start, end) if one.subject == "moments")
    assert f"another {name}: none for the reactant, 2 for the product; " in finding.sentence
