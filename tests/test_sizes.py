"""The search stays readable: small modules, one idea each, and functions within half a screen."""

import ast
from pathlib import Path

import pytest

import fourierpathfinder.search as room

ROOM = Path(room.__path__[0])
FILES = sorted(ROOM.rglob("*.py"))
MOST_LINES = 250
MOST_LINES_OF_A_FUNCTION = 29


def module_name(file):
    return file.relative_to(ROOM).with_suffix("").as_posix()


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_no_module_of_the_search_is_long(file):
    assert len(file.read_text().splitlines()) <= MOST_LINES, "which second idea has crept in?"


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_no_function_of_the_search_is_long(file):
    lengths = {
        node.name: node.end_lineno - node.lineno + 1
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef)
    }
    long = {name: n for name, n in lengths.items() if n > MOST_LINES_OF_A_FUNCTION}
    assert not long, f"{long}: past half a screen, ask which second idea has crept in"
