"""Points on threads and processes: the same numbers, and clear words when a worker fails."""

import multiprocessing
import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from fourierpathfinder import Direct, LandscapeError, Paper, Status, find_path
from fourierpathfinder._arrays import array_namespace
from fourierpathfinder.landscapes import FunctionLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.parallel import ParallelLandscape, n_workers

START, END = np.array([-1.0, 0.1]), np.array([1.0, 0.2])
METHODS = [Direct(), Paper(n_terms=4, n_points=12, n_steps=8, gradient_noise=0.5, power=2)]


class Ring:
    """A circular valley: f = (|x|² - 1)²."""

    def value_and_grad(self, points):
        excess = array_namespace(points).sum(points**2, axis=-1) - 1
        return excess**2, 4 * excess[:, None] * points


class Deadly(Ring):
    """Ends the process that evaluates it, once the path has left the straight line."""

    def value_and_grad(self, points):
        if points[0, 1] > 0.5:
            os._exit(1)
        return super().value_and_grad(points)


class Raising(Ring):
    def value_and_grad(self, points):
        if points[0, 1] > 0.5:
            raise ArithmeticError("too far north")
        return super().value_and_grad(points)


class Misshapen(Ring):
    """Fine for one point as for many, but the value keeps an axis."""

    def value_and_grad(self, points):
        values, gradients = super().value_and_grad(points)
        return values[:, None], gradients


@pytest.fixture(scope="module")
def processes():
    # spawned, as a fork of a process with threads may hang
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(3) as pool:
        yield pool


@pytest.fixture(params=["threads", "processes"])
def executor(request):
    return request.getfixturevalue(request.param)


def assert_same(a, b):
    assert (a.path.coefficients == b.path.coefficients).all()
    assert a.height == b.height
    assert (a.heights == b.heights).all()
    assert (a.history.heights == b.history.heights).all()
    assert a.n_gradients == b.n_gradients


@pytest.mark.parametrize("method", METHODS, ids=["direct", "paper"])
def test_the_same_as_serial_bit_for_bit(executor, method):
    toy = two_channels()
    serial, parallel = (
        find_path(toy, toy.start, toy.end, method=method, rng=3, max_gradients=150, executor=pool)
        for pool in (None, executor)
    )
    assert_same(serial, parallel)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_tensors_come_back_as_tensors(threads, dtype):
    import torch  # here, so that worker processes need not import it

    kind = getattr(torch, dtype)
    start, end = torch.tensor(START, dtype=kind), torch.tensor(END, dtype=kind)
    result = find_path(
        Ring(), start, end, method=Direct(), rng=0, max_gradients=60, executor=threads
    )
    assert isinstance(result.path.coefficients, torch.Tensor)
    assert result.path.coefficients.dtype == kind
    assert result.height < 0.5


def test_threads_need_no_pickling(threads):
    landscape = FunctionLandscape(lambda x: x @ x, lambda x: 2 * x)
    values, gradients = ParallelLandscape(landscape, threads).value_and_grad(np.eye(3))
    assert values.tolist() == [1, 1, 1]
    assert (gradients == 2 * np.eye(3)).all()


def test_processes_do_and_the_error_says_so(processes):
    landscape = FunctionLandscape(lambda x: x @ x, lambda x: 2 * x)
    with pytest.raises(TypeError, match=r"FunctionLandscape.*cannot be sent to workers.*factory"):
        find_path(landscape, START, END, method=Direct(), executor=processes)


def test_a_worker_that_dies():
    context = multiprocessing.get_context("spawn")
    with (
        ProcessPoolExecutor(1, mp_context=context) as pool,
        pytest.raises(RuntimeError, match="a worker of the executor died") as caught,
    ):
        find_path(Deadly(), START, END, method=Direct(), rng=1, executor=pool)
    result = caught.value.result
    assert result.status is Status.FAILED
    assert result.height <= result.history.heights[0]
    assert np.isfinite(result.path.coefficients).all()


def test_an_exception_in_a_worker_arrives_whole(executor):
    with pytest.raises(ArithmeticError, match="too far north") as caught:
        find_path(Raising(), START, END, method=Direct(), rng=1, executor=executor)
    assert caught.value.result.status is Status.FAILED
    again = find_path(Ring(), START, END, method=Direct(), executor=executor, max_gradients=40)
    assert again.n_gradients <= 40


def test_wrong_shapes_are_told_as_they_are_without_workers(executor):
    with pytest.raises(LandscapeError, match=r"values of shape \(12, 1\)"):
        find_path(Misshapen(), START, END, method=Direct(), executor=executor)


def test_after_an_error_the_rest_is_not_begun():
    begun, release = [], threading.Event()

    class FailingFirst(Ring):
        def value_and_grad(self, points):
            begun.append(points)
            if len(begun) == 1:
                raise ArithmeticError
            release.wait(60)
            return super().value_and_grad(points)

    with ThreadPoolExecutor(1) as pool:
        with pytest.raises(ArithmeticError):
            ParallelLandscape(FailingFirst(), pool).value_and_grad(np.ones((50, 1)))
        release.set()
    assert len(begun) <= 2


def test_how_many_work_at_a_time(threads, processes):
    class WithWorkers(Ring):
        n_workers = 5

    assert n_workers(None, abilities_of(Ring())) == 1
    assert n_workers(None, abilities_of(WithWorkers())) == 5
    assert n_workers(threads, abilities_of(Ring())) == 3
    assert n_workers(processes, abilities_of(WithWorkers())) == 2
    assert n_workers(object(), abilities_of(Ring())) == 1
