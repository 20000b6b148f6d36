"""What all tests share: one array library after another."""

import signal
from collections.abc import Callable

import array_api_strict
import numpy as np
import pytest
import torch

# A shell ignores Ctrl-C for what it starts in the background, and every process inherits that:
# with this, tests that send one see the same in the background as in front.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


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
    "torch": lambda values, dtype: torch.asarray(np.array(values, dtype=dtype)),
}


@pytest.fixture(params=_MAKERS)
def make_array(request) -> Callable:
    """Turn numbers into an array of one library: `make_array(values, dtype="float64")`."""
    maker = _MAKERS[request.param]
    return lambda values, dtype="float64": maker(values, dtype)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20260223)
