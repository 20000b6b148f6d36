"""`constraints-lowest.txt` holds every lower bound that pyproject.toml states, as a version."""

import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
LEFT_OUT = {"torch", "sphinx"}
"""torch's oldest releases have no small build; the documentation is built with pinned versions."""


def requirements():
    """What the package and its groups of tests and documentation ask for."""
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = document["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    lists += document["dependency-groups"].values()
    texts = [text for texts in lists for text in texts if isinstance(text, str)]
    return [r for r in map(Requirement, texts) if r.name not in {*LEFT_OUT, project["name"]}]


def lower_bounds():
    return {
        (requirement.name, Version(part.version))
        for requirement in requirements()
        for part in requirement.specifier
        if part.operator == ">="
    }


def pinned():
    lines = (ROOT / "constraints-lowest.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {(name, Version(version)) for name, version in pins}


def test_the_lowest_versions_are_those_that_are_allowed():
    names = {name for name, _ in lower_bounds()}
    assert {(name, version) for name, version in pinned() if name in names} == lower_bounds()
