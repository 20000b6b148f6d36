"""Every example in the documentation and the README runs and prints what it says."""

import doctest
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs").glob("*.rst"))
LIBRARIES = {
    "torch": r">>> .*torch",
    "pandas": r">>> .*results_table",
    "sella": r">>> .*refine_with_sella",
}
"""What a page needs, and how that is seen; without it (the lowest versions) it is skipped."""
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE | doctest.IGNORE_EXCEPTION_DETAIL


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    """Files that an example writes go to a folder of their own; no window opens."""
    monkeypatch.chdir(tmp_path)
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="the examples need matplotlib")
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_the_documentation(page):
    text = page.read_text(encoding="utf-8")
    for library, used in LIBRARIES.items():
        if re.search(used, text):
            pytest.importorskip(library, reason=f"the page needs {library}")
    failures, _ = doctest.testfile(str(page), module_relative=False, optionflags=FLAGS)
    assert failures == 0


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_all_python_in_the_documentation_is_run(page):
    assert "code-block:: python" not in page.read_text(encoding="utf-8")


def test_examples_of_the_readme(capsys):
    """The Python blocks run as one script; each text block is what the block before printed."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```(python|text)\n(.*?)^```", readme, flags=re.MULTILINE | re.DOTALL)
    assert "python" in dict(blocks)
    namespace = {}
    for language, text in blocks:
        if language == "python":
            exec(text, namespace)
        else:
            printed = capsys.readouterr().out
            assert doctest.OutputChecker().check_output(text, printed, FLAGS), printed


def test_commands_of_the_readme_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^make (\w+)", readme, flags=re.MULTILINE))
    assert targets >= {"example", "test"}
    assert targets <= set(re.findall(r"^(\w+):", makefile, flags=re.MULTILINE))


def test_every_test_that_a_row_of_what_can_go_wrong_names_exists():
    rows = (ROOT / "docs" / "failures.rst").read_text(encoding="utf-8").split("   * - ")[2:]
    assert len(rows) > 20
    for row in rows:
        named = re.findall(r"(tests/[\w/]+\.py)", row)
        assert named, f"no test makes this happen: {row.splitlines()[0]}"
        assert [name for name in named if not (ROOT / name).is_file()] == []
