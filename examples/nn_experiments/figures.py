"""The paper's figures, drawn from `results.json` alone: one column for each network."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from fourierpathfinder.plot import PALETTE

Tree = dict[str, Any]

COLOURS = {"lbfgs": PALETTE[1], "sgd": PALETTE[0]}
NAMES = {"lbfgs": "L-BFGS-GSS", "sgd": "SGD"}
SET_COLOURS = {
    "lbfgs-train": PALETTE[1],
    "lbfgs-test": PALETTE[5],
    "sgd-train": PALETTE[0],
    "sgd-test": PALETTE[4],
}
KERNELS = {"linear": "linear", "poly": "polynomial", "sigmoid": "sigmoid"}


def draw_all(tree: Tree) -> dict[str, Figure]:
    """Every figure for which there are numbers, by name."""
    drawn = {}
    for name, draw in FIGURES.items():
        figure = draw(tree)
        if figure is not None:
            drawn[name] = figure
    return drawn


def set_name(weights: str) -> str:
    """'L-BFGS-GSS test' for 'lbfgs-test'."""
    optimizer, of = weights.split("-")
    return f"{NAMES[optimizer]} {of}"


def training(tree: Tree) -> Figure | None:
    """Figs. 2 and S1: losses against epochs, minima marked."""
    networks = tree["networks"]
    if not networks:
        return None
    figure, axes = _columns(networks, 1)
    for network, ax in zip(networks.values(), axes[0], strict=True):
        for optimizer, course in network["training"].items():
            _draw_course(ax, course, optimizer)
        ax.set(xscale="symlog", yscale="log", xlabel="epoch", title=network["title"])
    axes[0][0].set_ylabel("loss")
    _legend_below(figure, axes[0][0])
    return figure


def _draw_course(ax: Axes, course: Tree, optimizer: str) -> None:
    for of, style in (("train", "-"), ("test", "--")):
        label = f"{NAMES[optimizer]}, {'training' if of == 'train' else 'test'} loss"
        curves = course[of]
        low, high = (np.maximum(curves[name], 1e-12) for name in ("low", "high"))
        ax.plot(course["epochs"], curves["mean"], style, color=COLOURS[optimizer], label=label)
        ax.fill_between(course["epochs"], low, high, color=COLOURS[optimizer], alpha=0.12, lw=0)
    minimum = course["minimum_test"]
    ax.plot(
        np.mean(minimum["epochs"]),
        np.mean(minimum["losses"]),
        "o",
        color=COLOURS[optimizer],
        markeredgecolor="black",
        label=f"{NAMES[optimizer]}, lowest test loss",
    )


def toy(tree: Tree) -> Figure | None:
    """Fig. 3: paths on the toy, and the values along them."""
    found = tree["toy"]
    if found is None:
        return None
    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subplots(1, 2)
    left.contour(
        found["grid_x"], found["grid_y"], found["grid_values"], 20, colors="0.75", linewidths=0.7
    )
    for k, smoothness in enumerate(found["smoothnesses"]):
        height = np.mean(found["heights"][k])
        label = f"λ = {smoothness:g}: {height:.3f}"
        left.plot(*np.array(found["paths"][k]).T, color=PALETTE[k], label=label)
        right.plot(found["times"], found["profiles"][k], color=PALETTE[k], label=label)
    left.set(xlabel="x", ylabel="y", aspect="equal")
    right.set(xlabel="t", ylabel="value")
    right.legend(title="mean height")
    return figure


def heights(tree: Tree, landscape: str, aligned: bool = False) -> Figure | None:
    """Figs. 4 and S2: heights at the paper's budget above, converged below."""
    kinds = [f"{method}-aligned" if aligned else method for method in ("paper", "converged")]
    networks = {
        name: network
        for name, network in tree["networks"].items()
        if any(network["heights"].get(kind, {}).get(landscape) for kind in kinds)
    }
    if not networks:
        return None
    figure, axes = _columns(networks, 2)
    for row, kind in zip(axes, kinds, strict=True):
        for network, ax in zip(networks.values(), row, strict=True):
            _draw_heights(ax, network["heights"].get(kind, {}).get(landscape, {}))
            ax.set(xlabel="height", title=network["title"])
    axes[0][0].set_ylabel("pairs, paper's budget")
    axes[1][0].set_ylabel("pairs, converged")
    _legend_below(figure, axes[0][0])
    return figure


def _draw_heights(ax: Axes, sets: Tree) -> None:
    everything = np.concatenate([found["heights"] for found in sets.values()] or [[1.0, 2.0]])
    low, high = everything.min(), everything.max()
    is_wide = high > 5 * low
    bins = (np.geomspace if is_wide else np.linspace)(0.999 * low, 1.001 * high, 21)
    for weights, found in sets.items():
        colour = SET_COLOURS[weights]
        values = found["heights"]
        ax.hist(values, bins, histtype="stepfilled", alpha=0.25, color=colour)
        ax.hist(values, bins, histtype="step", color=colour, label=set_name(weights))
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.axvline(float(np.mean(values)), color=colour, ls=":")
    ax.set_xscale("log" if is_wide else "linear")
    ax.tick_params(axis="x", labelsize=8)
    if not is_wide:
        ax.locator_params(axis="x", nbins=5)


def budgets(tree: Tree) -> Figure | None:
    """Height against budget up to convergence, with the paper's method as a point."""
    networks = {
        name: network
        for name, network in tree["networks"].items()
        if network["heights"].get("converged", {}).get("train")
    }
    if not networks:
        return None
    figure, axes = _columns(networks, 1)
    for network, ax in zip(networks.values(), axes[0], strict=True):
        for weights, found in network["heights"]["converged"]["train"].items():
            history = found["history"]
            colour, label = SET_COLOURS[weights], set_name(weights)
            ax.plot(history["n_gradients"], history["mean"], color=colour, label=label)
        for weights, found in network["heights"].get("paper", {}).get("train", {}).items():
            mean = np.mean(found["heights"])
            ax.plot(found["n_sample_gradients"], mean, "x", color=SET_COLOURS[weights])
        ax.set(xscale="log", yscale="log", xlabel="sample gradients", title=network["title"])
    axes[0][0].set_ylabel("mean height")
    _legend_below(figure, axes[0][0])
    return figure


def distances(tree: Tree, of: str) -> Figure | None:
    """Figs. 5 and S3: distances from the common origin."""
    networks = {k: v for k, v in tree["networks"].items() if "distances" in v}
    if not networks:
        return None
    figure, axes = _columns(networks, 1)
    for network, ax in zip(networks.values(), axes[0], strict=True):
        found = network["distances"]
        half = found["half_between_centroids"]
        bins = np.linspace(0, 1.02 * max(*found[f"lbfgs-{of}"], *found["sgd-test"]), 61)
        for weights in (f"lbfgs-{of}", "sgd-test"):
            label = set_name(weights)
            ax.hist(found[weights], bins, alpha=0.7, color=SET_COLOURS[weights], label=label)
        ax.yaxis.get_major_locator().set_params(integer=True)
        ax.axvline(half, color="black", ls=":", label="half the distance between the centroids")
        ax.set(xlabel="distance from the common origin", title=network["title"])
    axes[0][0].set_ylabel("members")
    _legend_below(figure, axes[0][0])
    return figure


def components(tree: Tree, figure_name: str) -> Figure | None:
    """Figs. 6 and S4: the first two components of RBF kernel PCA."""
    return _scatter(tree, figure_name, {"rbf": "RBF"})


def other_kernels(tree: Tree) -> Figure | None:
    """The same as Fig. 6 with the other kernels."""
    return _scatter(tree, "figure6", KERNELS)


def _scatter(tree: Tree, figure_name: str, kernels: dict[str, str]) -> Figure | None:
    networks = {k: v for k, v in tree["networks"].items() if "pca" in v}
    if not networks:
        return None
    figure, axes = _columns(networks, len(kernels))
    of = "train" if figure_name == "figure6" else "test"
    for row, (kernel, title) in zip(axes, kernels.items(), strict=True):
        for network, ax in zip(networks.values(), row, strict=True):
            found = network["pca"][figure_name][kernel]
            for optimizer, weights in (("lbfgs", f"lbfgs-{of}"), ("sgd", "sgd-test")):
                x, y = np.array(found[optimizer]).T
                ax.plot(x, y, "o", ms=4, alpha=0.8, color=SET_COLOURS[weights],
                        label=set_name(weights))  # fmt: skip
            ax.set(xlabel="PC1", title=network["title"])
            ax.tick_params(labelsize=7)
        row[0].set_ylabel(f"PC2, {title}")
    _legend_below(figure, axes[0][0])
    return figure


def _columns(networks: Tree, n_rows: int) -> tuple[Figure, Any]:
    """One column of axes for each network; the legend goes below them."""
    size = (max(5.0, 3.3 * len(networks)), 2.9 * n_rows + 0.5)
    figure = Figure(figsize=size, layout="constrained")
    return figure, figure.subplots(n_rows, len(networks), squeeze=False)


def _legend_below(figure: Figure, ax: Axes) -> None:
    handles, labels = ax.get_legend_handles_labels()
    columns = min(4 if figure.get_figwidth() > 8 else 2, len(labels))
    figure.legend(handles, labels, loc="outside lower center", ncols=columns, fontsize=8)


def _figures() -> Iterator[tuple[str, Callable[[Tree], Figure | None]]]:
    yield "figure-2", training
    yield "figure-3", toy
    yield "figure-4", lambda tree: heights(tree, "train")
    yield "figure-4-aligned", lambda tree: heights(tree, "train", aligned=True)
    yield "figure-s2", lambda tree: heights(tree, "test")
    yield "figure-budget", budgets
    yield "figure-5", lambda tree: distances(tree, "train")
    yield "figure-s3", lambda tree: distances(tree, "test")
    yield "figure-6", lambda tree: components(tree, "figure6")
    yield "figure-6-kernels", other_kernels
    yield "figure-s4", lambda tree: components(tree, "s4")


FIGURES = dict(_figures())
"""How each figure is drawn; None where there are no numbers for it yet."""
