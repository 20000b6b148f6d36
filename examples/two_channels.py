"""Fig. 3 of Yu and Morozov (arXiv:2602.21276): one toy, three strengths of the smoothness penalty.

    python examples/two_channels.py [FOLDER]

Prints the paper's heights beside ours and draws panels (a) and (b), and below them a path that
jumps over a barrier between two grid points.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fourierpathfinder import Paper, PathResult, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.plot import PALETTE, plot_landscape, plot_profile

PAPER_HEIGHTS = {10: 0.646, 100: 0.640, 1000: 0.652}
SQUARES = Paper(
    n_terms=20, n_points=100, learning_rate=0.01, n_steps=2000, power=2, gradient_noise=1
)
"""What gives the paper's heights: the squares of the values are summed, as in its toy notebook."""

JUMPING = Paper(
    n_terms=50, n_points=100, learning_rate=0.003, n_steps=8000, power=2, smoothness=0.1
)
"""Many terms and hardly any penalty: the points slide apart to both sides of the barrier."""

TOY = two_channels()
LIMITS = ((-1.0, 0.9), (-1.05, 0.55))


def main(folder: Path) -> None:
    """Print the table and draw the pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"straight line {straight_height():.4f} (paper 1.102), lowest pass {TOY.height:.4f}\n")
    print("smoothness   paper   squares, 10 seeds   plain sum (power=1)")
    paths = []
    for smoothness, published in PAPER_HEIGHTS.items():
        squares = replace(SQUARES, smoothness=smoothness)
        results = [find(squares, seed) for seed in range(10)]
        plain = find(replace(squares, power=1, gradient_noise=0))
        heights = np.array([result.height for result in results])
        ours = f"{heights.mean():.4f} ± {heights.std():.4f}"
        print(f"{smoothness:10}   {published:.3f}     {ours}     {plain.height:17.4f}")
        paths.append(results[0])
    draw_figure(paths).savefig(folder / "figure_3.png", dpi=110)

    jumping = find(JUMPING)
    print(
        f"\nwith smoothness {JUMPING.smoothness}: {jumping.heights.max():.3f} on the grid, "
        f"{jumping.height:.3f} in truth"
    )
    draw_jump(jumping).savefig(folder / "jump.png", dpi=110)
    print(f"pictures: {folder / 'figure_3.png'}, {folder / 'jump.png'}")


def find(method: Paper, seed: int = 0) -> PathResult:
    """The toy's path by one method."""
    return find_path(TOY, TOY.start, TOY.end, method=method, rng=seed)


def straight_height() -> float:
    """The largest value on a straight line, at the paper's points."""
    t = np.linspace(0, 1, SQUARES.n_points)[:, None]
    return float(TOY.value_and_grad((1 - t) * TOY.start + t * TOY.end)[0].max())


def draw_figure(results: list[PathResult]) -> Figure:
    """Panels (a) and (b)."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    labels = [f"λ = {smoothness}" for smoothness in PAPER_HEIGHTS]
    plot_landscape(TOY, results, left, limits=LIMITS, labels=labels, saddles=TOY.saddles[:2])
    for result, label in zip(results, labels, strict=True):
        plot_profile(result, right, label=f"{label}: {result.height:.3f}", annotate=False)
    right.legend(loc="upper right", title="height")
    left.set_title("(a)", loc="left")
    right.set_title("(b)", loc="left")
    return figure


def draw_jump(result: PathResult) -> Figure:
    """The path that jumps, on the map and as a profile."""
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    points = result.path(result.times)
    plot_landscape(TOY, result, left, limits=LIMITS, ceiling=1.1, points=points)
    draw_truth(right, result)
    return figure


def draw_truth(ax: Axes, result: PathResult) -> None:
    """The landscape along the path, sampled densely, and the method's own points."""
    t = np.linspace(0, 1, 5001)
    ax.plot(t, TOY.value_and_grad(result.path(t))[0], color="0.6", label="between the points")
    ax.plot(result.times, result.heights, ".", color="black", label="at the points")
    ax.plot(
        result.height_time,
        result.height,
        "o",
        color=PALETTE[1],
        label=f"height {result.height:.3f}",
    )
    ax.set(xlabel="t", ylabel="value")
    ax.legend()


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["output/two_channels"]))
