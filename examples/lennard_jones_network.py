"""The minima of a Lennard-Jones cluster, and below which height they are connected.

    python lennard_jones_network.py 7 lj7              seconds: all four minima of 7 atoms
    python lennard_jones_network.py 13 lj13            the icosahedron and its neighbours
    python lennard_jones_network.py 38 lj38 560        the double funnel, for ten minutes

The folder receives `graph.jsonl`, from which the same command goes on, and two pictures: the
disconnectivity graph beside the course of its highest minimax height, and all of these heights.
"""

import sys
from pathlib import Path
from time import monotonic

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.optimize import basinhopping

from fourierpathfinder import Direct, LandscapeGraph, connect
from fourierpathfinder.landscapes.toy import lennard_jones
from fourierpathfinder.plot import plot_disconnectivity, plot_heights


def main(n_atoms: int, folder: Path, seconds: float) -> None:
    """Connect what is known of a cluster, tell the heights and draw them."""
    folder.mkdir(parents=True, exist_ok=True)
    toy = lennard_jones(n_atoms)
    minima = toy.minima[:2] if n_atoms == 38 else [*toy.minima, *lowest_by_hopping(n_atoms)]
    began, course = monotonic(), []

    def tell(graph: LandscapeGraph) -> None:
        worst = max(graph.minimax_height(graph.given[0], node) for node in graph.given)
        if not course or worst < course[-1][1] - 1e-4:
            course.append((graph.n_gradients, worst))
            print(
                f"{monotonic() - began:7.0f} s, {graph.n_gradients:9d} gradients, {len(graph)} "
                f"minima: all joined below {worst:.4f}, {worst - graph.nodes[0].value:.4f} above "
                "the first",
                flush=True,
            )

    graph = connect(
        toy,
        minima,
        method=Direct(n_terms=10, n_points=24, tol=1e-2),
        mirror=True,
        n_tries=None if n_atoms == 38 else 6,
        max_seconds=seconds,
        rng=0,
        callback=tell,
        checkpoint=folder / "graph.jsonl",
    )
    print(graph.message)
    draw(graph, course, folder)


def lowest_by_hopping(n_atoms: int, n_lowest: int = 11) -> list[np.ndarray]:
    """The lowest minima that basin-hopping from the lowest comes upon, each once."""
    toy, found = lennard_jones(n_atoms), []

    def value_and_grad(x: np.ndarray) -> tuple[float, np.ndarray]:
        values, gradients = toy.value_and_grad(x[None])
        return float(values[0]), gradients[0]

    def collect(x: np.ndarray, value: float, accepted: bool) -> None:
        if not any(abs(value - known) < 1e-6 for known, _ in found):
            found.append((value, x.copy()))

    options = {"method": "L-BFGS-B", "jac": True, "options": {"gtol": 1e-7, "ftol": 1e-14}}
    basinhopping(
        value_and_grad, toy.minima[0], niter=300, stepsize=0.45, T=0.8,
        minimizer_kwargs=options, callback=collect, rng=0,
    )  # fmt: skip
    return [x for _, x in sorted(found, key=lambda pair: pair[0])[:n_lowest]]


def draw(graph: LandscapeGraph, course: list[tuple[int, float]], folder: Path) -> None:
    """The disconnectivity graph beside its course, and the heat map of minimax heights."""
    figure = Figure(figsize=(9, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_disconnectivity(graph, left)
    draw_course(graph, course, right)
    figure.savefig(folder / "graph.png", dpi=150)
    figure = Figure(figsize=(5.5, 4.5), layout="constrained")
    plot_heights(graph, figure.subplots())
    figure.savefig(folder / "heights.png", dpi=150)


def draw_course(graph: LandscapeGraph, course: list[tuple[int, float]], ax: Axes) -> None:
    """The height below which all given minima are joined, against the gradients spent."""
    known = [(n, worst) for n, worst in course if np.isfinite(worst)]
    if known:
        n_gradients, heights = np.array([*known, (graph.n_gradients, known[-1][1])]).T
        ax.step(n_gradients, heights - graph.nodes[0].value, where="post")
    ax.set_xscale("log")
    ax.set_xlabel("gradients")
    ax.set_ylabel("all joined below, from the first minimum")


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]) if len(sys.argv) > 3 else 600.0)
