"""Algorithm 2 against itself written the obvious way, and against the paper's own numbers."""

import numpy as np
import pytest
import torch

from fourierpathfinder import Paper, Status, find_path
from fourierpathfinder.landscapes.toy import two_channels

from ..tolerances import assert_close

TOY = two_channels()
NOTEBOOK = {"n_terms": 20, "n_points": 100, "learning_rate": 0.01, "power": 2}


def run(settings, rng=0, **options):
    return find_path(TOY, TOY.start, TOY.end, method=settings, rng=rng, **options)


def dense_height(path):
    return TOY.value_and_grad(path(np.linspace(0, 1, 20_001)))[0].max()


def two_channels_of_torch(points):
    value = 1.019
    for sign, steepness, x, y in (
        (-1, 3, -0.5, -0.5),
        (-1, 3, 0.5, 0.0),
        (1, 15, -0.2, -0.4),
        (1, 15, 0.0, 0.3),
    ):
        apart = (points[:, 0] - x) ** 2 + (points[:, 1] - y) ** 2
        value = value + sign * torch.exp(-steepness * apart)
    return value


def by_the_book(settings, noise=None):
    """Losses and coefficients before each step, by torch's autograd and its Adam."""
    t = torch.linspace(0, 1, settings.n_points, dtype=torch.float64)[:, None]
    a, b = torch.tensor(np.array(TOY.start)), torch.tensor(np.array(TOY.end))
    coefficients = torch.zeros(settings.n_terms, 2, dtype=torch.float64, requires_grad=True)
    adam = torch.optim.Adam([coefficients], lr=settings.learning_rate)
    losses, iterates = [], []
    for _ in range(settings.n_steps):
        adam.zero_grad()
        points = (1 - t) * a + t * b
        for n in range(settings.n_terms):
            points = points + coefficients[n] * torch.sin((n + 1) * torch.pi * t)
        loss = (two_channels_of_torch(points) ** settings.power).sum()
        loss = loss + settings.smoothness * ((points[1:] - points[:-1]) ** 2).sum()
        loss.backward()
        losses.append(loss.item())
        iterates.append(coefficients.detach().numpy().copy())
        if noise is not None:
            coefficients.grad += torch.tensor(noise.standard_normal(coefficients.shape))
        adam.step()
    return losses, iterates


@pytest.mark.parametrize("power", [1, 2])
@pytest.mark.parametrize("smoothness", [0.0, 10.0])
def test_against_torch_step_by_step(power, smoothness):
    settings = Paper(
        n_terms=7, n_points=23, smoothness=smoothness, learning_rate=0.02, n_steps=40, power=power
    )
    losses, iterates = by_the_book(settings)
    result = run(settings)
    best = int(np.argmin(losses))
    assert_close(result.path.coefficients, iterates[best])
    assert result.status is Status.STEPS_DONE
    assert result.n_iterations == 40


def test_with_noise_the_last_evaluated_iterate_is_kept():
    settings = Paper(n_terms=5, n_points=15, n_steps=30, power=2, gradient_noise=1.0)
    _, iterates = by_the_book(settings, np.random.default_rng(4))
    result = run(settings, rng=np.random.default_rng(4))
    assert_close(result.path.coefficients, iterates[-1])


def test_the_straight_line():
    result = run(Paper(n_steps=1))
    assert np.abs(result.path.coefficients).max() == 0
    assert result.height == pytest.approx(dense_height(result.path), abs=1e-5)
    on_the_papers_grid = run(Paper(n_points=101, n_steps=1)).heights.max()
    assert on_the_papers_grid == pytest.approx(1.1018, abs=6e-4)


@pytest.mark.parametrize(("smoothness", "height"), [(10, 0.646), (100, 0.640), (1000, 0.652)])
def test_the_heights_of_figure_3(smoothness, height):
    """What the published notebook does: it minimises the square, and adds unit noise."""
    settings = Paper(smoothness=smoothness, gradient_noise=1.0, n_steps=2000, **NOTEBOOK)
    heights = [run(settings, seed).height for seed in range(10)]
    assert np.mean(heights) == pytest.approx(height, abs=0.004)


@pytest.mark.parametrize("smoothness", [10, 100, 1000])
def test_the_text_alone_does_not_give_them(smoothness):
    """With f itself in the sum, as in Eq. 4, the heights lie between 0.67 and 0.72."""
    settings = Paper(n_terms=20, n_points=100, smoothness=smoothness, learning_rate=0.01)
    height = run(Paper(**(vars(settings) | {"n_steps": 2000}))).height
    assert 0.67 < height < 0.725


def test_a_barrier_that_falls_between_two_points_is_reported():
    settings = {**NOTEBOOK, "n_terms": 50, "learning_rate": 0.003}
    result = run(Paper(smoothness=0.1, n_steps=1500, **settings))
    assert result.heights.max() == pytest.approx(0.247, abs=0.002)
    assert result.height == pytest.approx(1.10, abs=0.01)
    assert result.height == pytest.approx(dense_height(result.path), abs=1e-4)


def test_every_gradient_is_counted():
    result = run(Paper(n_points=30, n_steps=7))
    assert result.history.n_gradients.tolist() == [30 * step for step in range(1, 8)]
    assert 0 < result.n_gradients - 210 < 10, "a few to refine the height"


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"n_terms": 0}, "`n_terms` is 0; it must be positive"),
        ({"n_points": -1}, "`n_points` is -1"),
        ({"n_steps": 0}, "`n_steps` is 0"),
        ({"learning_rate": 0.0}, "`learning_rate` is 0.0"),
        ({"learning_rate": float("nan")}, "`learning_rate` is nan"),
        ({"smoothness": -1.0}, "`smoothness` is -1.0; it must not be negative"),
        ({"gradient_noise": -1.0}, "`gradient_noise` is -1.0"),
        ({"power": 3}, "`power` is 3; it must be 1 .* or 2"),
        ({"n_terms": 10, "n_points": 11}, "`n_terms` is 10 but `n_points` only 11.*fewer terms"),
    ],
)
def test_settings_that_make_no_sense(settings, words):
    with pytest.raises(ValueError, match=words):
        Paper(**settings)


@pytest.mark.parametrize("name", ["n_terms", "n_points", "n_steps"])
@pytest.mark.parametrize("value", [2.5, 10.0, "10", None])
def test_counts_are_whole_numbers(name, value):
    with pytest.raises(TypeError, match=f"`{name}` is {value!r}; it must be a whole number"):
        Paper(**{name: value})


def test_settings_are_frozen():
    with pytest.raises(AttributeError):
        Paper().n_terms = 3


class Springs:
    """The mean over samples i of |x - z_i|²."""

    stochastic, n_samples = True, 50
    centres = np.random.default_rng(8).normal(size=(50, 2))

    def __init__(self):
        self.samples = []

    def value_and_grad(self, points, samples=None):
        self.samples.append(samples)
        chosen = self.centres[None] if samples is None else self.centres[samples]
        apart = points[:, None, :] - chosen
        return (apart**2).sum(-1).mean(-1), 2 * apart.mean(1)

    def value(self, points, samples=None):
        return ((points[:, None, :] - self.centres) ** 2).sum(-1).mean(-1)


ENDS = np.array([-1.0, 0.5]), np.array([1.0, 0.5])


def test_as_many_samples_at_each_point_the_same_in_each_step():
    springs, settings = Springs(), Paper(n_terms=3, n_points=9, n_steps=5, n_samples=7)
    result = find_path(springs, *ENDS, method=settings, rng=1)
    first = springs.samples[0]
    assert first.shape == (9, 7)
    assert all(len(set(row)) == 7 for row in first)
    assert len({tuple(row) for row in first}) == 9
    assert len(springs.samples) == 5
    assert all((samples == first).all() for samples in springs.samples)
    assert result.n_gradients == 45
    assert result.n_sample_gradients == 5 * 9 * 7
    assert result.history.n_sample_gradients[-1] == 315
    truth = springs.value(result.path(np.linspace(0, 1, 2001))).max()
    assert result.height == pytest.approx(truth, abs=result.height_error + 1e-9)


@pytest.mark.parametrize("n_samples", [None, 50, 80])
def test_all_samples_as_published(n_samples):
    springs, settings = Springs(), Paper(n_terms=3, n_points=9, n_steps=5, n_samples=n_samples)
    result = find_path(springs, *ENDS, method=settings, rng=1)
    assert springs.samples == [None] * 5
    assert result.n_sample_gradients == 5 * 9 * 50


def test_a_restart_keeps_its_samples(tmp_path):
    settings = Paper(n_terms=3, n_points=9, n_steps=12, n_samples=7)
    whole = find_path(Springs(), *ENDS, method=settings, rng=1)

    def stop(step):
        if step.n_iterations == 5:
            raise StopIteration

    options = {"method": settings, "checkpoint": tmp_path / "run"}
    find_path(Springs(), *ENDS, rng=1, callback=stop, **options)
    resumed = find_path(Springs(), *ENDS, rng=2, **options)
    assert (resumed.path.coefficients == whole.path.coefficients).all()
    assert resumed.height == whole.height
