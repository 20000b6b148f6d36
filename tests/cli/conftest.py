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


def adatom(hollow, size=(2, 2, 3), held=1, copper=()):
    """Au in a hollow of Al(100), relaxed; the gold and layers up to the number `held` can move."""
    slab = fcc100("Al", size=size, vacuum=4)
    slab.symbols[list(copper)] = "Cu"
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=hollow)
    slab.info.clear()
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > held]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.003)
    return Atoms.copy(slab)


def written(folder, **ends):
    for name, atoms in ends.items():
        write(folder / f"{name}.traj", atoms)
    return folder


@pytest.fixture(scope="session")
def hop(tmp_path_factory):
    """The files of an adatom's hop: `reactant.traj` and `product.traj`."""
    folder = tmp_path_factory.mktemp("hop")
    return written(folder, reactant=adatom((0, 0)), product=adatom((1, 0)))


@pytest.fixture
def two_hops(tmp_path):
    """The same for a hop over the next hollow to the one after it, on a rigid surface."""
    ends = (adatom((column, 0), (4, 2, 2), held=0) for column in (0, 2))
    return written(tmp_path, **dict(zip(("reactant", "product"), ends, strict=True)))


@pytest.fixture
def two_ways(tmp_path):
    """The same for a diagonal hop round two sides, of which one leads past a copper atom."""
    ends = (adatom(hollow, (3, 3, 2), held=0, copper=[10]) for hollow in ((0, 0), (1, 1)))
    return written(tmp_path, **dict(zip(("reactant", "product"), ends, strict=True)))


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

    def find(*options, fault="", at="0", ends=hop):
        monkeypatch.setenv("FAULT", fault)
        monkeypatch.setenv("FAULT_AT", at)
        return command(*find_arguments(ends, tmp_path / "out"), *options)

    return find
