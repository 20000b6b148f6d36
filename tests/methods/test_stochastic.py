"""Stochastic: its steps against torch's own Adam, its heights, its memory, its restarts."""

import tracemalloc
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

from fourierpathfinder import (
    LandscapeError,
    SinePath,
    Status,
    Stochastic,
    find_path,
    find_paths,
)
from fourierpathfinder.evaluation import Evaluator
from fourierpathfinder.landscapes import FunctionLandscape, NetworkLandscape
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.methods.drawing import drawn
from fourierpathfinder.methods.lockstep import Lockstep
from fourierpathfinder.storage.checkpoint import Snapshots

from ..tolerances import assert_close


class Springs:
    """The mean over samples i of |x - z_i|² (1 + |x|²), in NumPy or torch."""

    stochastic = True

    def __init__(self, n_samples=40, n_coordinates=3, make=np.array):
        centres = np.random.default_rng(3).normal(size=(n_samples, n_coordinates))
        self.centres = make(centres)
        self.n_samples = n_samples
        self.calls = []

    def value_and_grad(self, points, samples=None):
        self.calls.append((points, samples))
        chosen = self.centres if samples is None else self.centres[samples]
        apart = points[:, None, :] - chosen
        squared, growth = (apart**2).sum(-1).mean(-1), 1 + (points**2).sum(-1)
        pull = 2 * apart.mean(1) * growth[:, None] + 2 * points * squared[:, None]
        return squared * growth, pull

    def value(self, points, samples=None):
        values, _ = self.value_and_grad(points, samples)
        self.calls.pop()
        return values


A, B = np.array([-1.0, 0.2, 0.4]), np.array([1.0, -0.3, 0.1])
SMALL = Stochastic(n_terms=3, points_per_step=2, batch_size=5, n_steps=60)


class Noting(Evaluator):
    """Notes at which times of the path it is asked."""

    times = ()

    def value_and_grad(self, points, times=None, **options):
        self.times = (*self.times, times)
        return super().value_and_grad(points, times, **options)


def by_the_book(settings, seed, landscape, a, b, times_of_steps):
    """The same draws, taken by torch's autograd, NAdam and schedules."""
    chord = torch.tensor(b - a)
    rms = (chord**2).mean().sqrt().item()
    terms = [torch.zeros(len(a), dtype=torch.float64, requires_grad=True) for _ in range(3)]
    groups = [{"params": [c], "lr": 0.05 * rms / n} for n, c in enumerate(terms, 1)]
    # So large a decay of the momentum's own schedule leaves the momentum as it is.
    adam = torch.optim.NAdam(groups, betas=(0.9, 0.99), momentum_decay=1e9)
    falling = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda k: min(1.0, (1 - k / settings.n_steps) / 0.7)
    )
    centres = torch.tensor(landscape.centres)
    for step in range(settings.n_steps):
        _, samples = drawn((seed,), step // 64, 2, 5, landscape.n_samples)
        loss = 0.0
        for t, chosen in zip(times_of_steps[step], samples[0, step % 64], strict=True):
            bend = sum(c * np.sin(n * np.pi * t) for n, c in enumerate(terms, 1))
            x = torch.tensor(a) + t * chord + bend
            value = ((x - centres[chosen]) ** 2).sum(-1).mean() * (1 + (x**2).sum())
            loss = loss + value / 2
        adam.zero_grad()
        loss.backward()
        adam.step()
        falling.step()
    return torch.stack(terms).detach().numpy()


def lockstep(settings, seeds, ends, landscape, strict=False):
    a, b = (np.stack(end) for end in zip(*ends, strict=True))
    path = SinePath.straight(a, b, settings.n_terms)
    evaluator = Noting(landscape)
    schedule = settings.schedule(evaluator.abilities, a[0])
    run = Lockstep(schedule, evaluator, path, np.array(seeds))
    for _ in range(settings.n_steps):
        run.step(strict=strict)
    return run


@pytest.fixture
def in_double():
    """Torch keeps the product of NAdam's momenta in the default type."""
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.usefixtures("in_double")
def test_against_torchs_own_adam():
    landscape = Springs()
    run = lockstep(SMALL, [11], [(A, B)], landscape)
    expected = by_the_book(SMALL, 11, landscape, A, B, run._evaluator.times)
    np.testing.assert_allclose(run.path(0).coefficients, expected, rtol=1e-9, atol=1e-12)


def test_a_path_is_the_same_in_any_company():
    ends = [(A, B), (B, A), (2 * A, B)]
    together = lockstep(SMALL, [11, 5, 7], ends, Springs())
    for k, seed in enumerate((11, 5, 7)):
        alone = lockstep(SMALL, [seed], [ends[k]], Springs())
        np.testing.assert_allclose(
            together.path(k).coefficients, alone.path(0).coefficients, rtol=1e-12, atol=1e-14
        )
        assert together.estimates()[k] == pytest.approx(alone.estimates()[0])


def test_one_batch_a_step():
    landscape = Springs()
    lockstep(SMALL, [1, 2], [(A, B), (B, A)], landscape)
    assert [points.shape for points, _ in landscape.calls] == [(4, 3)] * 60
    assert all(samples.shape == (4, 5) for _, samples in landscape.calls)


def test_large_points_one_after_the_other(monkeypatch):
    whole = lockstep(SMALL, [1, 2], [(A, B), (B, A)], Springs())
    monkeypatch.setattr("fourierpathfinder.methods.lockstep._LARGEST_BATCH", 3)
    monkeypatch.setattr("fourierpathfinder.methods.lockstep._BLOCK", 4)
    landscape = Springs()
    parts = lockstep(SMALL, [1, 2], [(A, B), (B, A)], landscape)
    assert {points.shape for points, _ in landscape.calls} == {(1, 3)}
    np.testing.assert_allclose(
        parts.state.coefficients, whole.state.coefficients, rtol=1e-12, atol=1e-14
    )


class Cliff(Springs):
    """NaN beyond x = 1.5."""

    def value_and_grad(self, points, samples=None):
        values, gradients = super().value_and_grad(points, samples)
        return np.where(points[:, 0] > 1.5, np.nan, values), gradients


def test_a_path_that_fails_touches_no_other():
    fine = lockstep(SMALL, [11, 5], [(A, B), (B, A)], Springs())
    run = lockstep(SMALL, [11, 9, 5], [(A, B), (A, 3 * B), (B, A)], Cliff())
    assert run.state.failed.tolist() == [False, True, False]
    for mine, other in ((0, 0), (2, 1)):
        np.testing.assert_allclose(
            run.path(mine).coefficients, fine.path(other).coefficients, rtol=1e-12, atol=1e-14
        )
    assert np.isfinite(run.path(1).coefficients).all()


class Pit(Springs):
    """NaN between its ends."""

    def value_and_grad(self, points, samples=None):
        values, gradients = super().value_and_grad(points, samples)
        return np.where(abs(points[:, 0]) < 0.5, np.nan, values), gradients


def test_alone_it_is_an_error_that_says_where():
    with pytest.raises(LandscapeError, match=r"the value nan at point \d \(t = 0.[3-6]"):
        find_path(Pit(), A, B, method=SMALL, rng=0)
    with pytest.raises(LandscapeError, match=r"the value nan at point 1 \(t = 1\)"):
        find_path(Cliff(), A, 3 * B, method=SMALL, rng=0)


@pytest.mark.parametrize("make", [np.array, torch.tensor], ids=["numpy", "torch"])
def test_it_finds_the_way(make):
    """Downhill to the mean of all springs, where the value is about 3; the line's top is at 6."""
    landscape = Springs(make=make)
    a, b = make(3 * A), make(3 * B)
    result = find_path(
        landscape, a, b, method=Stochastic(batch_size=10, n_steps=400, learning_rate=0.02), rng=0
    )
    line = SinePath.straight(a, b, 1)
    assert type(result.path.coefficients) is type(a)
    assert result.path.coefficients.dtype == a.dtype
    inner = np.linspace(0.1, 0.9, 50)
    assert landscape.value(result.path(inner)).mean() < 0.95 * landscape.value(line(inner)).mean()
    assert result.status is Status.STEPS_DONE


def test_on_an_executor():
    alone = find_path(Springs(), A, B, method=SMALL, rng=0)
    with ThreadPoolExecutor(2) as pool:
        parallel = find_path(Springs(), A, B, method=SMALL, rng=0, executor=pool)
    assert_close(parallel.path.coefficients, alone.path.coefficients)
    assert parallel.height == pytest.approx(alone.height)


def test_what_is_counted():
    landscape = Springs()
    result = find_path(landscape, A, B, method=SMALL, rng=0)
    assert result.n_gradients == 120
    assert result.n_sample_gradients == 600
    assert result.history.n_gradients.tolist() == list(range(2, 121, 2))
    assert result.history.n_sample_gradients.tolist() == list(range(10, 601, 10))
    assert "600 of single samples" in str(result)


def test_a_batch_of_all_samples_is_no_sample_at_all():
    landscape = Springs()
    find_path(landscape, A, B, method=Stochastic(batch_size=40, n_steps=3), rng=0)
    assert all(samples is None for _, samples in landscape.calls)


class Advised(Springs):
    """Knows what a step should take."""

    def suitable_batch(self, point):
        assert point.shape == A.shape
        return 7


@pytest.mark.parametrize(
    ("kind", "given", "taken"), [(Springs, None, 64), (Advised, None, 7), (Advised, 9, 9)]
)
def test_the_batch_is_the_landscapes_unless_it_is_given(kind, given, taken):
    landscape = kind(n_samples=100)
    method = Stochastic(batch_size=given, n_steps=3)
    result = find_path(landscape, A, B, method=method, rng=0)
    sizes = {samples.shape[1] for _, samples in landscape.calls if samples is not None}
    assert sizes == {taken}
    assert result.n_sample_gradients == 3 * taken
    (same,) = find_paths(landscape, [(A, B)], method=method, rng=0)
    assert same.n_sample_gradients == same.history.n_sample_gradients[-1] == 3 * taken


@pytest.mark.parametrize(("n_steps", "remembered"), [(10, 100), (4000, 400), (10**5, 1000)])
def test_squares_are_averaged_over_a_part_of_the_run(n_steps, remembered):
    schedule = Stochastic(n_steps=n_steps).schedule(abilities_of(Springs()), A)
    assert 1 / (1 - schedule.adam.beta2) == pytest.approx(remembered)


def test_the_height_is_that_of_all_samples():
    landscape = Springs()
    result = find_path(landscape, A, B, method=SMALL, rng=0)
    truth = landscape.value(result.path(np.linspace(0, 1, 5001))).max()
    assert result.height <= truth + 1e-12
    assert truth - result.height <= max(result.height_error, 1e-2 * result.barrier)
    assert result.start_value == pytest.approx(landscape.value(A[None])[0])
    assert (np.diff(result.times) > 0).all()


def test_the_standard_error_covers_what_was_left_out():
    landscape = Springs(n_samples=4000)
    settings = Stochastic(n_steps=1, evaluation_samples=320)
    errors = []
    for seed in range(40):
        result = find_path(landscape, A, B, method=settings, rng=seed)
        truth = landscape.value(result.path(np.array([result.height_time])))[0]
        errors.append((result.height - truth) / result.height_error)
    assert 0.6 < np.std(errors) < 1.4
    assert 0 < result.height_error < 0.1 * result.height


def test_noise_without_samples():
    noise = np.random.default_rng(0)

    def bowl(x):
        return x @ x + 0.1 * noise.normal(), 2 * x + 0.1 * noise.normal(size=2)

    landscape = FunctionLandscape(bowl, True, stochastic=True)
    a, b = np.array([-1.0, 1.0]), np.array([1.0, 1.0])
    result = find_path(landscape, a, b, rng=0)
    assert result.method == Stochastic()
    assert result.height == pytest.approx(2.0, abs=0.15)
    assert 0.01 < result.height_error < 0.2
    assert np.linalg.norm(result.path(0.5)) < 0.3
    assert result.n_gradients >= Stochastic().points_per_step * result.n_iterations
    assert result.n_sample_gradients == 0


class Stop(Exception):  # noqa: N818
    pass


@pytest.mark.parametrize("cut", [1, 30, 64, 80])
@pytest.mark.parametrize("kind", ["numpy", "network", "bfloat16"])
def test_a_restart_goes_on_bit_for_bit(kind, cut, tmp_path, monkeypatch):
    monkeypatch.setattr(Snapshots, "due", lambda self: True)
    landscape, a, b = (Springs(), A, B) if kind == "numpy" else digits_pair(n_samples=200)
    method = Stochastic(n_steps=90, batch_size=8, dtype="bfloat16" if kind == "bfloat16" else None)
    options = {"method": method, "rng": 4}

    def stop(step):
        if step.n_iterations == cut:
            raise Stop

    whole = find_path(landscape, a, b, **options)
    with pytest.raises(Stop):
        find_path(landscape, a, b, callback=stop, checkpoint=tmp_path / "run", **options)
    options["rng"] = 99  # what is drawn is in the file
    resumed = find_path(landscape, a, b, checkpoint=tmp_path / "run", **options)
    assert (resumed.path.coefficients == whole.path.coefficients).all()
    assert resumed.height == whole.height
    assert (resumed.history.heights == whole.history.heights).all()
    assert resumed.n_sample_gradients == whole.n_sample_gradients


class InterruptingAdam:
    """Ctrl-C in the middle of the second block of a step."""

    def __init__(self, adam, at):
        self.adam, self.at = adam, at

    def step_in_place(self, *arguments):
        self.at -= 1
        if not self.at:
            raise KeyboardInterrupt
        self.adam.step_in_place(*arguments)


def test_ctrl_c_within_a_step(tmp_path, monkeypatch):
    """The path is as good as before; what is kept is the state before that step."""
    monkeypatch.setattr("fourierpathfinder.methods.lockstep._BLOCK", 6)
    monkeypatch.setattr(Snapshots, "due", lambda self: True)
    whole = find_path(Springs(), A, B, method=SMALL, rng=0)
    good = Stochastic.schedule

    def interrupting(self, *landscape):
        schedule = good(self, *landscape)
        object.__setattr__(schedule, "adam", InterruptingAdam(schedule.adam, 2 * 20 + 2))
        return schedule

    monkeypatch.setattr(Stochastic, "schedule", interrupting)
    cut = find_path(Springs(), A, B, method=SMALL, rng=0, checkpoint=tmp_path / "run")
    assert cut.status is Status.INTERRUPTED
    assert cut.n_iterations == 20
    assert np.isfinite(cut.height)
    assert cut.height_error == np.inf
    monkeypatch.setattr(Stochastic, "schedule", good)
    resumed = find_path(Springs(), A, B, method=SMALL, rng=0, checkpoint=tmp_path / "run")
    assert (resumed.path.coefficients == whole.path.coefficients).all()


def test_the_budget_is_kept():
    result = find_path(Springs(), A, B, method=SMALL, rng=0, max_gradients=31)
    assert result.status is Status.MAX_GRADIENTS
    assert result.n_gradients == 30
    assert np.isfinite(result.height_error), "values alone are not counted"


class Wide:
    """A landscape of many coordinates that makes no array beside what it returns."""

    stochastic = True
    n_samples = 100

    def value_and_grad(self, points, samples=None):
        return (points**2).mean(-1), points * 2

    def value(self, points, samples=None):
        return np.einsum("md,md->m", points, points)


class Over(Wide):
    """Writes gradients over the points."""

    def value_and_grad_over(self, points, samples=None):
        values = self.value(points)
        points *= 2
        return values / points.shape[1], points


@pytest.mark.parametrize(
    ("kind", "n_terms", "n_points", "more"),
    [(Wide, 4, 2, 5), (Wide, 10, 2, 5), (Over, 1, 1, 3), (Over, 4, 2, 4)],
)
def test_memory(kind, n_terms, n_points, more, monkeypatch):
    """At most 3 N + 2 arrays of coordinates with the two ends, and one or two for each point."""
    for module in ("measured", "lockstep"):
        monkeypatch.setattr(f"fourierpathfinder.methods.{module}._BLOCK", 10_000)
    monkeypatch.setattr("fourierpathfinder.methods.lockstep._LARGEST_BATCH", 400_000)
    monkeypatch.setattr("fourierpathfinder.methods.measured._LARGEST_BATCH", 400_000)
    n = 400_000
    settings = Stochastic(n_terms=n_terms, points_per_step=n_points, n_steps=3)
    tracemalloc.start()
    try:
        a, b = np.zeros(n), np.ones(n)
        find_path(kind(), a, b, method=settings, rng=0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < (3 * n_terms + more) * 8 * n + 2**20, "beside what is drawn, and a block"


def digits_network(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, 10))


def digits_data(n_samples=1000):
    inputs, targets = load_digits(return_X_y=True)
    chosen = slice(0, n_samples)
    return torch.tensor(inputs[chosen] / 16, dtype=torch.float32), torch.tensor(targets[chosen])


def digits_pair(n_samples):
    """Two networks, scarcely trained."""
    networks = [digits_network(seed) for seed in (1, 2)]
    landscape = NetworkLandscape(networks[0], nn.functional.cross_entropy, digits_data(n_samples))
    return landscape, *networks


@pytest.fixture(scope="module")
def trained():
    """Two classifiers of scikit-learn's digits at low loss."""
    inputs, targets = digits_data()
    networks = [digits_network(seed) for seed in (1, 2)]
    for network in networks:
        adam = torch.optim.Adam(network.parameters(), lr=0.02)
        for _ in range(300):
            adam.zero_grad()
            nn.functional.cross_entropy(network(inputs), targets).backward()
            adam.step()
    return networks


@pytest.mark.slow
def test_two_classifiers_of_digits(trained):
    landscape = NetworkLandscape(trained[0], nn.functional.cross_entropy, digits_data())
    a, b = (landscape.coordinates(network) for network in trained)
    straight = landscape.value(SinePath.straight(a, b, 1)(np.linspace(0, 1, 41))).max().item()
    result = find_path(landscape, *trained, rng=0, method=Stochastic(n_steps=1000))
    higher = max(result.start_value, result.end_value)
    assert higher < 0.01
    assert straight > 0.5
    assert result.height - higher < 0.02 * (straight - higher)
    dense = landscape.value(result.path(np.linspace(0, 1, 201))).max().item()
    assert dense - result.height <= result.height_error + 1e-2 * result.barrier
    assert result.history.heights[-1] < 0.1 * result.history.heights.max()


@pytest.mark.parametrize("n_points", [1, 3])
def test_the_times_of_ten_steps_are_spread_evenly(n_points):
    """Of ten independent times the largest gap is 0.27 in the mean."""
    times = []

    def flat(x):
        times.append(float(x[0]))
        return 0.0, np.zeros(1)

    landscape = FunctionLandscape(flat, True, stochastic=True)
    settings = Stochastic(points_per_step=n_points, n_steps=60)
    find_path(landscape, np.zeros(1), np.ones(1), method=settings, rng=5)
    for first in range(50):
        window = np.sort(times[first * n_points : (first + 10) * n_points])
        assert np.diff(window, prepend=0.0, append=1.0).max() < 0.24
    of_steps = np.sort(np.reshape(times[: 60 * n_points], (60, n_points)))
    assert (np.floor(of_steps * n_points) == np.arange(n_points)).all()
    again = find_path(landscape, np.zeros(1), np.ones(1), method=settings, rng=6)
    assert again.n_iterations == 60
    assert times[0] not in times[60 * n_points :]


def test_bfloat16_terms(trained):
    landscape = NetworkLandscape(trained[0], nn.functional.cross_entropy, digits_data())
    found = {
        dtype: find_path(landscape, *trained, rng=0, method=Stochastic(n_steps=300, dtype=dtype))
        for dtype in (None, "bfloat16")
    }
    assert found["bfloat16"].path.coefficients.dtype == torch.float32
    assert found["bfloat16"].height < 1.5 * found[None].height + 0.01
    a, b = (landscape.coordinates(network)[None] for network in trained)
    evaluator = Evaluator(landscape)
    schedule = Stochastic().schedule(evaluator.abilities, a[0])
    line = SinePath.straight(a, b, 2)
    run = Lockstep(schedule, evaluator, line, np.array([1]), "bfloat16")
    run.step(strict=True)
    assert run.state.coefficients.dtype == run.state.square_sum.dtype == torch.bfloat16
    assert (run.state.square_sum >= 0).all()


def test_bfloat16_is_torchs():
    with pytest.raises(ValueError, match=r"arrays of .*numpy have no such type"):
        find_path(Springs(), A, B, method=Stochastic(dtype="bfloat16"))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_terms": 0}, "`n_terms` is 0"),
        ({"points_per_step": 0}, "`points_per_step` is 0"),
        ({"batch_size": -1}, "`batch_size` is -1"),
        ({"learning_rate": 0.0}, "`learning_rate` is 0.0"),
        ({"n_steps": 0}, "`n_steps` is 0"),
        ({"evaluation_samples": 8}, "`evaluation_samples` is 8; a standard error needs"),
        ({"dtype": "float16"}, "`dtype` is 'float16'"),
    ],
)
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(ValueError, match=words):
        Stochastic(**settings)


@pytest.mark.parametrize("seed", range(4))
def test_the_running_height_is_near_the_measured_one(seed):
    """Although it is the largest of many averages of a few noisy values each."""

    class Hill:
        """1 + 3 exp(-8 x²) up to noise, without a gradient, so that the path stays straight."""

        stochastic = True
        rng = np.random.default_rng(seed)

        def value_and_grad(self, points):
            hill = 3 * np.exp(-8 * points[:, 0] ** 2)
            noise = self.rng.normal(scale=0.7, size=len(points))
            return 1 + hill + noise, 0 * points

    ends = np.array([-1.0, 0.0]), np.array([1.0, 0.0])
    seen = []
    method = Stochastic(n_steps=400)
    find_path(Hill(), *ends, method=method, rng=seed, callback=lambda now: seen.append(now.height))
    assert seen[-1] == pytest.approx(4.0, rel=0.2)
