"""Names that have moved answer at their old place, with a warning that says where they are now."""

import re
from importlib import import_module
from pathlib import Path

import pytest

import fourierpathfinder
from fourierpathfinder._deprecation import moved

PACKAGE = Path(fourierpathfinder.__file__).parent
PAGE = (PACKAGE.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")

PUBLIC = {
    "fourierpathfinder.surrogate": (
        "Coordinates FeatureMap GaussianProcess InverseDistances Kernel Matern52 Observations "
        "Posterior SquaredExponential Warp"
    ),
    "fourierpathfinder.preflight": "preflight",
    "fourierpathfinder.network_of_minima": "Edge LandscapeGraph Node connect",
    "fourierpathfinder.landscapes.molecule": (
        "CalculatorError MoleculeLandscape differences path_atoms refine_with_sella superpose"
    ),
    "fourierpathfinder.landscapes.base": "Landscape",
}
"""What each module had for its users before it moved."""


def table():
    """Old modules and the new ones, as ARCHITECTURE.md lists them."""
    rows = re.findall(r"^\| `(fourierpathfinder\.[a-z_.]+)` \| (.+) \|$", PAGE, re.MULTILINE)
    return {old: re.findall(r"`([a-z_.]+)`", new) for old, new in rows}


def test_the_table_names_every_module_that_has_moved():
    calls = {
        ".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts)
        for file in PACKAGE.rglob("*.py")
        if "__getattr__ = moved(" in file.read_text(encoding="utf-8")
    }
    assert calls == set(table()) == set(PUBLIC)


@pytest.mark.parametrize(
    ("old", "name"), [(old, name) for old, names in PUBLIC.items() for name in names.split()]
)
def test_old_names_are_the_new_ones_and_warn(old, name):
    homes = [home for home in map(import_module, table()[old]) if hasattr(home, name)]
    new = f"{homes[0].__name__}.{name}"
    with pytest.warns(DeprecationWarning, match=re.escape(f"{old}.{name} has moved: use {new};")):
        found = getattr(import_module(old), name)
    assert found is getattr(homes[0], name)


@pytest.mark.parametrize("old", PUBLIC)
def test_what_never_was_there_is_not_there(old):
    with pytest.raises(AttributeError, match=f"'{old}' has no attribute 'nothing'"):
        _ = import_module(old).nothing


def test_the_first_that_has_a_name_answers():
    look_up = moved("old", "fourierpathfinder.path", "fourierpathfinder.result")
    with pytest.warns(DeprecationWarning, match=r"use fourierpathfinder\.result\.Saddle;"):
        assert look_up("Saddle") is fourierpathfinder.Saddle
    with pytest.raises(AttributeError, match="__wrapped__"):
        look_up("__wrapped__")
