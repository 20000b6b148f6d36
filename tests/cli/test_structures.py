"""Structures from files and folders, and sentences for those that are none."""

from itertools import product

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk, molecule
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms, FixedLine
from ase.io import write

from fourierpathfinder.cli.exits import InputError
from fourierpathfinder.cli.structures import freeze, looked_over, read_structure
from fourierpathfinder.landscapes import MoleculeLandscape


def test_one_structure_is_read_and_several_must_be_named(tmp_path):
    water = molecule("H2O")
    moved = water.copy()
    moved.positions += 1
    write(tmp_path / "one.xyz", water)
    write(tmp_path / "two.xyz", [water, moved])
    assert len(read_structure(str(tmp_path / "one.xyz"))) == 3
    np.testing.assert_allclose(
        read_structure(f"{tmp_path / 'two.xyz'}@1").positions, moved.positions, atol=1e-7
    )
    with pytest.raises(InputError, match=r"holds 2 structures; name one .*@0 to .*@1"):
        read_structure(str(tmp_path / "two.xyz"))
    with pytest.raises(InputError, match="there is no file"):
        read_structure(str(tmp_path / "none.xyz"))


@pytest.mark.parametrize("how", ["Direct", "Cartesian"])
@pytest.mark.parametrize("flags", list(product("TF", repeat=3)), ids="".join)
def test_selective_dynamics_of_vasp(flags, how, tmp_path):
    """F holds an atom's coordinate along one lattice vector, as the POSCAR's format says."""
    cell = np.array([[5.0, 0, 0], [1.5, 4.8, 0], [0.3, 0.6, 6.0]])
    fractions = np.array([[0.1, 0.2, 0.3], [0.6, 0.5, 0.7]])
    places = fractions if how == "Direct" else fractions @ cell
    lines = ["Cu2", "1.0", *(" ".join(map(str, row)) for row in cell), "Cu", "2", "Selective", how]
    for place, marks in zip(places, ("FFF", flags), strict=True):
        lines.append(" ".join([*map(str, place), *marks]))
    (tmp_path / "POSCAR").write_text("\n".join(lines) + "\n")
    if "T" not in flags:
        with pytest.raises(ValueError, match="no free atom"):
            MoleculeLandscape(read_structure(str(tmp_path)), EMT)
        return
    landscape = MoleculeLandscape(read_structure(str(tmp_path)), EMT)
    x = landscape.coordinates(read_structure(str(tmp_path)))
    assert x.shape == (flags.count("T"),)
    reached = np.array([landscape.atoms(x + step).positions[1] for step in np.eye(len(x))])
    steps = (reached - fractions[1] @ cell) @ np.linalg.inv(cell)
    for axis, mark in enumerate(flags):
        assert np.allclose(steps[:, axis], 0, atol=1e-9) == (mark == "F")
    np.testing.assert_allclose(landscape.atoms(x).positions[0], fractions[0] @ cell, atol=1e-9)


def test_a_folder_of_vasp_is_a_structure(tmp_path):
    bulk("Cu", cubic=True).write(tmp_path / "POSCAR", format="vasp")
    assert len(read_structure(str(tmp_path))) == 4
    (tmp_path / "POSCAR").write_text("nothing\n")
    with pytest.raises(InputError, match="cannot be read"):
        read_structure(str(tmp_path))
    (tmp_path / "POSCAR").unlink()
    with pytest.raises(InputError, match="neither a CONTCAR nor a POSCAR"):
        read_structure(str(tmp_path))


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("CONTCAR", "Al\n1.0\n4 0 0\n0 4 0\n", "CONTCAR cannot be read as a structure: it was cut"),
        ("POSCAR", "", "POSCAR is empty"),
        ("a.xyz", " \n", "a.xyz (is empty|holds no structure)"),
        ("a.cif", "data_x\n_cell_length_a 3\nloop_\n_atom_site_label\n", "holds no structure"),
        ("net.pt", "PK", "net.pt is no structure of atoms; .*`find_path\\(NetworkLandscape"),
        ("a.json", '{"1": {', "a.json cannot be read as a structure: it was cut off"),
    ],
)
def test_files_that_were_cut_off_are_refused(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError, match=said):
        read_structure(str(tmp_path / name))


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e30])
def test_coordinates_that_are_none_are_refused(tmp_path, value):
    atoms = molecule("H2O")
    atoms.positions[1, 2] = value
    write(tmp_path / "a.traj", atoms)
    with pytest.raises(InputError, match="atom 1 at"):
        read_structure(str(tmp_path / "a.traj"))


def test_cells_that_span_nothing_are_refused(tmp_path):
    atoms = Atoms("Cu", cell=[[3, 0, 0], [3, 0, 0], [0, 0, 3]], pbc=True)
    write(tmp_path / "a.traj", atoms)
    with pytest.raises(InputError, match="spans no lattice"):
        read_structure(str(tmp_path / "a.traj"))


def test_a_file_may_have_an_at_sign_in_its_name(tmp_path):
    for name in ("me@home.xyz", "last@1"):
        write(tmp_path / name, [molecule("H2O"), molecule("NH3")], format="extxyz")
    with pytest.raises(InputError, match="holds 2 structures"):
        read_structure(str(tmp_path / "me@home.xyz"))
    assert len(read_structure(str(tmp_path / "me@home.xyz@1"))) == 4
    write(tmp_path / "one@0.xyz", molecule("H2O"))
    assert len(read_structure(str(tmp_path / "one@0.xyz"))) == 3


def test_freezing_keeps_what_is_held_already():
    atoms = molecule("CH3OH", constraint=FixedLine(0, (0, 0, 1)))
    held = freeze(atoms, "1:3").constraints
    assert [type(one) for one in held] == [FixedLine, FixAtoms]


@pytest.mark.parametrize(
    ("which", "told"), [(":", "':', which holds"), ("1:", "'1:', which with what the file holds")]
)
def test_freezing_everything_is_refused(which, told):
    atoms = molecule("CH3OH", constraint=FixAtoms([0]))
    with pytest.raises(InputError, match=f"--freeze is {told}.* all 6 atoms"):
        freeze(atoms, which)


def test_an_order_that_is_asked_for_is_made():
    start = molecule("C2H6")
    end = start[[1, 0, 5, 6, 7, 2, 3, 4]]
    end.positions[0] += [0, 0.2, 0.5]
    _, ordered, mended, _ = looked_over(start, end, fix=False, mirror=False, order=True)
    (finding,) = mended
    assert finding.sentence.startswith("--order has put the product's atoms in the order 1 0 ")
    assert np.linalg.norm(ordered.positions - start.positions) < 0.7


def test_an_order_that_fits_already_is_kept():
    start = molecule("C2H6")
    end = start.copy()
    end.positions[0] += [0, 0.2, 0.5]
    _, ordered, mended, _ = looked_over(start, end, fix=False, mirror=False, order=True)
    assert [finding.sentence for finding in mended] == [
        "--order leaves the product's atoms as they are: no other order fits better"
    ]
    assert np.linalg.norm(ordered.positions - start.positions) < 0.7


def test_a_mirror_image_that_is_asked_for_is_told():
    start = molecule("CH3CH2OH")
    *_, mended, _ = looked_over(start, start.copy(), fix=False, mirror=True)
    assert [str(finding) for finding in mended] == [
        "note: --mirror has taken the product's mirror image"
    ]


def test_a_mirror_image_that_should_not_have_been_taken_is_told():
    start = Atoms("CHFClBr", [(0, 0, 0), (0, 0, 1.09), (1.3, 0, -0.5), (-0.8, 1.5, -0.5),
                              (-0.9, -1.6, -0.6)])  # fmt: skip
    end = start.copy()
    end.positions[1] += (0.2, 0.1, 0.1)
    *_, findings = looked_over(start, end, fix=False, mirror=True)
    (finding,) = (one for one in findings if one.subject == "handedness")
    assert "mirror image of the reactant at atom 0 (C); leave --mirror out" in finding.sentence
