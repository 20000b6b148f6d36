"""What users hand over as a landscape, and what they are told where that is none."""

import subprocess
import sys

import autograd.numpy as anp
import numpy as np
import pytest
import torch
from ase import Atoms
from numba import njit

from fourierpathfinder.landscapes import (
    AutogradLandscape,
    CompiledLandscape,
    FunctionLandscape,
    TorchLandscape,
    as_landscape,
)
from fourierpathfinder.landscapes.toy import two_channels

from ..tolerances import assert_close

P = np.array([[1.0, 2.0], [0.5, -1.0]])


@njit
def point(x, gradient):
    gradient[:] = 2 * x
    return (x * x).sum()


@njit
def compiled_value(x):
    return (x * x).sum()


@pytest.mark.parametrize(
    ("given", "gradient", "kind"),
    [
        (lambda x: x @ x, lambda x: 2 * x, FunctionLandscape),
        (lambda x: (x @ x, 2 * x), True, FunctionLandscape),
        (lambda x: x @ x, "finite-difference", FunctionLandscape),
        (lambda x: anp.sum(x**2), "autograd", AutogradLandscape),
        (lambda x: (x**2).sum(), "torch", TorchLandscape),
        (point, None, CompiledLandscape),
        (compiled_value, lambda x: 2 * x, FunctionLandscape),
    ],
)
def test_functions(given, gradient, kind):
    landscape = as_landscape(given, gradient)
    assert type(landscape) is kind
    values, gradients = landscape.value_and_grad(P)
    assert_close(values, (P**2).sum(1))
    np.testing.assert_allclose(gradients, 2 * P, atol=1e-8)


def test_a_landscape_is_returned_as_it_is():
    toy = two_channels()
    assert as_landscape(toy) is toy


@pytest.mark.parametrize(
    ("given", "gradient", "error", "text"),
    [
        (np.sin, None, ValueError, r"without a gradient; pass `gradient=` a function .*finite"),
        (compiled_value, None, ValueError, "without a gradient"),
        (np.sin, "numeric", ValueError, "`gradient` is 'numeric'; pass"),
        (np.sin, 3, TypeError, "`gradient` is 3; pass"),
        (np.sin, np.ones(2), TypeError, r"`gradient` is array\(\[1., 1.\]\); pass"),
        (two_channels(), np.cos, ValueError, r"`landscape` \(Toy\) has its own"),
        (FunctionLandscape, None, TypeError, "is the class FunctionLandscape; pass an instance"),
        (Atoms("H2"), None, TypeError, r"pass `MoleculeLandscape\(atoms, calculator\)`"),
        (torch.nn.Linear(2, 2), None, TypeError, r"pass `NetworkLandscape\(module, loss, data\)`"),
        (3.0, None, TypeError, "`landscape` is a float; accepted are"),
        (None, None, TypeError, "`landscape` is a NoneType; accepted are"),
    ],
)
def test_what_cannot_be_used(given, gradient, error, text):
    with pytest.raises(error, match=text):
        as_landscape(given, gradient)


def test_nothing_is_imported_that_the_user_has_not_imported():
    code = (
        "import sys\n"
        "from fourierpathfinder.landscapes import as_landscape\n"
        "as_landscape(lambda x: x @ x, lambda x: 2 * x)\n"
        "try:\n"
        "    as_landscape(object())\n"
        "except TypeError:\n"
        "    print(*[n for n in ('torch', 'numba', 'ase', 'autograd') if n in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_missing_library_is_named_with_the_extra():
    code = (
        "import sys\n"
        "sys.modules['numba'] = None\n"
        "from fourierpathfinder import landscapes\n"
        "for name in ('toy', 'CompiledLandscape'):\n"
        "    try:\n"
        "        getattr(landscapes, name)\n"
        "    except ImportError as error:\n"
        "        print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.count("needs numba: pip install 'fourierpathfinder[numba]'") == 2


def test_every_exported_name_is_there():
    from fourierpathfinder import landscapes

    for name in landscapes.__all__:
        assert getattr(landscapes, name) is not None
    assert dir(landscapes) == sorted(landscapes.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = landscapes.nothing


def test_the_name_of_a_landscape_in_messages_answers_with_a_warning():
    warned = pytest.warns(DeprecationWarning, match="`name` of as_landscape")
    with warned, pytest.raises(ValueError, match=r"`prior` is a plain function.*FunctionLandscape"):
        as_landscape(lambda x: x @ x, name="prior")
