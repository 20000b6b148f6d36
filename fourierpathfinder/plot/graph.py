"""Pictures of a graph of minima: its disconnectivity, its minimax heights, their distribution.

A disconnectivity graph is a tree: each minimum is a line that rises from its value to the height at
which it joins others, and so on up. Leaves are ordered by the tree, so that branches cannot cross,
the deeper branch of each two to the left.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..graph import LandscapeGraph
from .drawing import PALETTE, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_GREY = "#888888"
_MOST_NAMES = 40
"""Leaves that are still named one by one."""


def plot_disconnectivity(graph: LandscapeGraph, ax: "Axes | None" = None) -> "Axes":
    """Draw the disconnectivity graph: which minima are connected below which height.

    Parameters
    ----------
    graph : LandscapeGraph
        With at least two minima.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    References
    ----------
    Becker and Karplus, J. Chem. Phys. 106, 1495 (1997), DOI 10.1063/1.473299.

    Examples
    --------
    >>> from fourierpathfinder import Direct, connect
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> graph = connect(toy, toy.minima, method=Direct(), rng=0)
    >>> plot_disconnectivity(graph).get_ylabel()
    'value'
    """
    ax = new_axes() if ax is None else ax
    merged = graph.linkage()
    order = _leaves(merged, graph.values)
    color_of = _colors(graph.labels)
    width = float(np.clip(60 / len(graph), 0.5, 1.8))
    leaves = {
        leaf: _Branch(place, graph.values[leaf], graph.labels[leaf])
        for place, leaf in enumerate(order)
    }
    for height, sides, label in _forks(merged, leaves):
        for side in sides:
            ends = [side.place, side.place], [side.foot, height]
            ax.plot(*ends, color=color_of[side.label], lw=width)
        level = [side.place for side in sides]
        ax.plot(level, [height, height], color=color_of[label], lw=width)
    _name_leaves(ax, graph, order)
    _legend(ax, color_of)
    ax.set_ylabel("value")
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    return ax


def plot_heights(graph: LandscapeGraph, ax: "Axes | None" = None) -> "Axes":
    """Draw the minimax heights between the given minima as a map, with their tree above it.

    Parameters
    ----------
    graph : LandscapeGraph
        The minima that `connect` was given are drawn; all of them where none are marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.

    Returns
    -------
    matplotlib.axes.Axes
        Of the map; minima that are not connected are left white.

    Examples
    --------
    >>> from fourierpathfinder import Direct, connect
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> graph = connect(toy, toy.minima, method=Direct(), rng=0)
    >>> plot_heights(graph).get_xlabel()
    'minimum'
    """
    ax = new_axes() if ax is None else ax
    merged = graph.linkage()
    shown = set(graph.given) or set(range(len(graph)))
    order = [leaf for leaf in _leaves(merged, graph.values) if leaf in shown]
    heights = graph.minimax_heights()[np.ix_(order, order)]
    np.fill_diagonal(heights, np.nan)
    picture = ax.imshow(np.ma.masked_invalid(heights), cmap="viridis", aspect="auto")
    ax.figure.colorbar(picture, ax=ax, label="minimax height", shrink=0.8)
    if len(order) <= _MOST_NAMES:
        names = [str(leaf) for leaf in order]
        size = 8 if len(order) > 15 else 10
        turned = 90 if len(order) > 10 else 0
        ax.set_xticks(range(len(order)), names, fontsize=size, rotation=turned)
        ax.set_yticks(range(len(order)), names, fontsize=size)
    ax.set_xlabel("minimum")
    ax.set_ylabel("minimum")
    _tree_above(ax, merged, order, heights)
    return ax


def plot_height_distribution(
    graph: LandscapeGraph, ax: "Axes | None" = None, *, n_bins: int = 20
) -> "Axes":
    """Draw the distribution of the pairs' minimax heights, by the labels of the two minima.

    Parameters
    ----------
    graph : LandscapeGraph
        The minima that `connect` was given are counted.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    n_bins : int
        Bins of the histogram.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Examples
    --------
    >>> from fourierpathfinder import Direct, connect
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> graph = connect(toy, toy.minima, method=Direct(), rng=0)
    >>> plot_height_distribution(graph).get_ylabel()
    'pairs'
    """
    from matplotlib.ticker import MaxNLocator

    ax = new_axes() if ax is None else ax
    heights = graph.minimax_heights()
    groups: dict[str, list[float]] = {}
    for i, j in combinations(sorted(set(graph.given) or set(range(len(graph)))), 2):
        if np.isfinite(heights[i, j]):
            kind = " and ".join(sorted({graph.labels[i], graph.labels[j]})) or "all pairs"
            groups.setdefault(kind, []).append(float(heights[i, j]))
    if groups:
        kinds = sorted(groups)
        colors = _colors_of_pairs(graph.labels, kinds)
        ax.hist([groups[k] for k in kinds], bins=n_bins, stacked=True, color=colors, label=kinds)
        if len(kinds) > 1:
            ax.legend(title="between", frameon=False)
    ax.locator_params(axis="x", nbins=5)
    ax.yaxis.set_major_locator(MaxNLocator(integer=True))
    ax.set_xlabel("minimax height")
    ax.set_ylabel("pairs")
    return ax


class _Branch(NamedTuple):
    """A part of a tree, by where it stands and how far down it reaches."""

    place: float
    foot: float
    label: str = ""


def _forks(
    merged: np.ndarray, leaves: dict[int, _Branch]
) -> Iterator[tuple[float, list[_Branch], str]]:
    """Where branches merge: the height, the two, and their label if they share one.

    Leaves that are missing are left out; what is not connected does not merge.
    """
    branches = dict(leaves)
    for k, (*pair, height, _) in enumerate(merged, start=len(merged) + 1):
        sides = [branches.pop(int(one)) for one in pair if int(one) in branches]
        if len(sides) == 1:
            branches[k] = sides[0]
        if len(sides) < 2:
            continue
        labels = {side.label for side in sides}
        label = labels.pop() if len(labels) == 1 else ""
        branches[k] = _Branch(sum(side.place for side in sides) / 2, float(height), label)
        if np.isfinite(height):
            yield float(height), sides, label


def _leaves(merged: np.ndarray, values: np.ndarray) -> list[int]:
    """The leaves of the tree from left to right, the deeper branch of each two first."""
    n = len(values)
    depths = [*values.tolist(), *([0.0] * len(merged))]
    for k, (first, second, _, _) in enumerate(merged):
        depths[n + k] = min(depths[int(first)], depths[int(second)])
    stack, order = [n + len(merged) - 1], []
    while stack:
        branch = stack.pop()
        if branch < n:
            order.append(branch)
            continue
        sides = (int(merged[branch - n, side]) for side in (0, 1))
        stack += sorted(sides, key=lambda side: depths[side], reverse=True)
    return order


def _colors(labels: Sequence[str]) -> dict[str, str]:
    """A colour for each label; grey for what has none, or several."""
    named = sorted(set(labels) - {""})
    colors = {label: PALETTE[k % len(PALETTE)] for k, label in enumerate(named)}
    return {"": _GREY if named else PALETTE[0], **colors}


def _colors_of_pairs(labels: Sequence[str], kinds: list[str]) -> list[str]:
    """The label's own colour where both minima have the same, shades of grey otherwise."""
    color_of = _colors(labels)
    mixed = [kind for kind in kinds if kind not in color_of and kind != "all pairs"]
    greys = {kind: str(0.45 + 0.4 * k / len(mixed)) for k, kind in enumerate(mixed)}
    color_of |= greys | {"all pairs": PALETTE[0]}
    return [color_of[kind] for kind in kinds]


def _name_leaves(ax: "Axes", graph: LandscapeGraph, order: list[int]) -> None:
    ax.set_xticks([])
    ax.set_xlim(-0.7, len(order) - 0.3)
    if len(order) > _MOST_NAMES:
        return
    for place, leaf in enumerate(order):
        ax.annotate(
            str(leaf), (place, graph.values[leaf]), (0, -3), textcoords="offset points",
            ha="center", va="top", fontsize=7 if len(order) > 12 else 10,
            rotation=90 if len(order) > 12 else 0,
        )  # fmt: skip


def _legend(ax: "Axes", color_of: dict[str, str]) -> None:
    from matplotlib.lines import Line2D

    named = [label for label in color_of if label]
    if named:
        lines: list[Any] = [Line2D([], [], color=color_of[label]) for label in named]
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1.0), "ncols": min(len(named), 4)}
        ax.legend(lines, named, frameon=False, **above)


def _tree_above(ax: "Axes", merged: np.ndarray, order: list[int], heights: np.ndarray) -> None:
    """The tree of some of the leaves, in their order; from a little below its lowest fork."""
    above = ax.inset_axes((0.0, 1.02, 1.0, 0.22))
    above.set_xticks([])
    above.set_yticks([])
    above.spines[:].set_visible(False)
    above.set_xlim(-0.5, len(order) - 0.5)
    gaps = np.diagonal(heights, offset=1)
    finite = gaps[np.isfinite(gaps)]
    floor = finite.min() - 0.1 * np.ptp(finite) - 1e-9 if len(finite) else 0.0
    leaves = {leaf: _Branch(place, float(floor)) for place, leaf in enumerate(order)}
    for height, (left, right), _ in _forks(merged, leaves):
        places = [left.place, left.place, right.place, right.place]
        above.plot(places, [left.foot, height, height, right.foot], color=_GREY, lw=1)
