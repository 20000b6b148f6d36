"""Heights, trees and walks against brute force; files and merging."""

import itertools
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourierpathfinder import LandscapeGraph, SinePath
from fourierpathfinder.graph import Edge, Node
from fourierpathfinder.graph.landscape_graph import moved, turned
from fourierpathfinder.graph.record import Record
from fourierpathfinder.graph.schedule import Schedule
from fourierpathfinder.landscapes.toy import lennard_jones
from fourierpathfinder.storage.checkpoint import CheckpointError

from ..tolerances import assert_close


def random_graph(seed, n_nodes=7, n_edges=12, n_terms=3):
    rng = np.random.default_rng(seed)
    nodes = [Node(rng.normal(size=2), float(v), "ab"[k % 2]) for k, v in
             enumerate(rng.normal(size=n_nodes))]  # fmt: skip
    graph = LandscapeGraph(nodes)
    for _ in range(n_edges):
        i, j = (int(k) for k in rng.choice(n_nodes, 2, replace=False))
        height = max(nodes[i].value, nodes[j].value) + float(rng.exponential())
        path = SinePath(nodes[i].position, nodes[j].position, rng.normal(size=(n_terms, 2)))
        graph.add_edge(Edge(i, j, height, bool(rng.integers(2)), path))
    return graph


def brute_force(graph):
    """Minimax heights by Floyd and Warshall's recursion."""
    heights = np.full((len(graph), len(graph)), np.inf)
    np.fill_diagonal(heights, graph.values)
    for edge in graph.edges:
        for i, j in ((edge.start, edge.end), (edge.end, edge.start)):
            heights[i, j] = min(heights[i, j], edge.height)
    for k in range(len(graph)):
        heights = np.minimum(heights, np.maximum(heights[:, [k]], heights[k]))
    return heights


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), n_edges=st.integers(0, 20))
def test_minimax_heights_agree_with_brute_force(seed, n_edges):
    graph = random_graph(seed, n_edges=n_edges)
    expected = brute_force(graph)
    np.testing.assert_array_equal(graph.bounds, expected)
    np.testing.assert_array_equal(graph.minimax_heights(), expected)
    assert graph.minimax_height(0, 3) == expected[0, 3]


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_tree_has_the_same_heights_and_no_loops(seed):
    graph = random_graph(seed)
    tree = LandscapeGraph(graph.nodes)
    for edge in graph.minimum_spanning_tree():
        assert not np.isfinite(tree.minimax_height(edge.start, edge.end))
        tree.add_edge(edge)
    np.testing.assert_array_equal(tree.bounds, graph.bounds)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_best_walk_is_as_high_as_its_minimax_height_and_holds_together(seed):
    graph = random_graph(seed)
    for i, j in itertools.permutations(range(len(graph)), 2):
        if not np.isfinite(graph.minimax_height(i, j)):
            with pytest.raises(ValueError, match="are not connected"):
                graph.best_walk(i, j)
            continue
        walk = graph.best_walk(i, j)
        assert max(edge.height for edge in walk) == graph.minimax_height(i, j)
        assert [walk[0].start, walk[-1].end] == [i, j]
        for before, after in itertools.pairwise(walk):
            assert before.end == after.start
        for path, edge in zip(graph.best_path(i, j), walk, strict=True):
            np.testing.assert_array_equal(path.start, graph.nodes[edge.start].position)


def test_a_path_is_turned_and_moved_point_by_point():
    edge = random_graph(0).edges[0]
    times = np.linspace(0, 1, 11)
    assert_close(turned(edge).path(times), edge.path(1 - times))
    turn, shift = np.array([[0.0, 1], [-1, 0]]), np.array([3.0, 4])
    there = moved(edge.path, lambda points: points @ turn + shift)
    assert_close(there(times), edge.path(times) @ turn + shift)


def equal(one, other):
    assert [node.label for node in one.nodes] == [node.label for node in other.nodes]
    for a, b in zip(one.nodes, other.nodes, strict=True):
        assert a.value == b.value
        np.testing.assert_array_equal(a.position, b.position)
    for a, b in zip(one.edges, other.edges, strict=True):
        assert (a.start, a.end, a.height, a.certified) == (b.start, b.end, b.height, b.certified)
        np.testing.assert_array_equal(a.path.coefficients, b.path.coefficients)
        np.testing.assert_array_equal(a.path.start, b.path.start)
    np.testing.assert_array_equal(one.bounds, other.bounds)
    assert (one.given, one.n_gradients, one.message) == (
        other.given, other.n_gradients, other.message
    )  # fmt: skip


def test_a_file_holds_everything_to_the_last_bit(tmp_path):
    graph = random_graph(1)
    graph.given, graph.n_gradients, graph.message = [0, 1, 1], 7, "done"
    graph.save(tmp_path / "graph.jsonl")
    equal(LandscapeGraph.load(tmp_path / "graph.jsonl"), graph)
    assert [file.name for file in tmp_path.iterdir()] == ["graph.jsonl"]


def test_what_is_no_graph_is_refused(tmp_path):
    file = tmp_path / "other.jsonl"
    for content in ("{}\n", "text\n", '{"format": "another/1"}\n'):
        file.write_text(content)
        with pytest.raises(CheckpointError, match="it is not a file of fourierpathfinder/graph"):
            LandscapeGraph.load(file)


def test_graphs_of_two_runs_merge_into_one():
    whole = random_graph(2)
    order = np.random.default_rng(0).permutation(len(whole))
    halves = [LandscapeGraph(whole.nodes), LandscapeGraph([whole.nodes[k] for k in order])]
    for k, edge in enumerate(whole.edges):
        if k % 2:
            halves[0].add_edge(edge)
        else:
            start, end = (int(np.flatnonzero(order == n)[0]) for n in (edge.start, edge.end))
            halves[1].add_edge(Edge(start, end, edge.height, edge.certified, edge.path))
    halves[1].given = [0, 1]
    merged = halves[0].merged(halves[1], np.array_equal)
    np.testing.assert_array_equal(merged.bounds, whole.bounds)
    assert merged.given == order[:2].tolist()
    assert len(halves[0].edges) < len(whole.edges), "the merged ones stay as they were"


def test_a_walk_through_equivalent_places_is_laid_end_to_end(rng):
    toy = lennard_jones(7)
    a, b, c = toy.minima[:3]
    shuffled = toy.minima[1].reshape(7, 3)[rng.permutation(7)].ravel()
    graph = LandscapeGraph([Node(x, 0.0) for x in (a, b, c)])
    graph.add_edge(Edge(0, 1, 1.0, True, SinePath.straight(a, b, 2)))
    graph.add_edge(Edge(1, 2, 1.0, True, SinePath.straight(shuffled, c, 2)))
    first, second = graph.best_path(0, 2, toy.placing)
    np.testing.assert_allclose(second.start, first.end, atol=1e-6)
    assert toy.same(second.end, c)
    before, after = (toy.value_and_grad(p(np.linspace(0, 1, 9)))[0] for p in
                     (graph.edges[1].path, second))  # fmt: skip
    np.testing.assert_allclose(before, after, rtol=1e-9)


def test_an_edge_is_chosen_kept_and_written_by_as_many_calls_whatever_the_graph_holds(tmp_path):
    """Up to 3,000 edges; what more of them take in seconds, `benchmarks/edges.py` says."""
    rng = np.random.default_rng(0)
    places = rng.normal(size=(150, 2))
    graph = LandscapeGraph([Node(x, 0.0) for x in places])
    every = list(itertools.combinations(range(150), 2))
    schedule = Schedule(graph, list(places), every, n_tries=None)
    record = Record(tmp_path / "graph.jsonl", {})
    record.add(graph.nodes, given=list(range(150)))

    def add(n_edges):
        for _ in range(n_edges):
            i, j = schedule.next_pair()
            path = SinePath.straight(places[i], places[j], 8)
            edge = Edge(i, j, 1 + float(rng.exponential()), True, path)
            graph.add_edge(edge)
            record.add(edges=[edge], pair=(i, j), n_gradients=1)

    early = n_calls(lambda: add(300))
    add(2400)
    late = n_calls(lambda: add(300))
    record.close()
    equal(LandscapeGraph.load(tmp_path / "graph.jsonl").copy(), graph_as_read(graph))
    assert late < 1.5 * early


def n_calls(function):
    """The functions that are called, Python's and C's."""
    calls = 0

    def count(_frame, event, _argument):
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(before)
    return calls


def graph_as_read(graph):
    graph.given, graph.n_gradients = list(range(150)), 3000
    return graph
