"""Ends with cells of their own, from the command line."""

import numpy as np
import pytest
from ase import Atoms
from ase.io import read, write

from fourierpathfinder.cli.exits import Exit

from .helpers import read_result


@pytest.fixture
def bain(tmp_path):
    """Al as fcc, and as bcc turned in space, in files of VASP's kind."""
    for name, width, height in (("fcc", 2.82, 3.99), ("bcc", 3.17, 3.17)):
        x, z = width / 2, height / 2
        atoms = Atoms("Al", cell=[[-x, x, z], [x, -x, z], [x, x, -z]], pbc=True)
        if name == "bcc":
            atoms.rotate(33, (1, 2, 3), rotate_cell=True)
        write(tmp_path / f"{name}.vasp", atoms)
    return tmp_path


def test_a_change_of_phase_is_found_and_written(bain, command):
    ends, out = (bain / "fcc.vasp", bain / "bcc.vasp"), bain / "out"
    options = ("--cell", "--pressure", "2", "--relax-ends", "--verify", "-o", out)
    done = command("find", *ends, "-c", "emt", *options)
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert "at 2 GPa: all energies are enthalpies" in done.output
    result = read_result(out)
    assert result["changing_cell"]["pressure"] == 2.0
    assert result["verification"]["connects_the_ends"]
    images = read(out / "path.extxyz", ":")
    ratios = [np.ptp(image.cell.lengths()) + np.ptp(image.cell.angles()) for image in images]
    assert ratios[0] > 20
    assert ratios[-1] < 1.0
    heights = [image.info["enthalpy"] for image in images]
    assert max(heights) - heights[0] == pytest.approx(result["barrier"], abs=1e-4)
    assert images[0].get_stress().shape == (6,)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ((), "let the cell change"),
        (("--pressure", "3"), "it needs --cell"),
        (("--cell", "--vibrations"), "need a fixed cell"),
        (("--cell", "--mirror"), "is for molecules"),
        (("--cell", "--pressure", "nan"), "must be a finite number, in GPa"),
    ],
)
def test_what_does_not_go_together_is_refused(bain, command, options, sentence):
    done = command("find", bain / "fcc.vasp", bain / "bcc.vasp", "-c", "emt", *options)
    assert done.exit_code == Exit.BAD_INPUT
    assert sentence in done.output


def test_a_molecule_has_no_cell_to_change(tmp_path, command):
    for name, length in (("a", 0.74), ("b", 1.2)):
        write(tmp_path / f"{name}.xyz", Atoms("H2", [(0, 0, 0), (0, 0, length)]))
    done = command("find", tmp_path / "a.xyz", tmp_path / "b.xyz", "-c", "emt", "--cell")
    assert done.exit_code == Exit.BAD_INPUT
    assert "two or three directions are periodic" in done.output
