"""What two workers are given to do at the same time."""

import numpy as np
import pytest

from fourierpathfinder import LandscapeGraph
from fourierpathfinder.graph import Edge, Node
from fourierpathfinder.graph.schedule import Schedule, wanted_pairs


@pytest.fixture
def schedule_of():
    """A schedule over minima on a line, all as low, some of them connected already."""

    def make(*places, edges=()):
        points = [np.array([float(place)]) for place in places]
        graph = LandscapeGraph([Node(point, 0.0) for point in points])
        for i, j, height in edges:
            graph.add_edge(Edge(i, j, height, True, None, None))
        wanted = wanted_pairs("all", list(range(len(points))), np.stack(points))
        schedule = Schedule(graph, points, wanted, 3)
        for i, j, _ in edges:
            schedule.take((i, j))
        return schedule

    return make


def test_components_that_are_being_joined_are_left_alone(schedule_of):
    """0-1 is nearest and 1-2 next; with 0-1 and 1-2 under way, 0-2 would be of no use."""
    alone = schedule_of(0, 1, 2.5, 10, 13)
    assert [alone.next_pair() for _ in range(3)] == [(0, 1), (1, 2), (0, 2)]
    beside = schedule_of(0, 1, 2.5, 10, 13)
    under_way = []
    for _ in range(4):
        under_way.append(beside.next_pair(under_way))
    assert under_way == [(0, 1), (1, 2), (3, 4), (2, 3)]


def test_a_height_that_may_be_lowered_at_this_moment_waits(schedule_of):
    """The ridge of 3 between 0 and 2 is being gone round by way of 1."""
    edges = [(0, 1, 1.0), (0, 2, 3.0), (3, 4, 1.5), (4, 0, 2.0)]
    schedule = schedule_of(0, 1, 2, 20, 28, edges=edges)
    assert schedule_of(0, 1, 2, 20, 28, edges=edges).next_pair() == (1, 2)
    assert schedule.next_pair([(1, 2)]) == (1, 3)


def test_a_worker_is_never_idle_while_anything_is_left(schedule_of):
    schedule, under_way = schedule_of(0, 1, 2), []
    for _ in range(3):
        under_way.append(schedule.next_pair(under_way))
    assert sorted(under_way) == [(0, 1), (0, 2), (1, 2)]
    assert schedule.next_pair(under_way) is None
