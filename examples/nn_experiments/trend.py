"""The main claims against the number of training images, from the results of several studies."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from .figures import SET_COLOURS, set_name
from .samples import Sample

Tree = dict[str, Any]

HEIGHTS = {"paper": "height, paper's budget", "converged": "height, converged"}
FURTHER = ("lbfgs-train", "lbfgs-test")
WIDE = 5
"""Heights that differ by so much are drawn on a logarithmic axis."""
MARKERS = dict(zip(SET_COLOURS, ("o", "s", "D", "v"), strict=True))
APART = {"figure6": ("lbfgs-train", "Fig. 6"), "s4": ("lbfgs-test", "Fig. S4")}


def draw_trend(trees: Sequence[Tree]) -> Figure:
    """Heights, distances and separations, one column for each network.

    Parameters
    ----------
    trees : sequence of dict
        What the `results.json` of each study holds; those of one size are drawn side by side.
    """
    trees = sorted(trees, key=lambda tree: tree["settings"]["n_train"])
    titles = {name: net["title"] for tree in trees for name, net in tree["networks"].items()}
    if not titles:
        raise ValueError("none of the studies has results of a network yet")
    figure = Figure(figsize=(3.3 * max(2, len(titles)), 10), layout="constrained")
    axes = figure.subplots(4, len(titles), squeeze=False, sharex=True)
    sizes = sorted({tree["settings"]["n_train"] for tree in trees})
    for column, (name, title) in zip(axes.T, titles.items(), strict=True):
        known = [
            (t["settings"]["n_train"], t["networks"][name]) for t in trees if name in t["networks"]
        ]
        column[0].set_title(title)
        for ax, kind in zip(column, HEIGHTS, strict=False):
            _heights(ax, kind, known)
        _distances(column[2], known)
        _separations(column[3], known)
        column[3].set(xscale="log", xlabel="training images")
        column[3].set_xticks(sizes, [f"{n:,}" for n in sizes])
        column[3].xaxis.set_minor_locator(NullLocator())
    axes[3][0].legend(fontsize=8, loc="center")
    labels = [
        *HEIGHTS.values(),
        "distance over SGD test's",
        "chance that PC1 tells\ntwo members apart",
    ]
    for ax, label in zip(axes[:, 0], labels, strict=True):
        ax.set_ylabel(label)
    handles, names = axes[0][0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=4, fontsize=8)
    return figure


def _heights(ax: Axes, kind: str, known: Sequence[tuple[int, Tree]]) -> None:
    for weights in SET_COLOURS:
        found = [
            (n, net["heights"][kind]["train"][weights])
            for n, net in known
            if weights in net["heights"].get(kind, {}).get("train", {})
        ]
        samples = [Sample.of_pairs(one["heights"], one["pairs"]) for _, one in found]
        _line(ax, [n for n, _ in found], samples, weights)
    low, high = ax.get_ylim()
    if high > WIDE * max(low, 0.0):
        ax.set_yscale("log")


def _distances(ax: Axes, known: Sequence[tuple[int, Tree]]) -> None:
    found = [(n, net["distances"]) for n, net in known if "distances" in net]
    for weights in FURTHER:
        samples = [
            Sample.of_members(np.array(one[weights]) / np.mean(one["sgd-test"])) for _, one in found
        ]
        _line(ax, [n for n, _ in found], samples, weights)
    ax.axhline(1, color="0.6", lw=0.8)


def _separations(ax: Axes, known: Sequence[tuple[int, Tree]]) -> None:
    found = [(n, net["pca"]) for n, net in known if "pca" in net]
    for figure, (weights, name) in APART.items():
        values = [one[figure]["rbf"]["separation"] for _, one in found]
        style = {"color": SET_COLOURS[weights], "markerfacecolor": "none", "markersize": 7}
        ax.plot([n for n, _ in found], values, f"{MARKERS[weights]}-", label=name, **style)
    ax.set_ylim(0.45, 1.03)


def _line(ax: Axes, sizes: Sequence[int], samples: Sequence[Sample], weights: str) -> None:
    means = np.array([sample.mean for sample in samples])
    errors = np.sqrt([sample.variance for sample in samples])
    errors = np.where(np.isfinite(errors), errors, 0.0)
    # On a logarithmic axis a bar that reaches zero has no lower end.
    below = np.minimum(errors, 0.9 * means)
    # Hollow, so that one set does not hide another in the same place.
    ax.errorbar(
        sizes, means, [below, errors], fmt=f"{MARKERS[weights]}-", color=SET_COLOURS[weights],
        label=set_name(weights), capsize=2, markerfacecolor="none", markersize=7,
    )  # fmt: skip
