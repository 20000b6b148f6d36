"""Files of another problem are refused, both named; so is a landscape that says something else."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms

from fourierpathfinder import Direct, connect, find_path, find_paths
from fourierpathfinder.atoms.content import files_named
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.storage import content
from fourierpathfinder.storage.content import digest
from fourierpathfinder.storage.errors import CheckpointError

A, B = np.array([-1.0, 0.0]), np.array([1.0, 0.0])


def hill(height):
    """A double well with a hill between, and its gradient."""

    def value(x):
        return (x[0] ** 2 - 1) ** 2 + x[1] ** 2 + height * np.exp(-4 * (x @ x))

    def gradient(x):
        slope = np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]])
        return slope - 8 * height * np.exp(-4 * (x @ x)) * x

    return value, gradient


def run_find(file, height, **options):
    value, gradient = hill(height)
    return find_path(value, A, B, gradient=gradient, rng=0, checkpoint=file, **options)


def run_paths(file, height):
    value, gradient = hill(height)
    return find_paths(value, [(A, B)], gradient=gradient, rng=0, checkpoint=file, method=Direct())


def run_connect(file, height):
    value, gradient = hill(height)
    return connect(value, [A, B], gradient=gradient, rng=0, checkpoint=file, method=Direct())


RUNS = {
    "snapshots": lambda file, height: run_find(file, height, method=Direct()),
    "evaluations": run_find,
    "folder": run_paths,
    "graph": run_connect,
}


@pytest.mark.parametrize("kind", RUNS)
def test_another_function_with_the_same_ends_is_refused(kind, tmp_path):
    RUNS[kind](tmp_path / "kept", 2)
    with pytest.raises(CheckpointError, match=r"belongs to another problem: its .* this run's"):
        RUNS[kind](tmp_path / "kept", 4)
    RUNS[kind](tmp_path / "kept", 2)


class Shifting:
    """Looks the same, and says something else."""

    def __init__(self, by=0.0):
        self.by = np.random.default_rng(0)  # what a generator holds cannot be looked into
        self.shift = lambda: by

    identity = {"landscape": "the same"}  # noqa: RUF012

    def value_and_grad(self, points):
        value, gradient = hill(2)
        values = np.array([value(x) for x in points]) + self.shift() * points[:, 0]
        return values, np.array([gradient(x) for x in points])


@pytest.mark.parametrize("method", [None, Direct()], ids=["evaluations", "snapshots"])
def test_a_landscape_that_disagrees_is_refused_unless_told_otherwise(method, tmp_path):
    def run(by, **options):
        file = tmp_path / "kept"
        return find_path(Shifting(by), A, B, method=method, rng=0, checkpoint=file, **options)

    run(0.0)
    with pytest.raises(CheckpointError, match=r"evaluated again.*resume_check=False"):
        run(5.0)
    run(0.0)  # a refusal leaves the file as it was
    run(5.0, resume_check=False)


CHANGES = {
    "cell": ("its cell is", lambda atoms: atoms.set_cell([5, 6, 6])),
    "periodicity": ("its periodicity is", lambda atoms: atoms.set_pbc(False)),
    "held": ("its places of held atoms", lambda atoms: atoms.positions.__setitem__(0, [0.3, 0, 0])),
    "charges": ("its charges, magn", lambda atoms: atoms.set_initial_charges([1, 0, 0, 0])),
    "moments": ("its charges, magn", lambda atoms: atoms.set_initial_magnetic_moments([1] * 4)),
    "tags": ("its charges, magn", lambda atoms: atoms.set_tags([1, 0, 0, 0])),
    "info": ("its info is", lambda atoms: atoms.info.update(spin=3)),
    "constraints": ("its constraints is", lambda atoms: atoms.set_constraint(FixAtoms([0, 1]))),
}


def cluster(change=lambda atoms: None):
    atoms = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)], pbc=True)
    atoms.set_cell([6, 6, 6])
    atoms.set_constraint(FixAtoms([0]))
    change(atoms)
    return MoleculeLandscape(atoms, EMT)


@pytest.mark.parametrize("what", CHANGES)
def test_what_a_molecule_is_known_by(what):
    named, change = CHANGES[what]
    before, after = (abilities_of(landscape).identity for landscape in (cluster(), cluster(change)))
    differing = [key for key in before if before[key] != after[key]]
    assert any(named.removeprefix("its ").startswith(key[:10]) for key in differing), differing
    assert abilities_of(cluster()).identity == before


def test_files_that_settings_name_are_looked_into(tmp_path):
    class Model(EMT):
        def __init__(self, model):
            super().__init__()
            self.parameters["model"] = str(model)

    model = tmp_path / "weights"
    model.write_bytes(b"1")
    atoms = Atoms("Cu2", [(0, 0, 0), (2.3, 0, 0)])
    before = MoleculeLandscape(atoms, Model(model)).identity
    model.write_bytes(b"2")
    after = MoleculeLandscape(atoms, Model(model)).identity
    assert [key for key in before if before[key] != after[key]] == ["files of the calculator"]


@pytest.mark.parametrize(
    "settings",
    [
        lambda file: {"model": str(file)},
        lambda file: {"model": file},
        lambda file: {"model_paths": [str(file), "medium"]},
        lambda file: {"pair": ("x", str(file))},
        lambda file: {"pseudopotentials": {"Al": str(file), "Cu": "none.upf"}},
        lambda file: {"deep": {"in": [{"it": str(file)}]}},
        lambda file: {"pseudopotentials": {"Al": file.name}, "pseudo_dir": str(file.parent)},
        lambda file: {"pseudo_dir": file.parent, "of": [file.name]},
    ],
)
def test_files_named_anywhere_in_settings_are_looked_into(settings, tmp_path):
    file = tmp_path / "weights"
    file.write_bytes(b"1")
    before = files_named(settings(file))
    assert before == files_named(settings(file))
    assert "weights" in before
    file.write_bytes(b"2")
    assert files_named(settings(file)) != before


@pytest.mark.parametrize(
    "value", [None, 3, "", "x" * 5000, "a\0b", b"bytes", "no file", [], {}, [[]]]
)
def test_settings_that_name_no_file(value):
    assert files_named({"setting": value}) == "none"


def test_counters_do_not_count():
    calls = [0]

    def counted(x):
        calls[0] += 1
        return x @ x

    before = digest(counted)
    counted(A)
    assert digest(counted) == before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x + 1, lambda x: x + 2),
        (np.array([1.0, 2.0]), np.array([1.0, np.nextafter(2.0, 3)])),
        ({"a": 1}, {"a": 2}),
        ({"a": 1}, {"b": 1}),
        ([1, [2]], [1, [3]]),
        (1, 1.0),
        ("1", 1),
        (np.zeros(2), np.zeros(3)),
        (np.zeros(2), np.zeros(2, dtype=np.float32)),
        (None, 0),
        ({"dtype": np.float32}, {"dtype": np.float64}),
        (np.inexact, np.integer),
    ],
)
def test_contents_are_told_apart(one, other):
    assert digest(one) == digest(one)
    assert digest(one) != digest(other)


def test_a_large_array_is_known_by_all_its_numbers():
    large = np.zeros(2**24)
    before = digest(large)
    large[12345677] = 1e-300
    assert digest(large) != before


def test_what_this_package_offers_is_known_by_its_module(monkeypatch):
    """A landscape of an earlier release may have been another one."""
    before = digest(two_channels()), digest(np.linalg.norm)
    monkeypatch.setattr(content, "_module_digest", lambda file: "another release")
    assert digest(two_channels()) != before[0]
    assert digest(np.linalg.norm) == before[1]
