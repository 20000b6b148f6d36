"""Every name on the API page is documented as numpydoc asks, with what it raises."""

import ast
import inspect
import re
import textwrap
from importlib import import_module
from pathlib import Path

import pytest

validate = pytest.importorskip("numpydoc.validate", reason="numpydoc is not installed").validate

API = Path(__file__).parent.parent / "docs" / "api.rst"
NOT_ASKED_FOR = {
    "ES01": "a summary may say all",
    "SA01": "the pages of the documentation link what belongs together",
}
OF_METHODS = NOT_ASKED_FOR | {"EX01": "the class has an example"}
OF_STATUS = NOT_ASKED_FOR | {"PR01": "an enumeration is made by nobody"}
TOLD_ONCE = {
    "start": "by the protocol of methods",
    "start_upon": "by the protocol of methods",
    "init": "by the protocol of optimizers",
    "step": "by the protocol of optimizers",
    "value_and_grad": "by the protocols of landscapes, like those below",
    "value": "",
    "coordinates": "",
    "initial_path": "",
    "same": "",
    "placing": "",
    "fingerprint": "",
    "ends": "",
    "offering": "by `Forwarding`",
    "path_atoms": "",
    "evaluations": "",
    "free_energy": "by the protocol of thermochemistry",
    "frequencies": "by the protocol of low modes",
    "more_entropy": "",
}


def _names():
    """Dotted names of what the page lists."""
    module = None
    for line in API.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\.\. currentmodule:: (\S+)", line):
            module = found[1]
        elif found := re.match(r"(?:\.\. autoclass::| {2}) ([A-Za-z_][\w.]*)$", line):
            yield f"{module}.{found[1]}"


def _find(name):
    parts = name.split(".")
    for cut in range(len(parts) - 1, 0, -1):
        try:
            found = import_module(".".join(parts[:cut]))
        except ModuleNotFoundError:
            continue
        for part in parts[cut:]:
            found = getattr(found, part)
        return found
    raise ModuleNotFoundError(name)


NAMES = list(_names())
CLASSES = [name for name in NAMES if inspect.isclass(_find(name))]
METHODS = [
    f"{name}.{attribute}"
    for name in CLASSES
    for attribute, value in vars(_find(name)).items()
    if not attribute.startswith("_")
    and attribute not in TOLD_ONCE
    and (inspect.isfunction(value) or isinstance(value, (classmethod, staticmethod)))
]


def _faults(name, not_asked_for):
    found = validate(name)["errors"]
    return [f"{code}: {text}" for code, text in found if code not in not_asked_for]


def test_the_page_lists_what_the_package_offers():
    package = import_module("fourierpathfinder")
    listed = {name.rsplit(".", 1)[1] for name in NAMES}
    assert set(package.__all__) - {"__version__"} <= listed


@pytest.mark.parametrize("name", NAMES)
def test_a_name(name):
    is_protocol = name.endswith((".Landscape", ".BatchCalculator"))
    assert not _faults(name, OF_STATUS if is_protocol or name.endswith("Status") else NOT_ASKED_FOR)


@pytest.mark.parametrize("name", METHODS)
def test_a_method(name):
    assert not _faults(name, OF_METHODS)


@pytest.mark.parametrize("name", [*NAMES, *METHODS])
def test_errors_raised_are_told(name):
    found = _find(name)
    code = getattr(found, "__post_init__", None) if inspect.isclass(found) else found
    raised = _raised(code)
    section = (inspect.getdoc(found) or "").partition("Raises\n------")[2]
    assert not {error for error in raised if error not in section}


def _raised(code):
    """Names of the errors that the body of a function raises itself."""
    if not inspect.isroutine(code):
        return set()
    tree = ast.parse(textwrap.dedent(inspect.getsource(code)))
    return {
        node.exc.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Raise)
        and isinstance(node.exc, ast.Call)
        and isinstance(node.exc.func, ast.Name)
    }
