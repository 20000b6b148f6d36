"""Imports go down the layers, and optional libraries stay in their adapters until used."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fourierpathfinder

PACKAGE = Path(fourierpathfinder.__file__).parent

LAYERS = (
    "_arrays",
    "_counts",
    "_errors",
    "_extras",
    "_lazy",
    "_deprecation",
    "executors",
    "threads",
    "path",
    "splitting",
    "objectives",
    "storage/content",
    "landscapes/protocols",
    "landscapes/abilities",
    "result",
    "decimals",
    "storage",
    "atoms",
    "landscapes",
    "optimizers",
    "ends",
    "evaluation",
    "prior",
    "problem",
    "quadrature",
    "height",
    "curvature",
    "gaussian_process",
    "search",
    "methods",
    "saddle",
    "rates",
    "parallel",
    "restart",
    "progress",
    "inputs",
    "priors",
    "initial",
    "reaction_path",
    "find",
    "chain",
    "ridge",
    "ensemble",
    "graph",
    "table",
    "plot",
    "report",
    "cli",
    "__main__",
    "surrogate",
    "network_of_minima",
    "preflight",
)
"""A module imports only from those before it in this list.

A folder is one entry, but for the modules of it that have entries of their own.
"""

ADAPTERS = {
    "torch": (
        "landscapes/differentiated",
        "landscapes/alignment",
        "landscapes/trees",
        "landscapes/network",
        "optimizers/torch_optimizer",
    ),
    "safetensors": ("landscapes/network", "storage/tensor_file"),
    "autograd": ("landscapes/differentiated",),
    "numba": ("landscapes/compiled",),
    "ase": ("atoms", "rates", "cli"),
    "matplotlib": ("plot", "cli"),
    "click": ("cli",),
    "pandas": ("table",),
    "pyarrow": (),
    "sklearn": (),
    "distributed": ("cli",),
    "dask": (),
    "sella": ("atoms",),
    "tblite": (),
}
"""Where in the package an optional library may be imported."""

FILES = sorted(PACKAGE.rglob("*.py"))


def module_name(file):
    """`landscapes/toy/known` for the file of that module; a folder's name for its __init__."""
    relative = file.relative_to(PACKAGE).with_suffix("")
    return (relative.parent if relative.name == "__init__" else relative).as_posix()


def imports(file):
    """Everything that a file imports, anywhere in it, by dotted absolute name."""
    package = ("fourierpathfinder", *file.relative_to(PACKAGE).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else ()
            origin = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def entry(parts):
    """The entry of LAYERS that a module, or a name in it, belongs to."""
    for length in (2, 1):
        if "/".join(parts[:length]) in LAYERS:
            return "/".join(parts[:length])
    pytest.fail(f"{parts[0]!r} has no layer yet; add it to LAYERS, below all that it imports")
    return None


def layer(parts):
    return LAYERS.index(entry(parts))


def own_imports(file):
    """The imports from the package itself, each as the parts after its name."""
    names = (name.split(".") for name in imports(file))
    return [parts[1:] for parts in names if parts[0] == "fourierpathfinder"]


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_imports_go_down_the_layers(file):
    own = module_name(file)
    if own == ".":  # the public face may name everything
        return
    here = layer(own.split("/"))
    for parts in own_imports(file):
        assert entry(parts) == entry(own.split("/")) or layer(parts) < here, (
            f"{own} imports {'.'.join(parts)}, which is not above it in LAYERS"
        )


@pytest.mark.parametrize("file", FILES, ids=module_name)
def test_optional_libraries_stay_in_their_adapters(file):
    own = module_name(file)
    for library in {name.split(".")[0] for name in imports(file)} & ADAPTERS.keys():
        assert any(own == home or own.startswith(f"{home}/") for home in ADAPTERS[library]), (
            f"{own} imports {library}, which belongs in {ADAPTERS[library] or 'no module'}"
        )


def in_a_new_process(code):
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize("module", ["fourierpathfinder", "fourierpathfinder.landscapes"])
def test_importing_the_package_loads_no_optional_library(module):
    loaded = in_a_new_process(
        f"import sys, {module}\n"
        f"print(*[name for name in {sorted(ADAPTERS)} if name in sys.modules])"
    )
    assert loaded == ""


def test_importing_the_package_loads_no_part_of_scipy():
    """Which would double the time of the import: SciPy's parts are loaded where they are used."""
    loaded = in_a_new_process(
        "import sys, fourierpathfinder, scipy\n"
        "print(*[name for name in scipy.__all__ if f'scipy.{name}' in sys.modules])"
    )
    assert set(loaded.split()) <= {"version"}
