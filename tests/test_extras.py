"""What is said where a library that not everybody has is missing."""

import subprocess
import sys

import pytest

from fourierpathfinder._extras import needs

SCRIPT = """
import sys

MISSING = ("ase", "autograd", "matplotlib", "pandas", "safetensors", "torch")


class Without:
    def find_spec(self, name, *_):
        if name.split(".")[0] in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, Without())
from fourierpathfinder import find_path, load_result, results_table, save_result
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.plot import plot_profile

toy = two_channels()
result = find_path(toy, toy.start, toy.end, rng=0)


def structures():
    from fourierpathfinder.landscapes import MoleculeLandscape


for use in (
    lambda: save_result(result, "path.safetensors"),
    lambda: load_result("path.safetensors"),
    lambda: results_table([result]),
    lambda: plot_profile(result),
    lambda: find_path(lambda x: x @ x, toy.start, toy.end, gradient="autograd"),
    lambda: find_path(lambda x: x @ x, toy.start, toy.end, gradient="torch"),
    structures,
):
    try:
        use()
    except ImportError as error:
        print(error)
"""


def test_each_says_what_to_install():
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "`save_result` needs safetensors: pip install 'safetensors'",
        "`load_result` needs safetensors: pip install 'safetensors'",
        "`results_table` needs pandas: pip install 'fourierpathfinder[table]'",
        "`fourierpathfinder.plot` needs matplotlib: pip install 'fourierpathfinder[plot]'",
        "`AutogradLandscape` needs autograd: pip install 'fourierpathfinder[autograd]'",
        "`TorchLandscape` needs torch: pip install 'fourierpathfinder[torch]'",
        "`MoleculeLandscape` needs ase: pip install 'fourierpathfinder[ase]'",
    ]


def test_another_missing_library_is_told_as_it_is():
    missing = pytest.raises(ModuleNotFoundError, match=r"^No module named 'no_such_library'$")
    with missing, needs("draw", "matplotlib"):
        import no_such_library  # noqa: F401
