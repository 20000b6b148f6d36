"""Functions written in jax.numpy, as the page on landscapes tells to pass them.

In a process of their own: JAX has threads, and what forks after it was used is warned of.
"""

import subprocess
import sys

import pytest

SCRIPT = """
import jax
import jax.numpy as jnp
import numpy as np
from fourierpathfinder import Direct, find_path
from fourierpathfinder.landscapes import FunctionLandscape, check_landscape

jax.config.update("jax_enable_x64", {double})
start, end = np.array([-1.0, 1.0]), np.array([1.0, 1.0])


def valley(x):  # its pass is at the origin, 1 high
    return (x[0] ** 2 - 1) ** 2 + (x[1] - x[0] ** 2) ** 2


both = jax.jit(jax.value_and_grad(valley))
batched = FunctionLandscape(jax.vmap(both), gradient=True, batched=True)
assert check_landscape(FunctionLandscape(both, gradient=True), start[None] + 0.3, rng=0).ok
results = [
    find_path(both, start, end, gradient=True, rng=0),
    find_path(both, start, end, gradient=True, method=Direct(), rng=0),
    find_path(batched, start, end, method=Direct(), rng=0),
    find_path(both, jnp.asarray(start), jnp.asarray(end), gradient=True, rng=0),
]
assert [abs(result.height - 1) < 0.01 for result in results] == [True] * 4
assert results[0].certified
assert [isinstance(result.path(0.5), np.ndarray) for result in results] == [True] * 3 + [False]
assert isinstance(results[3].path(0.5), jax.Array)
"""


@pytest.mark.parametrize("double", [False, True])
def test_functions_of_jax(double):
    pytest.importorskip("jax", reason="the functions are JAX's")
    script = SCRIPT.format(double=double)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
