"""The version stands in one place, `pyproject.toml`."""

import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path

import fourierpathfinder

ROOT = Path(__file__).parent.parent


def test_the_version_is_that_of_the_installed_package():
    assert fourierpathfinder.__version__ == version("fourierpathfinder")


def test_no_other_file_states_the_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = f"version: {project['version']}"
    assert stated not in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    for file in (ROOT / "fourierpathfinder").rglob("*.py"):
        assert f'"{project["version"]}"' not in file.read_text(encoding="utf-8"), file


def test_the_package_can_be_run_as_a_module():
    told = subprocess.run(
        [sys.executable, "-m", "fourierpathfinder", "--version"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert told.endswith(f"version {fourierpathfinder.__version__}\n")
