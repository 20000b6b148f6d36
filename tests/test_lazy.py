"""The property without a lock: computed once, and nowhere the one of the standard library."""

import ast
from pathlib import Path

import fourierpathfinder
from fourierpathfinder._lazy import cached_property


def test_what_is_computed_is_kept():
    class Counted:
        calls = 0

        @cached_property
        def value(self):
            """A docstring."""
            self.calls += 1
            return self.calls

    one, other = Counted(), Counted()
    assert (one.value, one.value, other.value) == (1, 1, 1)
    assert Counted.value.__doc__ == "A docstring."


def test_no_module_uses_the_one_with_a_lock():
    """Up to Python 3.11 a fork at the wrong moment leaves that lock taken for ever."""
    package = Path(fourierpathfinder.__file__).parent
    users = [
        file.name
        for file in package.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom) and node.module == "functools"
        and any(name.name == "cached_property" for name in node.names)
    ]  # fmt: skip
    assert users == []
