"""The one public call: every landscape with every method in every array library, and its ends."""

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import torch

from fourierpathfinder import (
    Direct,
    IntermediateResult,
    LandscapeError,
    Paper,
    SinePath,
    Status,
    Surrogate,
    find_path,
)
from fourierpathfinder._arrays import array_namespace, like, to_numpy
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels

PAPER = Paper(n_terms=6, n_points=24, n_steps=120, learning_rate=0.02, smoothness=0.1)
METHODS = {"direct": Direct(), "paper": PAPER}


class TwoChannels:
    """Fig. 3 written down once more, for any array library."""

    start, end = np.array([-0.62, -0.54]), np.array([0.49, -0.02])

    def value_and_grad(self, points):
        xp = array_namespace(points)
        values, gradients = 0 * points[:, 0] + 1.019, 0 * points
        for sign, steepness, centre in (
            (-1, 3, (-0.5, -0.5)),
            (-1, 3, (0.5, 0.0)),
            (1, 15, (-0.2, -0.4)),
            (1, 15, (0.0, 0.3)),
        ):
            apart = points - like(centre, points)
            bump = sign * xp.exp(-steepness * xp.sum(apart**2, axis=-1))
            values = values + bump
            gradients = gradients - 2 * steepness * bump[:, None] * apart
        return values, gradients


class Ridge:
    """A double well in x with a ridge that is lowest away from the straight line, D = 5."""

    start, end = np.array([-1.0, 0.2, 0.1, 0.3, 0.1]), np.array([1.0, 0.1, 0.2, 0.1, -0.2])

    def value_and_grad(self, points):
        xp = array_namespace(points)
        x, y = points[:, 0], points[:, 1]
        rest = points[:, 2:]
        wall, lowered = (x**2 - 1) ** 2, 2 - xp.tanh(2 * y - 1)
        values = wall * lowered + 0.1 * (y**2 + xp.sum(rest**2, axis=-1))
        in_x = 4 * x * (x**2 - 1) * lowered
        in_y = -2 * wall * (1 - xp.tanh(2 * y - 1) ** 2) + 0.2 * y
        first = xp.stack([in_x, in_y], axis=-1)
        return values, xp.concat([first, 0.2 * rest], axis=-1)


class Wrapped:
    """f(x) -> c f(x / k - o) + s, a change of units."""

    def __init__(self, landscape, scale=1.0, shift=0.0, stretch=1.0, offset=0.0):
        self.landscape, self.scale, self.shift = landscape, scale, shift
        self.stretch, self.offset = stretch, offset

    def value_and_grad(self, points):
        f, g = self.landscape.value_and_grad(points / self.stretch - self.offset)
        return self.scale * f + self.shift, self.scale / self.stretch * g

    def place(self, point):
        return self.stretch * (point + self.offset)


LANDSCAPES = {"two channels": TwoChannels(), "ridge": Ridge()}


def densest(landscape, path, n=4001):
    """The largest of many values on a path, evaluated in double precision."""
    ends = (to_numpy(array).astype(float) for array in (path.start, path.end, path.coefficients))
    return landscape.value_and_grad(type(path)(*ends)(np.linspace(0, 1, n)))[0].max()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", LANDSCAPES)
def test_landscapes_methods_and_libraries(make_array, name, method, dtype):
    landscape, settings = LANDSCAPES[name], METHODS[method]
    ends = [make_array(end, dtype) for end in (landscape.start, landscape.end)]
    result = find_path(landscape, *ends, method=settings, rng=1)
    for array in (result.path.start, result.path.coefficients):
        assert type(array) is type(ends[0])
        assert array.dtype == ends[0].dtype
    for array in (result.times, result.heights, result.history.heights):
        assert isinstance(array, np.ndarray)
    assert isinstance(result.height, float)
    truth = densest(landscape, result.path)
    rise = truth - result.start_value
    assert abs(result.height - truth) < (1e-4 if dtype == "float64" else 5e-4) * rise
    assert abs(result.height - truth) <= result.height_error + 1e-5 * rise
    expected = find_path(landscape, landscape.start, landscape.end, method=settings, rng=1)
    assert result.height == pytest.approx(expected.height, abs=2e-3 * rise)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", LANDSCAPES)
def test_other_units_give_the_same_path(name, method):
    """Adam's steps have the unit of length, the paper's λ that of energy over length squared."""
    landscape = LANDSCAPES[name]
    other = Wrapped(landscape, scale=1e4, shift=-3e5, stretch=0.25, offset=7.0)
    settings = METHODS[method]
    scaled = settings
    if method == "paper":
        scaled = Paper(
            **(vars(PAPER) | {"learning_rate": 0.02 * 0.25, "smoothness": 0.1 * 1e4 / 0.25**2})
        )
    a = find_path(landscape, landscape.start, landscape.end, method=settings, rng=2)
    b = find_path(
        other, other.place(landscape.start), other.place(landscape.end), method=scaled, rng=2
    )
    assert b.n_gradients == a.n_gradients
    np.testing.assert_allclose(
        b.path.coefficients, 0.25 * a.path.coefficients, rtol=0, atol=1e-5 * 0.25
    )
    assert b.barrier == pytest.approx(1e4 * a.barrier, rel=1e-6)
    assert b.height_time == pytest.approx(a.height_time, abs=1e-4)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("toy", [two_channels(), mueller_brown()], ids=["channels", "mb"])
def test_ends_swapped(toy, method):
    settings = METHODS[method]
    if method == "paper":
        settings = Paper(n_terms=8, n_points=40, n_steps=200, learning_rate=0.02, smoothness=1.0)
    there = find_path(toy, toy.start, toy.end, method=settings, rng=3)
    back = find_path(toy, toy.end, toy.start, method=settings, rng=3)
    rise = there.height - min(there.start_value, there.end_value)
    assert back.height == pytest.approx(there.height, abs=2e-3 * rise)
    assert back.barrier == pytest.approx(there.reverse_barrier, abs=2e-3 * rise)
    assert back.start_value == pytest.approx(there.end_value, abs=1e-12 * rise)
    assert back.end_value == pytest.approx(there.start_value, abs=1e-12 * rise)


@pytest.mark.parametrize("method", [*METHODS, "noise"])
def test_the_same_rng_gives_the_same_bits(method):
    toy = two_channels()
    settings = METHODS.get(method, Paper(n_steps=30, power=2, gradient_noise=1.0))

    def bits(rng):
        found = find_path(toy, toy.start, toy.end, method=settings, rng=rng)
        return found.path.coefficients.tobytes(), found.height, found.n_gradients

    assert bits(5) == bits(5) == bits(np.random.default_rng(5))
    if method != "paper":
        assert bits(5) != bits(6)
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    bits(None)
    assert (np.random.get_state()[1] == state).all()  # noqa: NPY002


def test_the_budget_includes_everything():
    toy = mueller_brown()
    for budget in (25, 60, 100):
        evaluated = []

        class Counting:
            def value_and_grad(self, points, evaluated=evaluated):
                evaluated.append(len(points))
                return toy.value_and_grad(points)

        result = find_path(Counting(), toy.start, toy.end, method=Direct(), max_gradients=budget)
        assert result.status is Status.MAX_GRADIENTS
        assert not result.success
        assert result.n_gradients == sum(evaluated) <= budget


@pytest.mark.parametrize("method", METHODS)
def test_the_callback_sees_every_iteration(method):
    toy, seen = two_channels(), []
    result = find_path(toy, toy.start, toy.end, method=METHODS[method], rng=0, callback=seen.append)
    assert all(isinstance(step, IntermediateResult) for step in seen)
    assert [step.n_iterations for step in seen] == list(range(1, result.n_iterations + 1))
    assert [step.n_gradients for step in seen] == result.history.n_gradients.tolist()
    assert [step.height for step in seen] == result.history.heights.tolist()
    assert "points of the path" in seen[0].waiting_for
    assert (seen[-1].path.coefficients == result.path.coefficients).all()


@pytest.mark.parametrize("method", METHODS)
def test_stop_iteration_returns_the_best_path_so_far(method):
    toy, seen = two_channels(), []

    def callback(intermediate_result):
        seen.append(intermediate_result)
        if intermediate_result.n_iterations == 3:
            raise StopIteration

    result = find_path(toy, toy.start, toy.end, method=METHODS[method], rng=0, callback=callback)
    assert result.status is Status.STOPPED
    assert result.n_iterations == len(seen) == 3
    assert (result.path.coefficients == seen[-1].path.coefficients).all()
    assert result.height == pytest.approx(densest(toy, result.path), abs=1e-4)


class Interrupting:
    """Fig. 3 until an error is due."""

    def __init__(self, n_calls, error):
        self.toy, self.n_calls, self.error = two_channels(), n_calls, error

    def value_and_grad(self, points):
        self.n_calls -= 1
        if self.n_calls < 0:
            raise self.error
        return self.toy.value_and_grad(points)


@pytest.mark.parametrize("method", METHODS)
def test_ctrl_c_keeps_the_best(method):
    toy = two_channels()
    cut = find_path(
        Interrupting(4, KeyboardInterrupt()), toy.start, toy.end, method=METHODS[method], rng=0
    )
    whole = find_path(toy, toy.start, toy.end, method=METHODS[method], rng=0)
    assert cut.status is Status.INTERRUPTED
    assert cut.n_iterations == 4
    assert (cut.history.heights == whole.history.heights[:4]).all()
    assert cut.height >= densest(toy, cut.path) - cut.height_error


def test_ctrl_c_before_anything_is_known():
    toy = two_channels()
    with pytest.raises(KeyboardInterrupt):
        find_path(Interrupting(0, KeyboardInterrupt()), toy.start, toy.end, method=Direct())


def test_ctrl_c_while_the_height_is_refined():
    """After the last iteration, when all that is left is to look between the points."""
    toy = two_channels()
    n_iterations = find_path(toy, toy.start, toy.end, method=Direct(), rng=0).n_iterations
    cut = find_path(
        Interrupting(n_iterations, KeyboardInterrupt()), toy.start, toy.end, method=Direct(), rng=0
    )
    assert cut.status is Status.INTERRUPTED
    assert cut.n_iterations == n_iterations
    assert cut.height_error > 0


@pytest.mark.parametrize("error", [ArithmeticError("overflow"), StopIteration(), LandscapeError()])
def test_an_exception_carries_the_best_path(error):
    toy = two_channels()
    with pytest.raises(type(error)) as caught:
        find_path(Interrupting(5, error), toy.start, toy.end, method=Direct(), rng=0)
    result = caught.value.result
    assert result.status is Status.FAILED
    assert result.n_iterations == 5
    assert result.height < 1.0
    assert "attribute `result`" in caught.value.__notes__[0]


def test_an_exception_at_once_has_no_path_to_carry():
    toy = two_channels()
    with pytest.raises(ArithmeticError) as caught:
        find_path(Interrupting(0, ArithmeticError()), toy.start, toy.end, method=Direct())
    assert not hasattr(caught.value, "result")


def test_an_exception_of_the_callback_arrives_as_it_is():
    toy = two_channels()

    def callback(intermediate_result):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as caught:
        find_path(toy, toy.start, toy.end, method=Direct(), callback=callback)
    assert caught.value.result.n_iterations == 1


def test_a_real_ctrl_c(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent("""
        import numpy as np
        from fourierpathfinder import Paper, find_path

        def ring(x):
            return (x @ x - 1) ** 2

        result = find_path(
            ring, np.array([-1.0, 0.1]), np.array([1.0, 0.1]),
            gradient=lambda x: 4 * (x @ x - 1) * x,
            method=Paper(n_steps=10**9, smoothness=1e-4, learning_rate=0.01),
            callback=lambda step: print(step.n_iterations, flush=True),
        )
        print(result.status.name, result.n_iterations, np.isfinite(result.height), flush=True)
        """)
    )
    process = subprocess.Popen(
        [sys.executable, "-W", "error", script],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parent.parent,
    )
    for line in process.stdout:
        if line.strip() == "20":
            process.send_signal(signal.SIGINT)
            break
    last = process.communicate()[0].splitlines()[-1]
    assert process.returncode == 0
    status, n_iterations, finite = last.split()
    assert (status, finite) == ("INTERRUPTED", "True")
    assert int(n_iterations) >= 20


def test_which_method_is_chosen():
    toy = two_channels()
    options = {"max_gradients": 15, "rng": 0}
    numpy_ends = find_path(toy, toy.start, toy.end, **options)
    assert isinstance(numpy_ends.method, Surrogate)
    tensors = (torch.tensor(np.array(end)) for end in (toy.start, toy.end))
    assert find_path(TwoChannels(), *tensors, **options).method == Direct()


def test_a_landscape_may_propose_its_own_first_path(rng):
    toy, proposed = two_channels(), []

    class WithPath:
        value_and_grad = staticmethod(toy.value_and_grad)

        def initial_path(self, start, end, n_terms, rng):
            proposed.append(SinePath(start, end, 0.1 * rng.normal(size=(n_terms, 2))))
            return proposed[0]

    seen = []
    find_path(
        WithPath(), toy.start, toy.end, method=Direct(), rng=rng, callback=seen.append,
        max_gradients=30,
    )  # fmt: skip
    assert (seen[0].path.coefficients == proposed[0].coefficients).all()


def test_what_is_given_is_not_changed():
    toy = two_channels()
    start, end = np.array(toy.start), np.array(toy.end)
    find_path(toy, start, end, method=PAPER)
    assert (start == toy.start).all()
    assert (end == toy.end).all()
