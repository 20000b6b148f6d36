"""No module needs, by whatever way round, one that needs it: not within a room either.

Imports inside functions count: they hide a circle, they do not mend it. What stands under
`if TYPE_CHECKING` is never run, and is left out.
"""

import ast
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

import fourierpathfinder

PACKAGE = Path(fourierpathfinder.__file__).parent
FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(file, root):
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_for_types_only(node):
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def statements(tree):
    """All nodes but those that only a type checker reads."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        parts = node.orelse if is_for_types_only(node) else ast.iter_child_nodes(node)
        waiting.extend(parts)


def imported(file, root, modules):
    """The modules under `root` that a file names in its imports."""
    package = [root.name, *file.relative_to(root).parent.parts]
    for node in statements(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            base = [*base, *(node.module.split(".") if node.module else [])]
            names = [[*base, alias.name] for alias in node.names]
        else:
            continue
        for parts in names:
            if parts[0] != root.name:
                continue
            found = ".".join(parts[1:])
            while found and found not in modules:  # the last part is a name in the module
                found = ".".join(found.split(".")[:-1])
            yield found


def circles(root):
    """Groups of modules that need each other."""
    files = sorted(root.rglob("*.py"))
    modules = {name_of(file, root) for file in files}
    number = {name: k for k, name in enumerate(sorted(modules))}
    needs = np.zeros((len(number), len(number)), dtype=bool)
    for file in files:
        for needed in imported(file, root, modules):
            needs[number[name_of(file, root)], number[needed]] = True
    _, groups = connected_components(needs, directed=True, connection="strong")
    members = [[name for name in number if groups[number[name]] == group] for group in set(groups)]
    return [names for names in members if len(names) > 1]


def test_no_module_needs_one_that_needs_it():
    assert circles(PACKAGE) == []


@pytest.mark.parametrize(
    ("one", "other", "is_circle"),
    [
        ("from .b import f", "from .a import g", True),
        ("from .b import f", "def late():\n    from .a import g", True),
        ("from .b import f", "def late():\n    from package import a", True),
        ("from . import b", "import package.a", True),
        ("from .b import f", "if TYPE_CHECKING:\n    from .a import g", False),
        ("from .b import f", "if TYPE_CHECKING:\n    pass\nelse:\n    from .a import g", True),
        ("from .b import f", "import math", False),
    ],
)
def test_circles_are_seen(tmp_path, one, other, is_circle):
    root = tmp_path / "package"
    root.mkdir()
    for name, text in {"__init__": "", "a": one, "b": other}.items():
        (root / f"{name}.py").write_text(text)
    assert circles(root) == ([["a", "b"]] if is_circle else [])
