"""Whatever is called and however it ends, BLAS has its threads back, and forks go on."""

import json
import os
import subprocess
import sys

import pytest

from fourierpathfinder.threads import n_cores

pytestmark = pytest.mark.xdist_group("threads")  # one worker makes what all of them look at

CALLS = (
    "a search", "several starts", "Direct", "several paths", "a graph", "a relaxation",
    "a reaction path", "an error of the landscape", "a budget", "Ctrl-C", "a callback that stops",
    "a checkpoint", "a thread", "a pool of threads", "noise", "a tight saddle", "a small tolerance",
    "a split path",
)  # fmt: skip
FORKING = (
    "a search", "several starts", "Direct", "several paths", "a graph", "a relaxation", "noise",
    "a tight saddle", "a small tolerance", "a split path",
)  # fmt: skip

PREPARED = """
import json, os, signal, sys, threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
import numpy as np
from threadpoolctl import threadpool_info
from fourierpathfinder import (
    Direct, Surrogate, connect, find_path, find_paths, minimum_energy_path, relax,
)
from fourierpathfinder.landscapes.toy import two_channels

toy = two_channels()
a, b = toy.start, toy.end

class Calls:
    '''The toy; at its fifth point it does something first.'''

    def __init__(self, then=lambda: None):
        self.then, self.n = then, 0

    def value_and_grad(self, points):
        self.n += 1
        if self.n == 5:
            self.then()
        return toy.value_and_grad(points)

def threads():
    return sorted(pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas")

def plain(landscape):
    return {
        "a search": lambda: find_path(landscape, a, b, rng=0),
        "several starts": lambda: find_path(landscape, a, b, rng=0, method=Surrogate(n_starts=2)),
        "Direct": lambda: find_path(landscape, a, b, rng=0, method=Direct(), max_gradients=200),
        "several paths": lambda: find_paths(landscape, [(a, b), (b, a)], rng=0),
        "a graph": lambda: connect(landscape, [a, b], rng=0),
        "a relaxation": lambda: relax(landscape, a + 0.2),
        "noise": lambda: find_path(
            landscape, a, b, rng=0, method=Surrogate(noise=(1e-5, 1e-5))
        ),
        "a tight saddle": lambda: find_path(
            landscape, a, b, rng=0, method=Surrogate(saddle_gradient=1e-3)
        ),
        "a small tolerance": lambda: find_path(
            landscape, a, b, rng=0, method=Surrogate(tol=1e-6)
        ),
        "a split path": lambda: find_path(landscape, a, b, rng=0, method=Surrogate(split=True)),
    }
"""

AFTERWARDS = (
    PREPARED
    + """
def fail():
    raise ArithmeticError

def stop(now):
    raise StopIteration

def in_threads(n):
    with ThreadPoolExecutor(n) as pool:
        list(pool.map(lambda seed: find_path(toy, a, b, rng=seed), range(n)))

found = find_path(toy, a, b, rng=0)
calls = plain(toy) | {
    "a reaction path": lambda: minimum_energy_path(toy, found),
    "an error of the landscape": lambda: find_path(Calls(fail), a, b, rng=0),
    "a budget": lambda: find_path(toy, a, b, rng=0, max_gradients=4),
    "Ctrl-C": lambda: find_path(Calls(lambda: signal.raise_signal(signal.SIGINT)), a, b, rng=0),
    "a callback that stops": lambda: find_path(toy, a, b, rng=0, callback=stop),
    "a checkpoint": lambda: find_path(toy, a, b, rng=0, checkpoint=sys.argv[1]),
    "a thread": lambda: in_threads(1),
    "a pool of threads": lambda: in_threads(3),
}
counts = {"before": threads()}
for name, call in calls.items():
    with suppress(ArithmeticError, KeyboardInterrupt):
        call()
    counts[name] = threads()
print(json.dumps(counts))
"""
)

FORKS = (
    PREPARED
    + """
def fork():
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        result = find_path(toy, a, b, rng=0)
        os._exit(0 if result.certified and np.isfinite(np.linalg.inv(np.eye(300))).all() else 1)
    statuses.append(os.waitpid(child, 0)[1])

ended = {}
for name in plain(toy):
    statuses = []
    plain(Calls(fork))[name]()
    ended[name] = statuses
print(json.dumps(ended))
"""
)


def said_by(code, *arguments):
    """What a process of its own prints, in which a BLAS has two threads."""
    free = {name: value for name, value in os.environ.items() if "NUM_THREADS" not in name}
    free["OPENBLAS_NUM_THREADS"] = "2"
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], env=free, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    return said_by(AFTERWARDS, str(tmp_path_factory.mktemp("kept") / "run.jsonl"))


@pytest.fixture(scope="module")
def ended():
    return said_by(FORKS)


@pytest.mark.parametrize("name", CALLS)
def test_blas_has_as_many_threads_as_before(name, counts):
    assert max(counts["before"]) == min(2, n_cores())
    assert counts[name] == counts["before"]


@pytest.mark.parametrize("name", FORKING)
def test_a_fork_in_the_middle_searches_by_itself(name, ended):
    assert ended[name] == [0]
