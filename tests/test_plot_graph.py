"""What is drawn of a graph: no crossings, right colours, every height where it belongs."""

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from fourierpathfinder import LandscapeGraph, SinePath
from fourierpathfinder.graph import Edge, Node
from fourierpathfinder.plot import (
    PALETTE,
    plot_disconnectivity,
    plot_height_distribution,
    plot_heights,
)

from .tolerances import assert_close


def random_graph(n, seed=0, labels=("a", "b"), n_edges=6):
    rng = np.random.default_rng(seed)
    places = rng.normal(size=(n, 2))
    graph = LandscapeGraph(
        [Node(x, float(rng.random()), labels[k % len(labels)]) for k, x in enumerate(places)]
    )
    graph.given = list(range(n))
    for _ in range(n_edges * n):
        i, j = (int(k) for k in rng.choice(n, 2, replace=False))
        height = 1 + float(np.linalg.norm(places[i] - places[j]))
        graph.add_edge(Edge(i, j, height, True, SinePath.straight(places[i], places[j], 1)))
    return graph


@pytest.fixture
def ax():
    return Figure().subplots()


@pytest.mark.parametrize("n", [2, 5, 60, 500])
def test_branches_do_not_cross(n, ax):
    graph = random_graph(n)
    plot_disconnectivity(graph, ax)
    lines = [np.array(line.get_data()) for line in ax.lines]
    upright = np.array([x_y for x_y in lines if x_y[0][0] == x_y[0][1]])
    level = np.array([x_y for x_y in lines if x_y[0][0] != x_y[0][1]])
    assert len(upright) == 2 * (n - 1)
    assert len(level) == n - 1
    low, high = upright[:, 1].min(axis=1), upright[:, 1].max(axis=1)
    for (left, right), (height, _) in level:
        inside = (upright[:, 0, 0] > min(left, right)) & (upright[:, 0, 0] < max(left, right))
        assert not (inside & (low < height - 1e-12) & (high > height + 1e-12)).any()
    heights = np.unique(graph.minimax_heights()[np.triu_indices(n, 1)])
    assert_close(np.unique(level[:, 1, 0]), heights)


def test_branches_have_their_label_s_colour_and_the_legend_says_which(ax):
    graph = random_graph(6)
    plot_disconnectivity(graph, ax)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "b"]
    assert [to_hex(line.get_color()) for line in legend.get_lines()] == [
        color.lower() for color in PALETTE[:2]
    ]
    for line in ax.lines:
        x, y = line.get_data()
        leaves = np.flatnonzero(np.isclose(graph.values, y[0])) if x[0] == x[1] else []
        if len(leaves) == 1:
            expected = PALETTE["ab".index(graph.labels[leaves[0]])]
            assert to_hex(line.get_color()) == expected.lower()


def test_few_minima_are_named_and_many_are_not(ax):
    plot_disconnectivity(random_graph(5), ax)
    assert sorted(text.get_text() for text in ax.texts) == list("01234")
    other = Figure().subplots()
    plot_disconnectivity(random_graph(60), other)
    assert not other.texts


@pytest.mark.parametrize("given", [range(8), (6, 1, 4, 3)], ids=["all", "some"])
def test_the_map_shows_every_height_in_the_tree_s_order(given, ax):
    graph = random_graph(8)
    graph.given = list(given)
    plot_heights(graph, ax)
    order = [int(label.get_text()) for label in ax.get_xticklabels()]
    shown = np.ma.filled(ax.images[0].get_array(), np.nan)
    expected = graph.minimax_heights()[np.ix_(order, order)]
    assert sorted(order) == sorted(given)
    off = ~np.eye(len(given), dtype=bool)
    np.testing.assert_array_equal(shown[off], expected[off])
    assert np.isnan(shown[~off]).all()
    (tree,) = ax.child_axes
    tops = sorted(max(line.get_ydata()) for line in tree.lines)
    assert_close(tops, np.sort(np.diag(expected, 1)))


def test_what_is_not_connected_is_left_open():
    graph = random_graph(6, n_edges=0)
    axes = Figure().subplots(1, 3)
    plot_disconnectivity(graph, axes[0])
    assert not axes[0].lines
    plot_heights(graph, axes[1])
    plot_height_distribution(graph, axes[2])
    assert not axes[2].patches


def test_pairs_are_counted_by_labels(ax):
    graph = random_graph(6)
    plot_height_distribution(graph, ax, n_bins=5)
    legend = ax.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["a", "a and b", "b"]
    assert sum(patch.get_height() for patch in ax.patches) == 15
    bare = random_graph(5, labels=("",))
    other = Figure().subplots()
    plot_height_distribution(bare, other)
    assert other.get_legend() is None


def test_a_new_figure_where_none_is_given():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="pictures need matplotlib")
    pyplot.switch_backend("agg")
    assert plot_disconnectivity(random_graph(3)).get_ylabel() == "value"
    assert plot_heights(random_graph(3)).get_xlabel() == "minimum"
    assert plot_height_distribution(random_graph(3)).get_ylabel() == "pairs"
    pyplot.close("all")
