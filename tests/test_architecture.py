"""What ARCHITECTURE.md names is there, and no room of the package is missing from it."""

import re
from pathlib import Path

import fourierpathfinder

PACKAGE = Path(fourierpathfinder.__file__).parent
PAGE = (Path(__file__).parent.parent / "ARCHITECTURE.md").read_text(encoding="utf-8")


def test_files_that_are_named_exist():
    named = set(re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", PAGE))
    assert len(named) > 5
    missing = {name for name in named if not (PACKAGE / name).exists()}
    assert missing <= {name for name in named if (PACKAGE.parent / name).exists()}


def test_every_room_is_named():
    rooms = {file.parent.name for file in PACKAGE.glob("*/__init__.py")}
    assert {room for room in rooms if f"{room}/" not in PAGE} == set()


def test_names_of_the_search_exist():
    named = [
        (PACKAGE / "search" / f"{module}.py", name)
        for module, name in re.findall(r"`([a-z_]+)\.([A-Za-z_]+)[`(]", PAGE)
    ]
    files = {(file, name) for file, name in named if file.exists() and name != "py"}
    assert len(files) > 4
    assert not {name for file, name in files if name not in file.read_text(encoding="utf-8")}
