"""A restart with another problem is refused before anything is calculated, and both are named."""

import shutil

import pytest
from ase import Atoms
from ase.constraints import FixAtoms
from ase.io import read, write

from fourierpathfinder.cli.exits import Exit

CALCULATOR = """
from ase.calculators.emt import EMT
SCALE = 1.0
class Scaled(EMT):
    def calculate(self, *arguments, **options):
        super().calculate(*arguments, **options)
        for key in ("energy", "free_energy", "forces"):
            self.results[key] = self.results[key] * SCALE
def make(model=None, models=(), width=1.0):
    return Scaled()
"""

COMMAND = (
    "find a.traj b.traj -c calc.py:make --set model=weights --set models=["
    '"more"] --set width=1.0 --max-gradients 3 -o out'
)


def ends():
    atoms = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    atoms.set_cell([12, 12, 12])
    atoms.set_constraint(FixAtoms([0]))
    other = atoms.copy()
    other.positions[3, 2] *= -1
    return atoms, other


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A folder with a run in it."""
    from click.testing import CliRunner

    from fourierpathfinder.cli.commands import fourierpathfinder

    folder = tmp_path_factory.mktemp("run")
    for name, atoms in zip("ab", ends(), strict=True):
        write(folder / f"{name}.traj", atoms)
    (folder / "calc.py").write_text(CALCULATOR)
    for name in ("weights", "more"):
        (folder / name).write_text("1")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(fourierpathfinder, COMMAND.split())
    assert done.exit_code == Exit.NOT_CERTIFIED, done.output
    return folder


@pytest.fixture
def folder(run, tmp_path, monkeypatch):
    """A copy of it, to change and to go on in."""
    shutil.copytree(run, tmp_path / "copy")
    monkeypatch.chdir(tmp_path / "copy")
    return tmp_path / "copy"


def both(change):
    """Change both ends."""
    for name in ("a.traj", "b.traj"):
        atoms = read(name)
        change(atoms)
        write(name, atoms)


def moved(atoms):
    atoms.set_constraint()
    atoms.positions[0] += 0.1
    atoms.set_constraint(FixAtoms([0]))


def _shaken(atoms):
    atoms.positions[3] += 0.01
    return atoms


def _exchanged():
    a, b = read("a.traj"), read("b.traj")
    write("a.traj", b)
    write("b.traj", a)


CHANGES = {
    "a held atom is elsewhere": ("places of held atoms", lambda: both(moved)),
    "another atom is held": (
        "constraints", lambda: both(lambda atoms: atoms.set_constraint(FixAtoms([0, 1])))
    ),
    "nothing is held": ("constraints", lambda: both(lambda atoms: atoms.set_constraint())),
    "charges": (
        "charges, magnetic", lambda: both(lambda atoms: atoms.set_initial_charges([1, 0, 0, 0]))
    ),
    "magnetic moments": (
        "charges, magnetic",
        lambda: both(lambda atoms: atoms.set_initial_magnetic_moments([2, 0, 0, 0])),
    ),
    "tags": ("charges, magnetic", lambda: both(lambda atoms: atoms.set_tags([1, 0, 0, 0]))),
    "the cell": ("cell", lambda: both(lambda atoms: atoms.set_cell([12, 12, 13]))),
    "periodicity": ("periodicity", lambda: both(lambda atoms: atoms.set_pbc(True))),
    "the element": ("atoms", lambda: both(lambda atoms: atoms.symbols.__setitem__(3, "Ag"))),
    "an end": ("structures", lambda: write("b.traj", _shaken(read("b.traj")))),
    "the ends the other way round": ("structures", _exchanged),
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_other_structures(what, folder, command):
    part, change = CHANGES[what]
    change()
    assert_refused(command(*COMMAND.split(), "--restart"), part)


def test_which_end_differs_and_by_how_much_is_told(folder, command):
    write("b.traj", _shaken(read("b.traj")))
    told = command(*COMMAND.split(), "--restart").output
    assert "not this run's: the product is another one, where atom 3 has moved by 0.017 Å;" in told


def test_ends_that_are_exchanged_are_recognised(folder, command):
    _exchanged()
    told = command(*COMMAND.split(), "--restart").output
    assert "its structures are this run's in the other order" in told


FILES = {
    "calc.py": ("calculator", CALCULATOR.replace("SCALE = 1.0", "SCALE = 2.0")),
    "a comment in calc.py": ("calculator", CALCULATOR + "# other\n"),
    "weights": ("files of the calculator", "2"),
    "more": ("files of the calculator", "2"),
}


@pytest.mark.parametrize("what", FILES)
def test_other_files(what, folder, command):
    part, content = FILES[what]
    (folder / what.split()[-1]).write_text(content)
    assert_refused(command(*COMMAND.split(), "--restart"), part)


OPTIONS = {
    "a setting": ("width=1.0", "width=2.0"),
    "another function": ("calc.py:make", "calc.py:Scaled"),
    "another name of a file": ("model=weights", "model=more"),
}


@pytest.mark.parametrize("what", OPTIONS)
def test_other_options(what, folder, command):
    line = COMMAND.replace(*OPTIONS[what])
    if what == "another function":
        line = line[: line.index("--set")] + line[line.index("--max") :]
    assert_refused(command(*line.split(), "--restart"), "calculator")


def test_more_atoms_are_held_by_an_option(folder, command):
    assert_refused(command(*COMMAND.split(), "--freeze", "0:2", "--restart"), "constraints")


def test_the_same_problem_goes_on(folder, command):
    done = command(*COMMAND.split(), "--restart")
    assert done.exit_code == Exit.NOT_CERTIFIED, done.output
    assert "3 evaluations are known from an earlier run" in done.output


def assert_refused(done, part):
    assert done.exit_code == Exit.BAD_INPUT, done.output
    last = done.output.strip().splitlines()[-1]
    assert f"evaluations.jsonl belongs to another problem: its {part}" in last
    assert "this run's" in last
    assert "gradients, height" not in done.output
