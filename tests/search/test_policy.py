"""Every number of the search stands in the policy, said with its unit and its reason."""

import ast
import re
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages

import pytest

import fourierpathfinder.search as package
from fourierpathfinder.search import policy
from fourierpathfinder.search.policy import BOLD, WARY, Policy

ROOM = Path(package.__path__[0])
MODULES = [
    info.name.removeprefix(f"{package.__name__}.")
    for info in walk_packages(package.__path__, f"{package.__name__}.")
]
POLICY = sorted(Path(policy.__path__[0]).glob("*.py"))
OTHERS = [name for name in MODULES if name.split(".")[0] != "policy"]
GROUPS = [one for one in vars(policy).values() if is_dataclass(one) and isinstance(one, type)]

ANYWHERE = {-1, 0, 1, 2, 0.5}
ROUNDING = 1e-9
"""Numbers of this size and below keep off the last bits; no result hangs on them."""
EXCEPTIONS = {
    ("choose_features", 3): "coordinates of an atom",
    ("excluded", 4): "of the derivative of exp(-2 r²)",
    ("span", 100): "coordinates from which a detour saves time; it changes no result",
    ("warp", 100): "an exponent beyond which nothing is told apart, short of overflow",
}
UNITS = re.compile(
    r"\b(chords?|E|1/E|tolerances?|deviations?|radii|radius|units? of|share|part|parts|relative)\b",
    re.IGNORECASE,
)


def numbers(module):
    """Each number that stands in a module, and its line."""
    for node in ast.walk(ast.parse((ROOM / f"{module}.py").read_text())):
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield node.value, node.lineno


def is_free(module, value):
    known = value in ANYWHERE or (module, value) in EXCEPTIONS
    return known or (isinstance(value, float) and value <= ROUNDING)


@pytest.mark.parametrize("module", OTHERS)
def test_no_number_stands_outside_the_policy(module):
    stray = [(value, line) for value, line in numbers(module) if not is_free(module, value)]
    assert not stray, f"{module}.py has numbers of its own (value, line): {stray}"


def test_every_exception_is_needed():
    found = {(module, value) for module in OTHERS for value, _ in numbers(module)}
    assert set(EXCEPTIONS) <= found


def said():
    """Every field of every group, with its annotation and what is said of it."""
    for group in (node for file in POLICY for node in ast.parse(file.read_text()).body):
        if not isinstance(group, ast.ClassDef) or group.name == "Policy":
            continue
        for node, after in zip(group.body, [*group.body[1:], None], strict=True):
            if isinstance(node, ast.AnnAssign):
                is_text = isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant)
                name = f"{group.name}.{node.target.id}"
                yield name, ast.unparse(node.annotation), after.value.value if is_text else ""


SAID = list(said())


@pytest.mark.parametrize(("name", "kind", "text"), SAID, ids=[name for name, *_ in SAID])
def test_every_number_says_what_it_is_in_which_unit_and_why(name, kind, text):
    assert text[:1].isupper(), f"{name} has no docstring"
    assert text.rstrip().endswith("."), f"{name}: {text}"
    what, _, why = text.partition(": ") if ": " in text else text.partition(":\n")
    assert len(what.split()) >= 3, f"{name}: {text}"
    assert len(why.split()) >= 3, f"{name} gives no reason after a colon: {text}"
    if "float" in kind:
        assert UNITS.search(what), f"{name} says no unit: {text}"


def test_every_field_is_found_by_that():
    declared = {f"{group.__name__}.{one.name}" for group in GROUPS for one in fields(group)}
    declared -= {f"Policy.{one.name}" for one in fields(Policy)}
    assert declared == {name for name, *_ in SAID}
    assert {type(getattr(BOLD, one.name)) for one in fields(Policy)} == set(GROUPS) - {Policy}


def test_every_number_is_read_somewhere():
    """By its name, in the search or in the methods, of which one runs it."""
    methods = (ROOM.parent / "methods").glob("*.py")
    sources = [ROOM / f"{module}.py" for module in OTHERS]
    read = {
        node.attr
        for source in [*sources, *methods]
        for node in ast.walk(ast.parse(source.read_text()))
        if isinstance(node, ast.Attribute)
    }
    assert {one.name for group in GROUPS for one in fields(group)} <= read


@pytest.mark.parametrize("module", MODULES)
def test_every_state_and_setting_is_frozen(module):
    for one in vars(import_module(f"{package.__name__}.{module}")).values():
        if is_dataclass(one) and isinstance(one, type) and one.__module__.endswith(f".{module}"):
            assert one.__dataclass_params__.frozen, one


def test_policies_are_values():
    assert Policy() == BOLD
    assert hash(Policy()) == hash(BOLD)
    assert WARY != BOLD


def test_wary_is_warier():
    wary, bold = WARY.trust, BOLD.trust
    assert wary.warp_width < bold.warp_width
    assert wary.at_saddle < bold.at_saddle
    assert wary.on_path < bold.on_path
    assert (wary.saddles_in_a_row, bold.saddles_in_a_row) == (False, True)
