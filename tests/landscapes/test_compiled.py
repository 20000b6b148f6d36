"""Compiled landscapes: the same numbers serially, on threads, in threads, processes and caches."""

import multiprocessing
import os
import pickle
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch
from numba import njit

from fourierpathfinder._arrays import to_numpy
from fourierpathfinder.landscapes import CompiledLandscape, compiled
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels


def bowl(x, gradient):
    value = 0.0
    for i in range(len(x)):
        value += x[i] ** 2
        gradient[i] = 2 * x[i]
    return value


def fenced(x, gradient):
    if x[0] > 100:
        raise ValueError("too far out")
    gradient[:] = 1.0
    return x[0]


@njit
def decorated(x, gradient):
    gradient[:] = 1.0
    return x.sum()


@pytest.fixture
def always_threads(monkeypatch):
    """Every batch goes to three threads, how small it may be; lists how many there were."""
    used = []
    on_threads = compiled._on_threads

    def spy(*arguments):
        used.append(on_threads(*arguments))
        return used[-1]

    monkeypatch.setattr(compiled, "_THREADS_FROM", -1.0)
    monkeypatch.setattr(compiled, "_on_threads", spy)
    monkeypatch.setattr(compiled.config, "NUMBA_NUM_THREADS", 3)
    return used


def test_library_dtype_and_values_are_kept(make_array, rng):
    p = rng.normal(size=(7, 3))
    for dtype in ("float32", "float64"):
        points = make_array(p, dtype)
        values, gradients = CompiledLandscape(bowl).value_and_grad(points)
        assert type(values) is type(gradients) is type(points)
        assert values.dtype == gradients.dtype == points.dtype
        single = to_numpy(points).astype(float)
        np.testing.assert_allclose(to_numpy(values), (single**2).sum(1), rtol=1e-6)
        np.testing.assert_allclose(to_numpy(gradients), 2 * single, rtol=1e-6)


def test_threads_give_the_same_bits(always_threads, rng, monkeypatch):
    toy = lennard_jones(7)
    points = toy.start + 0.05 * rng.normal(size=(50, 21))
    threaded = toy.value_and_grad(points)
    assert always_threads == [3]
    monkeypatch.setattr(compiled, "_THREADS_FROM", float("inf"))
    serial = toy.value_and_grad(points)
    assert len(always_threads) == 1
    np.testing.assert_array_equal(threaded[0], serial[0])
    np.testing.assert_array_equal(threaded[1], serial[1])


def test_small_batches_stay_off_the_threads(monkeypatch, rng):
    landscape = CompiledLandscape(bowl)
    monkeypatch.setattr(compiled, "_on_threads", lambda *_: pytest.fail("threads were used"))
    for _ in range(20):
        landscape.value_and_grad(rng.normal(size=(4, 3)))


def test_large_batches_go_to_the_threads(monkeypatch, rng):
    used = []
    monkeypatch.setattr(compiled, "_on_threads", lambda *_: used.append(1) or 1)
    landscape = CompiledLandscape(compiled_work)
    points = rng.normal(size=(2000, 30))
    for _ in range(5):
        landscape.value_and_grad(points)
    assert used


def compiled_work(x, gradient):
    value = 0.0
    for i in range(len(x)):
        for j in range(len(x)):
            value += np.sin(x[i]) * np.cos(x[j])
        gradient[i] = 0.0
    return value


@pytest.mark.parametrize("threads", [False, True])
def test_exceptions_reach_the_caller(threads, monkeypatch):
    monkeypatch.setattr(compiled, "_THREADS_FROM", -1.0 if threads else float("inf"))
    landscape = CompiledLandscape(fenced)
    points = np.zeros((6, 2))
    np.testing.assert_array_equal(landscape.value_and_grad(points)[0], 0)
    points[4, 0] = 101
    with pytest.raises(ValueError, match="too far out"):
        landscape.value_and_grad(points)
    np.testing.assert_array_equal(landscape.value_and_grad(points[:4])[0], 0)


def test_nan_values_come_back_as_they_are(always_threads):
    values, _ = CompiledLandscape(decorated).value_and_grad(np.array([[1.0], [np.nan], [2.0]]))
    np.testing.assert_array_equal(values, [1.0, np.nan, 2.0])
    assert always_threads == [3]


def test_fewer_points_than_threads(always_threads):
    for n in range(3):
        values, gradients = CompiledLandscape(bowl).value_and_grad(np.ones((n, 2)))
        np.testing.assert_array_equal(values, np.full(n, 2.0))
        np.testing.assert_array_equal(gradients, np.full((n, 2), 2.0))
    assert always_threads == [3, 3, 3]


def test_many_threads_at_once(always_threads, rng):
    toy = two_channels()
    points = rng.normal(size=(500, 2))
    expected = toy.value_and_grad(points)
    with ThreadPoolExecutor(8) as pool:
        for values, gradients in pool.map(toy.value_and_grad, [points] * 400):
            np.testing.assert_array_equal(values, expected[0])
            np.testing.assert_array_equal(gradients, expected[1])


def test_threads_and_processes_forked_after_them():
    code = (
        "import faulthandler, multiprocessing, numpy as np\n"
        "from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor\n"
        "from fourierpathfinder.landscapes import compiled\n"
        "from fourierpathfinder.landscapes.toy import two_channels\n"
        "faulthandler.dump_traceback_later(240, exit=True)\n"  # says where it hangs
        "compiled._THREADS_FROM = -1.0\n"
        "toy, points = two_channels(), np.random.default_rng(0).normal(size=(500, 2))\n"
        "expected = toy.value_and_grad(points)[0]\n"
        "fork = multiprocessing.get_context('fork')\n"
        "for pool in (ThreadPoolExecutor(4), ProcessPoolExecutor(2, fork)):\n"
        "    with pool:\n"
        "        for values, _ in pool.map(toy.value_and_grad, [points] * 50):\n"
        "            assert np.array_equal(values, expected)\n"
    )
    for n_threads in ("1", "4"):
        environment = {**os.environ, "NUMBA_NUM_THREADS": n_threads}
        subprocess.run([sys.executable, "-c", code], check=True, env=environment)


def test_other_libraries_keep_their_number_of_threads():
    pytest.importorskip("torch", reason="needs torch, whose number it is")
    code = (
        "import numpy as np, torch\n"
        "from fourierpathfinder.landscapes import compiled\n"
        "from fourierpathfinder.landscapes.toy import two_channels\n"
        "torch.set_num_threads(1)\n"
        "assert torch.get_num_threads() == 1\n"  # asked, it says how many for good
        "compiled._THREADS_FROM = -1.0\n"
        "two_channels().value_and_grad(np.zeros((50, 2)))\n"
        "print(torch.get_num_threads())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "NUMBA_NUM_THREADS": "3"},
    )
    assert done.stdout.split() == ["1"]


def test_other_processes_get_the_same(rng):
    toy = two_channels()
    points = rng.normal(size=(20, 2))
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, spawn) as pool:
        values, _ = pool.submit(toy.value_and_grad, points).result()
    np.testing.assert_array_equal(values, toy.value_and_grad(points)[0])


def test_a_second_process_compiles_nothing(tmp_path):
    (tmp_path / "mine.py").write_text(
        "def point(x, gradient):\n    gradient[:] = 2 * x\n    return (x * x).sum()\n"
    )
    code = (
        "import numpy as np\n"
        "from mine import point\n"
        "from fourierpathfinder.landscapes import CompiledLandscape, compiled\n"
        "landscape = CompiledLandscape(point)\n"
        "assert landscape.value_and_grad(np.ones((1, 3)))[0] == 3\n"
        "stats = [d.stats for d in (landscape._dispatcher, compiled._run)]\n"
        "print(*[sum(s.cache_misses.values()) for s in stats])\n"
    )
    environment = {
        **os.environ,
        "NUMBA_CACHE_DIR": str(tmp_path / "cache"),
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())]),
    }
    misses = [
        subprocess.run(
            [sys.executable, "-c", code],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert misses == [["1", "1"], ["0", "0"]]


def scaled(factor):
    def point(x, gradient):
        gradient[:] = factor
        return factor * x.sum()

    return point


def test_closures_of_one_name_are_told_apart():
    landscapes = [CompiledLandscape(scaled(k)) for k in (2.0, 3.0)]
    landscapes += [pickle.loads(pickle.dumps(landscape)) for landscape in landscapes]
    landscapes.append(CompiledLandscape(njit(cache=True)(scaled(5.0))))
    values = [float(each.value_and_grad(np.ones((1, 1)))[0][0]) for each in landscapes]
    assert values == [2.0, 3.0, 2.0, 3.0, 5.0]


def test_two_cached_versions_under_one_name_are_told_apart(tmp_path):
    """Each version is compiled and cached by a process of its own, then both are loaded."""
    version = "def point(x, gradient):\n    gradient[:] = {0}\n    return {0} * x.sum()\n"
    code = (
        "import pickle, sys, numpy as np\n"
        "from fourierpathfinder.landscapes import CompiledLandscape\n"
        "kept = []\n"
        "for k in sys.argv[1:]:\n"
        "    space = {'__name__': '__main__'}\n"
        "    path = f'VERSIONS/{k}.py'\n"
        "    exec(compile(open(path).read(), path, 'exec'), space)\n"
        "    kept.append(CompiledLandscape(space['point']))\n"
        "kept += [pickle.loads(pickle.dumps(c)) for c in kept[:]]\n"
        "print(*[float(c.value_and_grad(np.ones((1, 1)))[0][0]) for c in kept])\n"
    ).replace("VERSIONS", str(tmp_path))
    for k in ("2.0", "3.0"):
        (tmp_path / f"{k}.py").write_text(version.format(k))
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}

    def run(*versions):
        done = subprocess.run(
            [sys.executable, "-c", code, *versions],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    assert run("2.0") == ["2.0"] * 2
    assert run("3.0") == ["3.0"] * 2
    assert run("2.0", "3.0") == ["2.0", "3.0"] * 2
    assert run("3.0", "2.0") == ["3.0", "2.0"] * 2


def test_code_found_under_a_name_in_use_is_compiled_again(monkeypatch):
    monkeypatch.setattr(compiled, "_owners", {})
    first = CompiledLandscape(scaled(2.0))
    anew, attempts = compiled._compiled_anew, []

    def confused(given, *, cached):
        """What is found at first is the other function."""
        dispatcher, address = anew(given, cached=cached)
        attempts.append(cached)
        return dispatcher, first._address if len(attempts) == 1 else address

    monkeypatch.setattr(compiled, "_compiled_anew", confused)
    second = CompiledLandscape(scaled(3.0))
    assert len(attempts) == 2
    assert second.value_and_grad(np.ones((1, 1)))[0] == 3


def test_functions_without_a_file_work_without_a_cache():
    space = {}
    exec("def point(x, gradient):\n    gradient[:] = 1.0\n    return x.sum()", space)
    landscape = CompiledLandscape(space["point"])
    assert landscape.value_and_grad(np.ones((1, 4)))[0] == 4


def test_results_outlive_the_landscape():
    values, gradients = CompiledLandscape(scaled(7.0)).value_and_grad(torch.ones(2, 2))
    assert values.tolist() == [14.0, 14.0]
    assert gradients.tolist() == [[7.0, 7.0]] * 2


@pytest.mark.parametrize(
    ("points", "error", "text"),
    [
        (np.zeros(3), ValueError, r"`points` has shape \(3,\); it must be \(M, D\)"),
        (np.zeros((2, 3), int), TypeError, "got int64"),
        ([[0.0]], TypeError, "got list"),
    ],
)
def test_bad_points(points, error, text):
    with pytest.raises(error, match=text):
        CompiledLandscape(bowl).value_and_grad(points)


def test_what_is_no_function_is_refused():
    with pytest.raises(TypeError, match="`point_function` is a float"):
        CompiledLandscape(1.0)


def gathered(x, gradient):
    gradient[0] += 2 * x[0]
    return x[0] ** 2


def test_a_function_may_add_to_its_gradient_and_leave_out_what_is_zero(monkeypatch):
    points = np.ones((5, 3))
    for least in (-1.0, float("inf")):
        monkeypatch.setattr(compiled, "_THREADS_FROM", least)
        monkeypatch.setattr(np, "empty_like", lambda array: np.full_like(array, 7.0))
        landscape = CompiledLandscape(gathered)
        for _ in range(2):
            gradients = landscape.value_and_grad(points)[1]
            np.testing.assert_array_equal(gradients, [[2.0, 0.0, 0.0]] * 5)
