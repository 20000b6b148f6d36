"""Structure files, and the command in this process."""

import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.io import write
from ase.optimize import BFGS
from click.testing import CliRunner

from fourierpathfinder.cli.commands import fourierpathfinder

from .helpers import find_arguments


def adatom(hollow):
    """Au in a hollow of Al(100), relaxed; only the gold and the top layer can move."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(hollow, 0))
    slab.info.clear()
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.003)
    return Atoms.copy(slab)


@pytest.fixture(scope="session")
def hop(tmp_path_factory):
    """The files of an adatom's hop: `reactant.traj` and `product.traj`."""
    folder = tmp_path_factory.mktemp("hop")
    for name, hollow in (("reactant", 0), ("product", 1)):
        write(folder / f"{name}.traj", adatom(hollow))
    return folder


@pytest.fixture
def command():
    """Run the command in this process: `command("find", ...)` has `exit_code` and `output`."""
    return lambda *arguments: CliRunner().invoke(fourierpathfinder, [str(a) for a in arguments])


@pytest.fixture
def faulty_find(hop, tmp_path, monkeypatch, command):
    """Run `find` with the faulty calculator; what it calculated lies in `calls`."""
    calls = tmp_path / "calls"
    calls.mkdir()
    monkeypatch.setenv("CALLS", str(calls))

    def find(*options, fault="", at="0"):
        monkeypatch.setenv("FAULT", fault)
        monkeypatch.setenv("FAULT_AT", at)
        return command(*find_arguments(hop, tmp_path / "out"), *options)

    return find
