"""What all tests share: array libraries, changed last bits, and how Hypothesis draws."""

import os

if "PYTEST_XDIST_WORKER" in os.environ:  # one core each, said before NumPy starts its threads
    for _library in ("OMP", "OPENBLAS", "MKL"):
        os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import signal
from collections.abc import Callable

import array_api_strict
import hypothesis
import numpy as np
import pytest

from benchmarks.perturbed import LastBits

try:
    import torch
except ModuleNotFoundError:  # it is optional, and `make lowest` goes without it
    torch = None

collect_ignore = [] if torch else ["nn_experiments"]  # whose conftest needs it already

N_CHANGES = 20

hypothesis.settings.register_profile("gate", derandomize=True, deadline=None)
hypothesis.settings.register_profile("random", deadline=None)
hypothesis.settings.load_profile("gate")  # --hypothesis-profile=random draws anew

# A shell ignores Ctrl-C for what it starts in the background, and every process inherits that:
# with this, tests that send one see the same in the background as in front.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items):
    """A test is exact unless it says that it is of another kind."""
    for item in items:
        if not any(item.get_closest_marker(kind) for kind in ("replay", "statistical")):
            item.add_marker(pytest.mark.exact)


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector):
    """Leave out the files that need torch, where there is none."""
    report = yield
    if report.failed and torch is None and "No module named 'torch'" in str(report.longrepr):
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, "Skipped: needs torch")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Leave out the tests that come to need it."""
    try:
        return (yield)
    except ModuleNotFoundError as error:
        if torch is None and error.name == "torch":
            pytest.skip("needs torch")
        raise


def _read_only(values, dtype):
    array = np.array(values, dtype=dtype)
    array.flags.writeable = False
    return array


_MAKERS = {
    "numpy": lambda values, dtype: np.asarray(values, dtype=dtype),
    "numpy-read-only": _read_only,
    "array-api-strict": lambda values, dtype: array_api_strict.asarray(
        np.asarray(values, dtype=dtype)
    ),
}
if torch:
    _MAKERS["torch"] = lambda values, dtype: torch.asarray(np.array(values, dtype=dtype))


@pytest.fixture(params=_MAKERS)
def make_array(request) -> Callable:
    """Turn numbers into an array of one library: `make_array(values, dtype="float64")`."""
    maker = _MAKERS[request.param]
    return lambda values, dtype="float64": maker(values, dtype)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260223)


@pytest.fixture
def last_bits() -> Callable[..., list[LastBits]]:
    """Copies of a landscape, each with all answers changed by a relative 1e-15 to 1e-13.

    What a test claims of a search holds on each of them, or on a stated part of them:
    `for changed in last_bits(toy): ...`. They are the landscape as 20 other processors compute it.
    """
    return lambda landscape, n=N_CHANGES: [LastBits(landscape, seed) for seed in range(1, n + 1)]
