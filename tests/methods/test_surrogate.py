"""The surrogate method from outside: right, honest, frugal, repeatable, and hard to kill.

What a path's height is, is judged here by dense sampling, never by the library's word.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from benchmarks.hills import FAMILIES, Hills
from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.evaluation import LandscapeError
from fourierpathfinder.gaussian_process import InverseDistances
from fourierpathfinder.landscapes.toy import (
    lennard_jones,
    leps_harmonic,
    mueller_brown,
    two_channels,
)
from fourierpathfinder.result import Status
from fourierpathfinder.search.policy import BOLD
from fourierpathfinder.storage.checkpoint import CheckpointError

from ..tolerances import assert_close

LIMITS = {"fig3": 10, "mb": 13, "leps": 10, "lj7": 13, "lj7-4": 13, "lj13": 16, "lj13-1": 16}
"""Gradients that suffice whatever the last bits; the exact numbers lie in `benchmarks/saved`."""
PLAIN = ("fig3", "mb", "leps", "lj7")


class Problem:
    """A landscape with ends and a known height, in a form that is easily disturbed."""

    def __init__(self, landscape, start, end, height, n_atoms=None):
        self.landscape, self.start, self.end, self.height = landscape, start, end, height
        self.n_atoms = n_atoms
        self.points = []

    def value_and_grad(self, points):
        self.points += list(points)
        return self.landscape.value_and_grad(points)

    @property
    def identity(self):
        """What a checkpoint belongs to: the landscape, not how often it was asked."""
        return {"landscape": repr(self.height)}

    @property
    def rise(self):
        ends = self.landscape.value_and_grad(np.stack([self.start, self.end]))[0]
        return self.height - min(ends)

    @property
    def chord(self):
        return np.linalg.norm(self.end - self.start)

    def dense(self, path):
        return sampled_height(self.landscape, path)


def problem(name):
    which = int(name[-1]) if "-" in name else 0
    kind = name.split("-")[0]
    toys = {"fig3": two_channels, "mb": mueller_brown, "leps": leps_harmonic}
    toy = toys[kind]() if kind in toys else lennard_jones(int(kind[2:]))
    known = toy.rearrangements[which]
    return Problem(toy, known.start, known.end, known.height, toy.n_atoms)


def sampled_height(landscape, path, n=4001):
    """Dense, and denser around the largest sample."""
    times = np.linspace(0, 1, n)
    values = landscape.value_and_grad(path(times))[0]
    top = times[values.argmax()]
    near = np.linspace(max(top - 1 / n, 0), min(top + 1 / n, 1), 101)
    return max(values.max(), landscape.value_and_grad(path(near))[0].max())


def run(landscape, *, method=None, rng=0, max_gradients=60, ends=None, **options):
    start, end = (landscape.start, landscape.end) if ends is None else ends
    method = method or Surrogate()
    return find_path(
        landscape, start, end, method=method, rng=rng, max_gradients=max_gradients, **options
    )


def is_honest(result, truth, rise):
    return abs(result.height - truth) <= result.height_error + 1e-7 * rise


def assert_right(task, result, tol=1e-3):
    truth = task.dense(result.path)
    assert result.certified
    assert result.status is Status.CERTIFIED
    assert abs(truth - task.height) < tol * task.rise
    assert abs(result.height - task.height) < tol * task.rise
    assert is_honest(result, truth, task.rise)


def assert_same(one, other):
    np.testing.assert_array_equal(one.path.coefficients, other.path.coefficients)
    assert one.height == other.height
    assert one.height_error == other.height_error
    assert one.n_gradients == other.n_gradients


@pytest.mark.parametrize("name", LIMITS)
class TestToys:
    def test_known_height_within_few_gradients(self, name):
        task = problem(name)
        result = run(task)
        assert_right(task, result)
        assert result.n_gradients == len(task.points) <= LIMITS[name]

    @pytest.mark.statistical
    def test_whatever_the_last_bits(self, name, last_bits):
        task = problem(name)
        for changed in last_bits(task.landscape, n=20 if name in PLAIN[:3] else 3):
            result = run(Problem(changed, task.start, task.end, task.height, task.n_atoms))
            assert_right(task, result)
            assert result.n_gradients <= LIMITS[name]

    def test_swapped_ends(self, name):
        task = problem(name)
        assert_right(task, run(task, ends=(task.end, task.start)))


def test_a_lower_way_than_the_direct_one_will_do():
    """The second rearrangement of LJ7 is undercut by two steps over a third minimum."""
    task = problem("lj7-1")
    result = run(task)
    assert result.certified
    assert task.dense(result.path) < task.height + 1e-3 * task.rise
    assert is_honest(result, task.dense(result.path), task.rise)
    assert result.n_gradients <= LIMITS["lj7"]


@pytest.mark.statistical
@pytest.mark.parametrize("name", PLAIN)
def test_any_rng_on_any_processor_is_right_and_frugal(name, last_bits):
    task, spent = problem(name), []
    for seed, changed in enumerate(last_bits(task.landscape, 10)):
        other = Problem(changed, task.start, task.end, task.height, getattr(task, "n_atoms", None))
        result = run(other, rng=seed)
        assert_right(task, result)
        spent.append(result.n_gradients)
    assert np.median(spent) <= LIMITS[name]


@pytest.mark.replay
@pytest.mark.parametrize("name", ["fig3", "lj7"])
def test_same_rng_same_bits(name):
    task = problem(name)
    one, other = (run(task, rng=np.random.default_rng(5)) for _ in range(2))
    assert_same(one, other)
    half = len(task.points) // 2
    np.testing.assert_array_equal(task.points[:half], task.points[half:])


@pytest.mark.parametrize("name", ["fig3", "mb", "lj7"])
def test_sharper_tolerance_costs_a_few_more(name):
    task = problem(name)
    usual, sharp = run(task), run(task, method=Surrogate(tol=1e-6))
    assert_right(task, sharp, tol=1e-6)
    assert sharp.n_gradients <= usual.n_gradients + 6


class Rescaled:
    """c f((x - o)/k) + s."""

    def __init__(self, landscape, c, s, k, o):
        self.inner, self.c, self.s, self.k, self.o = landscape, c, s, k, o

    def value_and_grad(self, points):
        values, gradients = self.inner.value_and_grad((points - self.o) / self.k)
        return self.c * values + self.s, self.c / self.k * gradients


@settings(max_examples=6, deadline=None)
@given(
    st.sampled_from(["fig3", "mb", "leps"]),
    st.floats(-3, 3),
    st.floats(-3, 3),
    st.floats(-1e3, 1e3),
    st.floats(-10, 10),
)
def test_units_and_origins_do_not_matter(name, log_c, log_k, shift, origin):
    task = problem(name)
    c, k = 10.0**log_c, 10.0**log_k
    s, o = shift * c, origin * k
    other = Problem(
        Rescaled(task.landscape, c, s, k, o),
        k * task.start + o,
        k * task.end + o,
        c * task.height + s,
    )
    result = run(other)
    assert_right(other, result)
    assert result.n_gradients <= LIMITS[name] + 2


@settings(max_examples=3, deadline=None)
@given(st.integers(0, 1000))
def test_turned_and_shifted_clusters(seed):
    task, rng = problem("lj7"), np.random.default_rng(seed)
    turn, shift = Rotation.random(None, rng), rng.normal(size=3)

    def moved(point):
        return (turn.apply(point.reshape(-1, 3).copy()) + shift).ravel()

    result = run(Problem(task.landscape, moved(task.start), moved(task.end), task.height, 7))
    assert_right(task, result)
    assert result.n_gradients <= LIMITS["lj7"] + 2


class TestBudget:
    @pytest.mark.parametrize("budget", [3, 4, 5, 6, 8, 10])
    @pytest.mark.parametrize("name", [*PLAIN, "lj13"])
    def test_spent_early(self, name, budget):
        task = problem(name)
        result = run(task, max_gradients=budget)
        if result.status is Status.CERTIFIED:
            return
        assert result.status is Status.MAX_GRADIENTS
        assert result.n_gradients == len(task.points) <= budget
        assert not result.certified
        assert not result.success
        assert is_honest(result, task.dense(result.path), task.rise)

    @pytest.mark.parametrize("budget", [1, 2])
    def test_too_small_for_anything(self, budget):
        with pytest.raises(ValueError, match=f"`max_gradients` is {budget}"):
            run(problem("mb"), max_gradients=budget)

    def test_never_certified_before_the_checks_are_in(self):
        """Every shorter budget than the one needed gives an uncertified result."""
        needed = run(problem("mb")).n_gradients
        for budget in range(3, needed):
            assert not run(problem("mb"), max_gradients=budget).certified

    def test_without_certification(self):
        task = problem("mb")
        result = run(task, method=Surrogate(certify=False))
        assert result.status is Status.CONVERGED
        assert not result.certified
        assert abs(result.height - task.height) < 1e-3 * task.rise
        assert result.n_gradients < run(problem("mb")).n_gradients


class Disturbed(Problem):
    """Something happens at some evaluations."""

    def __init__(self, task, what):
        super().__init__(task.landscape, task.start, task.end, task.height, task.n_atoms)
        self.what = what
        self.n_failed = 0

    def value_and_grad(self, points):
        values, gradients = (part.copy() for part in self.landscape.value_and_grad(points))
        for i, point in enumerate(points):
            if self.what(point, len(self.points)):
                values[i] = np.nan
                self.n_failed += 1
            self.points.append(point)
        return values, gradients


class Interrupted(Problem):
    """Raises at one evaluation."""

    def __init__(self, task, at, error=KeyboardInterrupt):
        super().__init__(task.landscape, task.start, task.end, task.height, task.n_atoms)
        self.at, self.error = at, error

    def value_and_grad(self, points):
        if len(self.points) + len(points) > self.at:
            raise self.error
        return super().value_and_grad(points)


@pytest.mark.parametrize("at", [3, 5, 7])
def test_keyboard_interrupt_keeps_what_there_is(at):
    task = problem("mb")
    result = run(Interrupted(task, at))
    assert result.status is Status.INTERRUPTED
    assert not result.certified
    assert result.n_gradients == at
    assert is_honest(result, task.dense(result.path), task.rise)


class TestFailures:
    @pytest.mark.parametrize("end", ["start", "end"])
    def test_at_an_end_is_an_error_that_names_it(self, end):
        task = problem("mb")
        bad = getattr(task, end)
        with pytest.raises(LandscapeError, match=f"`{end}`"):
            run(Disturbed(task, lambda point, _: np.allclose(point, bad)))

    @pytest.mark.parametrize("size", [0.06, 0.12])
    @pytest.mark.parametrize(
        ("name", "rng"), [*((name, rng) for name in PLAIN[:2] for rng in range(4)), ("lj7", 0)]
    )
    def test_a_region_off_the_path_is_gone_round(self, name, rng, size):
        task = problem(name)
        middle = (task.start + task.end) / 2

        def bad(point, _):
            return np.linalg.norm(point - middle) < size * task.chord

        disturbed = Disturbed(task, bad)
        result = run(disturbed, max_gradients=40, rng=rng)
        assert disturbed.n_failed > 0
        assert result.certified
        truth = task.dense(result.path)
        assert is_honest(result, truth, task.rise)
        assert truth < task.height + 0.05 * task.rise

    @pytest.mark.parametrize("at", [2, 3, 4, 5])
    @pytest.mark.parametrize("name", PLAIN)
    def test_one_lost_evaluation_neither_kills_nor_deceives(self, name, at):
        task = problem(name)
        result = run(Disturbed(task, lambda _, n: n == at), max_gradients=50)
        truth = task.dense(result.path)
        assert result.certified
        assert is_honest(result, truth, task.rise)
        assert result.n_gradients <= LIMITS[name] + 6

    @pytest.mark.parametrize("name", PLAIN)
    def test_nearly_everywhere_ends_with_what_there_is(self, name):
        task = problem(name)
        disturbed = Disturbed(task, lambda _, n: n > 2)
        result = run(disturbed)
        assert result.status is Status.FAILED
        assert f" of {result.n_gradients} points could not be evaluated" in result.message
        assert not result.certified
        assert len(disturbed.points) < 20
        assert np.isfinite([result.height, result.height_error]).all()
        np.testing.assert_array_equal(result.path.start, task.start)

    def test_infinite_gradient_is_a_failure_too(self):
        task = problem("mb")

        class Overflowing(Problem):
            def value_and_grad(self, points):
                values, gradients = super().value_and_grad(points)
                return values, np.where(len(self.points) == 5, np.inf, gradients)

        result = run(Overflowing(task.landscape, task.start, task.end, task.height))
        assert np.isfinite(result.height)


class Noisy(Problem):
    def __init__(self, task, value_noise, gradient_noise, seed):
        super().__init__(task.landscape, task.start, task.end, task.height, task.n_atoms)
        self.noise = value_noise, gradient_noise
        self.rng = np.random.default_rng(seed)

    def value_and_grad(self, points):
        values, gradients = super().value_and_grad(points)
        of_values, of_gradients = self.noise
        return (
            values + of_values * self.rng.normal(size=values.shape),
            gradients + of_gradients * self.rng.normal(size=gradients.shape),
        )


@pytest.mark.parametrize("size", [1e-4, 1e-3, 1e-2])
@pytest.mark.parametrize("name", PLAIN)
def test_noise_of_stated_size(name, size):
    task = problem(name)
    noise = size * task.rise, 10 * size * task.rise / task.chord
    result = run(Noisy(task, *noise, seed=1), method=Surrogate(noise=noise), max_gradients=40)
    assert abs(result.height - task.height) < (1e-3 + 5 * size) * task.rise
    assert task.dense(result.path) < task.height + (1e-3 + 5 * size) * task.rise
    if name != "lj7" and size < 1e-2:
        assert result.certified
        assert result.n_gradients <= LIMITS[name] + 5


class TestExecutor:
    @pytest.mark.parametrize("n_workers", [2, 4])
    @pytest.mark.parametrize("name", PLAIN)
    def test_right_in_fewer_rounds_at_little_more(self, name, n_workers):
        task = problem(name)
        serial = run(task)
        with ThreadPoolExecutor(n_workers) as pool:
            result = run(task, executor=pool)
        assert_right(task, result)
        assert result.n_iterations < serial.n_iterations
        assert result.n_gradients <= 1.3 * serial.n_gradients + 1


@pytest.mark.replay
class TestCheckpoint:
    @pytest.mark.parametrize("name", ["mb", "lj7"])
    def test_killed_at_every_evaluation(self, name, tmp_path):
        """Nothing is evaluated twice, and the result is that of an uninterrupted run."""
        task = problem(name)
        whole = run(task)
        for at in range(whole.n_gradients):
            file = tmp_path / f"{at}.npz"
            first = Interrupted(task, at, RuntimeError("killed"))
            with pytest.raises(RuntimeError, match="killed"):
                run(first, checkpoint=file)
            second = problem(name)
            assert_same(run(second, checkpoint=file, resume_check=False), whole)
            points = first.points + second.points
            assert len(points) == whole.n_gradients
            assert len({point.tobytes() for point in points}) == len(points)

    def test_finished_run_costs_nothing_again(self, tmp_path):
        whole = run(problem("mb"), checkpoint=tmp_path / "run.npz")
        again = problem("mb")
        assert_same(run(again, checkpoint=tmp_path / "run.npz", resume_check=False), whole)
        assert not again.points

    def test_one_point_is_evaluated_again_to_compare(self, tmp_path):
        whole = run(problem("mb"), checkpoint=tmp_path / "run.npz")
        again = problem("mb")
        assert_same(run(again, checkpoint=tmp_path / "run.npz"), whole)
        assert len(again.points) == 1

    def test_of_another_problem_is_refused(self, tmp_path):
        task, file = problem("mb"), tmp_path / "run.npz"
        run(task, checkpoint=file, max_gradients=5)
        with pytest.raises(CheckpointError, match="method"):
            run(task, checkpoint=file, method=Surrogate(n_terms=5))
        with pytest.raises(CheckpointError, match="end"):
            run(task, checkpoint=file, ends=(task.start, task.end + 0.1))

    def test_damaged_is_refused(self, tmp_path):
        task, file = problem("mb"), tmp_path / "run.npz"
        run(task, checkpoint=file, max_gradients=5)
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)
        with pytest.raises(CheckpointError, match="damaged"):
            run(task, checkpoint=file)

    def test_cut_short_loses_its_last_evaluation(self, tmp_path):
        """As a process leaves it that is killed while it writes."""
        task, file = problem("mb"), tmp_path / "run.npz"
        whole = run(problem("mb"))
        run(task, checkpoint=file, max_gradients=5)
        file.write_bytes(file.read_bytes()[:-40])
        again = problem("mb")
        assert_same(run(again, checkpoint=file, resume_check=False), whole)
        n_kept = whole.n_gradients - len(again.points)
        assert 0 < n_kept < 5


def hard_and_easy():
    """Family and seed: seed 144 among narrow hills once hid one from too few checks."""
    yield from (("wide", seed) for seed in range(70))
    yield from (("narrow", seed) for seed in range(144, 150))


@pytest.mark.statistical
def test_random_landscapes_are_never_certified_wrongly():
    wrong, n_certified, n_all = [], 0, 0
    for family, seed in hard_and_easy():
        hills = Hills(FAMILIES[family], seed)
        ends = hills.two_minima()
        if ends is None:
            continue
        result = run(hills, ends=ends)
        truth = sampled_height(hills, result.path)
        rise = truth - min(result.start_value, result.end_value)
        n_all, n_certified = n_all + 1, n_certified + result.certified
        too_high = result.certified and truth - result.height > 1e-3 * rise
        if too_high or not is_honest(result, truth, rise):
            wrong.append((family, seed, truth, result.height, result.height_error))
    assert not wrong
    assert n_all >= 60
    assert n_certified >= 0.95 * n_all


def test_narrow_hill_beside_the_checks():
    """A ridge 0.13 wide beside which two points lie that give no hint of it."""
    hills = Hills(FAMILIES["hardest"], 144)
    result = run(hills, ends=hills.two_minima())
    truth = sampled_height(hills, result.path)
    rise = truth - min(result.start_value, result.end_value)
    assert is_honest(result, truth, rise)


class Ring:
    """Hills and pits on a ring, and two places that are no minima: few paths have a saddle."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        n_hills = int(rng.integers(4, 14))
        self.centres = rng.uniform(-1.6, 1.6, (n_hills, 2))
        self.widths = rng.uniform(0.12, 0.6, n_hills)
        self.heights = rng.normal(size=n_hills)
        self.places = rng.uniform(-1.3, -0.5, 2), rng.uniform(0.5, 1.3, 2)
        if rng.random() < 0.5:
            self.places[0][1] *= -1

    def value_and_grad(self, points):
        apart = points[:, None] - self.centres
        bumps = self.heights * np.exp(-(apart**2).sum(axis=-1) / (2 * self.widths**2))
        pulls = ((bumps / self.widths**2)[..., None] * apart).sum(axis=1)
        beyond = (points**2).sum(axis=1) - 1
        return bumps.sum(axis=1) + 0.075 * beyond**2, 0.3 * beyond[:, None] * points - pulls


@pytest.mark.statistical
def test_paths_without_a_saddle_are_seldom_certified_wrongly():
    """Among the first of these landscapes, and six of 1,000 that once were certified wrongly."""
    wrong, n_certified = 0, 0
    seeds = [*range(60), 1167, 1377, 1387, 1448, 1641, 1636515232]
    for seed in seeds:
        ring = Ring(seed)
        result = run(ring, ends=ring.places)
        truth = sampled_height(ring, result.path)
        rise = truth - min(result.start_value, result.end_value)
        allowed = max(1e-3 * rise, result.height_error)
        n_certified += result.certified
        wrong += result.certified and truth - result.height > allowed
    assert n_certified >= 0.95 * len(seeds)
    assert wrong <= 1


class Bowl:
    def value_and_grad(self, points):
        stiffness = np.array([1.0, 3.0])
        return (stiffness * points**2).sum(axis=1), 2 * stiffness * points


@pytest.mark.parametrize(
    "ends", [((1.0, 0.2), (0.0, 0.0)), ((0.0, 0.0), (1.0, 0.2)), ((1.0, 0.2), (-1.0, 0.1))]
)
def test_without_a_barrier_the_higher_end_is_the_height(ends):
    start, end = map(np.array, ends)
    result = run(Bowl(), ends=(start, end))
    top = Bowl().value_and_grad(np.stack([start, end]))[0].max()
    assert result.certified
    assert result.height == top
    assert result.saddle is None
    assert is_honest(result, sampled_height(Bowl(), result.path), top)
    assert result.n_gradients < 12


class TestSettings:
    def test_result_says_which_features(self):
        assert type(run(problem("mb")).method.features).__name__ == "Coordinates"
        features = run(problem("lj7")).method.features
        assert type(features).__name__ == "InverseDistances"
        assert features.power == 4

    def test_features_that_are_given_stay(self):
        features = InverseDistances(7, power=2.0)
        assert run(problem("lj7"), method=Surrogate(features=features)).method.features is features

    def test_saddle_is_one(self):
        task = problem("mb")
        result = run(task)
        saddle = result.saddle
        value, gradient = task.landscape.value_and_grad(saddle.position[None])
        assert saddle.value == value[0]
        assert saddle.gradient_norm == pytest.approx(np.linalg.norm(gradient))
        assert saddle.gradient_norm < 0.1 * task.rise / task.chord
        assert_close(result.path(saddle.time), saddle.position)
        assert result.height == saddle.value

    def test_few_terms_become_more(self):
        task = problem("fig3")
        result = run(task, method=Surrogate(n_terms=2), max_gradients=80)
        assert is_honest(result, task.dense(result.path), task.rise)

    @pytest.mark.parametrize("bad", [{"n_terms": 0}, {"tol": 0.0}, {"noise": (-1.0, 0.0)}])
    def test_nonsense_is_refused(self, bad):
        with pytest.raises(ValueError, match=f"`{next(iter(bad))}.* is"):
            replace(Surrogate(), **bad)

    def test_history_and_iterations(self):
        seen = []
        result = run(problem("mb"), callback=seen.append)
        assert [step.n_gradients for step in seen] == list(result.history.n_gradients)
        assert result.n_iterations == len(seen) == result.n_gradients - 2
        assert all(step.waiting_for for step in seen[:-1])


@pytest.mark.parametrize(
    ("function", "gradient", "height"),
    [
        (lambda x: float(x[0]), lambda x: np.array([1.0, 0.0]), 1.0),
        (lambda x: float(x @ x), lambda x: 2 * x, 1.01),
        (lambda x: 5.0, lambda x: np.zeros(2), 5.0),
        (lambda x: 0.0, lambda x: np.zeros(2), 0.0),
    ],
    ids=["slope", "bowl", "constant", "nothing"],
)
def test_a_path_without_a_barrier_has_the_height_of_its_higher_end(function, gradient, height):
    ends = np.array([-1.0, 0.1]), np.array([1.0, 0.1])
    result = find_path(function, *ends, gradient=gradient, method=Surrogate(), rng=0)
    assert result.certified
    assert result.height == pytest.approx(height)
    assert result.history.heights[-1] == pytest.approx(height)
    assert result.saddle is None
    assert "nowhere above its higher end, which is therefore no minimum" in result.message


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_a_flat_valley_that_cannot_be_certified_is_given_up(seed):
    def ring(x):
        return (x @ x - 1) ** 2

    def slope(x):
        return 4 * (x @ x - 1) * x

    ends = np.array([-1.0, 0.1]), np.array([1.0, 0.1])
    result = find_path(ring, *ends, gradient=slope, method=Surrogate(), rng=seed)
    assert result.status is Status.STALLED or result.certified
    stop = BOLD.stop
    of_a_start = stop.one_start + stop.after_a_look
    of_the_last = stop.last_start + stop.after_a_look
    starts = (1 + stop.handovers) * of_a_start + of_the_last
    assert result.n_gradients <= 3 + starts + stop.closing
    assert "gradients are not" not in result.message
    assert result.height < 0.01


def test_ends_of_another_library_are_refused_before_anything_is_evaluated(make_array):
    ends = [make_array([x, 0.0]) for x in (-1.0, 1.0)]
    if isinstance(ends[0], np.ndarray):
        pytest.skip("NumPy's own")
    asked = []
    with pytest.raises(TypeError, match="`Surrogate` computes in NumPy; pass the ends"):
        find_path(asked.append, *ends, gradient=asked.append, method=Surrogate(), rng=0)
    assert not asked


def double_well(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2, np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]])


def wall(x):
    value, slope = double_well(x)
    return (np.inf if abs(x[0]) < 0.1 else value), slope


def wall_with_an_end(x):
    value, slope = double_well(x)
    return (np.inf if abs(x[0]) < 0.1 and x[1] < 0.5 else value), slope


def ring(x):
    return (x @ x - 1) ** 2, 4 * (x @ x - 1) * x


@pytest.mark.parametrize(
    ("landscape", "n_coordinates"), [(wall, 2), (wall_with_an_end, 2), (ring, 4), (ring, 5)]
)
def test_nothing_is_certified_because_all_that_was_low_is_equal(landscape, n_coordinates):
    end = np.eye(n_coordinates)[0]
    result = find_path(landscape, -end, end, gradient=True, max_gradients=120, rng=0)
    truth = max(landscape(x)[0] for x in result.path(np.linspace(0, 1, 1001)))
    assert not result.certified or truth <= result.height + result.height_error
    assert result.height + result.height_error >= min(truth, 1e-4)


@pytest.mark.parametrize("image", [[3.0, 4.0], [-4.0, 3.5]])
def test_huge_values_on_the_first_path_spoil_no_tolerance(image):
    """Values of 1e3 and 1e11 are met on it, beside which the barrier of 100 looks like nothing."""
    toy = mueller_brown()
    far = np.stack([toy.start, image, toy.end])
    found = find_path(toy, toy.start, toy.end, method=Surrogate(), initial=far, rng=0)
    assert found.evaluations.values.max() > 1e3
    highest = toy.value_and_grad(found.path(np.linspace(0, 1, 401)))[0].max()
    rise = toy.height - found.start_value
    assert found.certified and abs(highest - toy.height) < 1e-2 * rise
    assert abs(highest - found.height) < found.height_error < 1e-2 * rise
