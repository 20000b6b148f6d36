"""What landscapes offer: told by attributes, looked up once, carried through what is in front."""

import ast
import pickle
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError
from inspect import isclass
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.calculators.emt import EMT

import fourierpathfinder
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes import (
    IsolatedLandscape,
    MoleculeLandscape,
    NetworkLandscape,
    protocols,
)
from fourierpathfinder.landscapes.abilities import Forwarding, abilities_of, innermost
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.parallel import ParallelLandscape
from fourierpathfinder.path import SinePath

PROTOCOLS = {
    name: kind
    for name, kind in vars(protocols).items()
    if isclass(kind) and kind.__module__ == protocols.__name__
}

OBJECTS = (
    "values",
    "own_ends",
    "placed_ends",
    "first_path",
    "comparable",
    "symmetric",
    "fingerprinted",
    "mobile",
    "structures",
    "described",
    "identified",
)
"""The fields that hold the landscape itself where it has the ability."""


def members(kind):
    """What an object must have to be of this kind."""
    own = {name for base in kind.__mro__ if base.__name__ in PROTOCOLS for name in vars(base)}
    annotated = {name for base in kind.__mro__ for name in getattr(base, "__annotations__", {})}
    return {name for name in own | annotated if not name.startswith("_")}


NAMES = set().union(*(members(kind) for kind in PROTOCOLS.values())) - {"identity"}
"""But for `identity`, which calculators and other parts of a landscape have too."""


def with_attributes(names):
    return type("Offering", (), dict.fromkeys(names, len))()


class Bowl:
    def value_and_grad(self, points):
        return (points**2).sum(-1), 2 * points


class Everything(Bowl):
    """Offers all there is."""

    stochastic, n_samples, n_workers = True, 7, 3
    n_atoms, fixed, moves_as_a_whole = 2, [1], False
    description, identity = "a bowl", {"bowl": "round"}

    def free_motions(self, point):
        return np.zeros((0, len(point)))

    def value(self, points):
        return (points**2).sum(-1)

    def coordinates(self, end):
        return np.array([float(end), 0.0])

    def ends(self, start, end):
        return start, -end

    def initial_path(self, start, end, n_terms, rng):
        return SinePath(start, end, rng.normal(size=(n_terms, len(start))))

    def same(self, a, b):
        return True

    def placing(self, a, b):
        return np.negative

    def fingerprint(self, a):
        return abs(a)

    def path_atoms(self, result, n_images=21):
        return []

    def forget(self):
        pass

    def remind(self, point, value):
        pass


class Before(Forwarding):
    """Stands before another and does nothing of its own."""

    def value_and_grad(self, points):
        return self.landscape.value_and_grad(points)


def offered(landscape):
    found = abilities_of(landscape)
    return {name for name in OBJECTS if getattr(found, name) is not None}


@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_an_ability_is_told_by_all_its_attributes(kind):
    assert isinstance(with_attributes(members(kind)), kind)
    for missing in members(kind):
        assert not isinstance(with_attributes(members(kind) - {missing}), kind)


@pytest.mark.parametrize("kind", PROTOCOLS.values(), ids=PROTOCOLS)
def test_every_ability_says_what_it_is(kind):
    assert kind.__doc__
    for name in vars(kind).keys() & members(kind):
        member = vars(kind)[name]
        assert (member.fget if isinstance(member, property) else member).__doc__


def test_a_bare_landscape_has_the_defaults():
    bowl = Bowl()
    found = abilities_of(bowl)
    assert offered(bowl) == set()
    assert found.landscape is bowl
    assert (found.stochastic, found.n_samples, found.n_workers) == (False, 0, 1)
    assert (found.n_atoms, len(found.fixed), found.moves_as_a_whole) == (None, 0, True)
    assert found.description == ""
    a, b = np.zeros(2), np.ones(2)
    assert found.coordinates([0.0, 1.0]).tolist() == [0, 1]
    assert found.coordinates(a) is a
    assert found.ends(a, b) == (a, b)
    assert not found.initial_path(a, b, 3, np.random.default_rng(0)).coefficients.any()


def test_all_that_is_offered_is_found(rng):
    everything = Everything()
    found = abilities_of(everything)
    assert offered(everything) == set(OBJECTS)
    assert (found.stochastic, found.n_samples, found.n_workers) == (True, 7, 3)
    assert (found.n_atoms, found.fixed, found.moves_as_a_whole) == (2, [1], False)
    assert found.description == "a bowl"
    assert found.coordinates("2").tolist() == [2, 0]
    assert found.ends(1.0, 2.0) == (1.0, -2.0)
    assert found.initial_path(np.zeros(2), np.ones(2), 3, rng).coefficients.any()


def test_what_the_landscapes_of_the_package_offer():
    triangle = Atoms("Cu3", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0)])
    data = torch.ones(4, 2), torch.zeros(4, 1)
    network = NetworkLandscape(torch.nn.Linear(2, 1), torch.nn.functional.mse_loss, data)
    symmetric = {"comparable", "symmetric", "fingerprinted", "first_path"}
    assert offered(two_channels()) == symmetric
    assert offered(MoleculeLandscape(triangle, EMT)) == symmetric | {
        "own_ends", "placed_ends", "structures", "described", "mobile", "identified",
    }  # fmt: skip
    assert offered(network) == {
        "values", "own_ends", "placed_ends", "comparable", "described", "identified",
    }  # fmt: skip
    assert abilities_of(network).n_samples == 4
    assert abilities_of(two_channels()).n_atoms is None
    assert abilities_of(lennard_jones(7)).n_atoms == 7


def test_they_are_looked_up_once_and_stay():
    found = abilities_of(Everything())
    assert abilities_of(found) is found
    with pytest.raises(FrozenInstanceError):
        found.n_samples = 3


def test_they_can_be_sent_to_a_worker():
    found = pickle.loads(pickle.dumps(abilities_of(lennard_jones(7))))
    assert found.symmetric is found.landscape
    assert found.n_atoms == 7


@pytest.mark.parametrize("n_in_front", [1, 2])
def test_what_stands_before_a_landscape_evaluates_and_offers_what_that_one_does(n_in_front):
    everything = Everything()
    landscape = everything
    for _ in range(n_in_front):
        landscape = Before(landscape)
    found, behind = abilities_of(landscape), abilities_of(everything)
    assert found.landscape is landscape
    assert innermost(landscape) is everything
    assert found.values is None  # it may be what must not be gone round
    for name in set(vars(found)) - {"landscape", "values"}:
        assert getattr(found, name) == getattr(behind, name), name


def test_workers_in_front_say_how_many_they_are():
    with IsolatedLandscape(two_channels(), n_workers=2) as isolated:
        assert abilities_of(isolated).n_workers == 2
        assert abilities_of(Before(isolated)).n_workers == 2
        assert abilities_of(isolated).symmetric is isolated.landscape


def test_an_evaluator_counts_what_is_asked_through_it():
    evaluator = Evaluator(Everything())
    found = abilities_of(evaluator)
    found.landscape.value_and_grad(np.ones((2, 2)))
    assert evaluator.n_gradients == 2
    assert found.values is evaluator
    assert found.symmetric is evaluator.landscape


def test_points_go_to_workers_and_never_round_them():
    with ThreadPoolExecutor(1) as pool:
        evaluator = Evaluator(Everything(), at_work=ParallelLandscape(Everything(), pool))
        evaluator.value(np.ones((3, 2)))
    assert evaluator.n_gradients == 3  # the workers have no values alone


def asked_by_name(file):
    """The lines on which a file asks an object for an ability by its name."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            names = {part.value for part in node.args[1:] if isinstance(part, ast.Constant)}
            of_a_landscape = bool(node.args) and "landscape" in ast.unparse(node.args[0])
            if node.func.id in ("hasattr", "getattr") and (names & NAMES or of_a_landscape):
                yield node.lineno


PACKAGE = Path(fourierpathfinder.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.relative_to(PACKAGE).as_posix())
def test_nobody_asks_for_an_ability_by_its_name(file):
    assert list(asked_by_name(file)) == [], "look it up with `abilities_of`, at the door"


def test_asking_by_name_is_noticed(tmp_path):
    file = tmp_path / "module.py"
    lines = ("getattr(it, 'n_samples', 0)", "hasattr(self.landscape, name)", "getattr(it, 'x')")
    file.write_text("\n".join(lines))
    assert list(asked_by_name(file)) == [1, 2]
