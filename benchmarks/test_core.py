"""How fast the core is beside what it replaces, and beside what it serves.

    pytest benchmarks/test_core.py

prints three ratios and fails where one misses its mark:

- the paper's algorithm on Fig. 3 against the same written the obvious way in torch, a loop over
  points and terms (timed over a few steps, as it takes most of a second for each): 1000 times;
- the library's own share of an iteration on a network of 42,200 parameters: 15 % of the time that
  the network itself takes for value and gradient of its loss on 1,000 images at 50 points;
- a compiled Lennard-Jones cluster against NumPy on whole arrays: 20 times.
"""

from collections.abc import Callable
from time import perf_counter

import numpy as np
import pytest
import torch

from fourierpathfinder import Paper, PathResult, find_path
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels

N_STEPS = 300
N_LOOP_STEPS = 6
FIGURE_3 = {"n_terms": 15, "n_points": 101, "smoothness": 100.0, "learning_rate": 0.01}


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Print past pytest's capture."""

    def print_it(text: str) -> None:
        with capsys.disabled():
            print(f"\n{text}")

    return print_it


def paper(n_steps: int) -> PathResult:
    toy = two_channels()
    return find_path(toy, toy.start, toy.end, method=Paper(n_steps=n_steps, **FIGURE_3))


def two_channels_of_torch(r: torch.Tensor) -> torch.Tensor:
    value = torch.tensor(1.019, dtype=torch.float64)
    for sign, steepness, centre in (
        (-1, 3, (-0.5, -0.5)),
        (-1, 3, (0.5, 0.0)),
        (1, 15, (-0.2, -0.4)),
        (1, 15, (0.0, 0.3)),
    ):
        apart = r - torch.tensor(centre, dtype=torch.float64)
        value = value + sign * torch.exp(-steepness * (apart**2).sum())
    return value


def paper_the_obvious_way(n_steps: int) -> np.ndarray:
    """The coefficients of least loss, by a loop over points and terms."""
    toy, n_points, n_terms = two_channels(), FIGURE_3["n_points"], FIGURE_3["n_terms"]
    a, b = torch.tensor(np.array(toy.start)), torch.tensor(np.array(toy.end))
    terms = [torch.zeros(2, dtype=torch.float64, requires_grad=True) for _ in range(n_terms)]
    adam = torch.optim.Adam(terms, lr=FIGURE_3["learning_rate"])
    least, best = float("inf"), np.zeros((n_terms, 2))
    for _ in range(n_steps):
        adam.zero_grad()
        loss, before = torch.tensor(0.0, dtype=torch.float64), None
        for m in range(n_points):
            t = m / (n_points - 1)
            point = (1 - t) * a + t * b
            for n in range(n_terms):
                point = point + terms[n] * np.sin((n + 1) * np.pi * t)
            loss = loss + two_channels_of_torch(point)
            if before is not None:
                loss = loss + FIGURE_3["smoothness"] * ((point - before) ** 2).sum()
            before = point
        loss.backward()
        if loss.item() < least:
            least = loss.item()
            best = np.array([term.detach().numpy() for term in terms])
        adam.step()
    return best


def test_paper_against_a_loop(benchmark, say):
    began = perf_counter()
    expected = paper_the_obvious_way(N_LOOP_STEPS)
    loop = (perf_counter() - began) / N_LOOP_STEPS
    difference = np.abs(paper(N_LOOP_STEPS).path.coefficients - expected).max()
    benchmark(paper, N_STEPS)
    ours = benchmark.stats["median"] / N_STEPS
    say(
        f"Paper on Fig. 3, 101 points, 15 terms: {loop * 1e3:.0f} ms a step in a loop (timed over "
        f"{N_LOOP_STEPS} steps), {ours * 1e6:.0f} µs here (over {N_STEPS}): {loop / ours:.0f} "
        f"times faster; coefficients differ by {difference:.0e}"
    )
    assert difference < 1e-6
    assert loop / ours > 1000


class Network:
    """FCP (784-50-50-10, no biases) on 1,000 images, at many points of its weights at once."""

    shapes = ((784, 50), (50, 50), (50, 10))

    def __init__(self) -> None:
        generator = torch.Generator().manual_seed(1)
        self.images = torch.rand(1000, 784, generator=generator)
        self.labels = torch.randint(10, (1000,), generator=generator)
        self.seconds = 0.0

    def value_and_grad(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """The mean loss at each of `points` (M, D), and its gradients."""
        began = perf_counter()
        weights = points.detach().requires_grad_()
        x = self.images
        blocks = weights.split([rows * columns for rows, columns in self.shapes], dim=1)
        for k, (block, shape) in enumerate(zip(blocks, self.shapes, strict=True)):
            x = torch.matmul(torch.relu(x) if k else x, block.reshape(-1, *shape))
        log_likelihoods = torch.log_softmax(x, dim=-1)[:, torch.arange(1000), self.labels]
        values = -log_likelihoods.mean(dim=1)
        (gradients,) = torch.autograd.grad(values.sum(), weights)
        self.seconds += perf_counter() - began
        return values.detach(), gradients


def test_own_share_of_an_iteration(benchmark, say):
    network, clock = Network(), []
    generator = torch.Generator().manual_seed(2)
    start, end = (0.1 * torch.randn(42_200, generator=generator) for _ in range(2))
    method = Paper(n_terms=10, n_points=50, n_steps=8)

    def iterate() -> None:
        clock.append([])
        find_path(
            network,
            start,
            end,
            method=method,
            callback=lambda _: clock[-1].append((perf_counter(), network.seconds)),
        )

    benchmark.pedantic(iterate, rounds=5, warmup_rounds=1)
    iterations = np.concatenate([np.diff(run, axis=0) for run in clock[1:]])
    # the quietest of all iterations, as other programs make threads wait for each other
    total, landscape = iterations.T
    own = (total - landscape).min()
    share = own / landscape.min()
    say(
        f"Paper on a network, D = 42,200, N = 10, M = 50, {torch.get_num_threads()} threads: an "
        f"iteration takes the landscape {landscape.min() * 1e3:.0f} ms and the library "
        f"{own * 1e3:.1f} ms, {share:.1%} of it"
    )
    assert share < 0.15


def lennard_jones_of_numpy(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positions = points.reshape(len(points), -1, 3)
    apart = positions[:, :, None] - positions[:, None]
    squared = (apart**2).sum(axis=-1)
    squared[:, *np.diag_indices(positions.shape[1])] = np.inf
    sixth = squared**-3
    values = 2 * (sixth * (sixth - 1)).sum(axis=(1, 2))
    slopes = 24 * sixth * (1 - 2 * sixth) / squared
    return values, (slopes[..., None] * apart).sum(axis=2).reshape(points.shape)


def test_compiled_cluster_against_numpy(benchmark, say):
    toy = lennard_jones(38)
    rng = np.random.default_rng(0)
    points = toy.minima[0] + 0.02 * rng.normal(size=(64, toy.n_coordinates))
    expected, seconds = lennard_jones_of_numpy(points), []
    for _ in range(10):
        began = perf_counter()
        lennard_jones_of_numpy(points)
        seconds.append(perf_counter() - began)
    for ours, theirs in zip(toy.value_and_grad(points), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-9)
    benchmark(toy.value_and_grad, points)
    ratio = np.median(seconds) / benchmark.stats["median"]
    say(
        f"Lennard-Jones, 38 atoms, 64 points: {np.median(seconds) * 1e3:.2f} ms by NumPy, "
        f"{benchmark.stats['median'] * 1e6:.0f} µs here: {ratio:.0f} times faster"
    )
    assert ratio > 20
