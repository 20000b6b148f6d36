"""A graph cut short in the middle of a pair: nothing half is kept, nothing is asked twice."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from fourierpathfinder import Direct, LandscapeGraph, Surrogate, connect
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.storage.errors import CheckpointError

TOY = mueller_brown()


class Watched:
    """A landscape that notes where it was asked, and ends the run at one of its calls."""

    def __init__(self, until=np.inf, error=KeyboardInterrupt):
        self.until, self.error, self.asked = until, error, []

    @property
    def identity(self):
        return {"landscape": "Müller-Brown"}

    def value_and_grad(self, points):
        if len(self.asked) + len(points) > self.until:
            raise self.error
        self.asked += [point.tobytes() for point in points]
        return TOY.value_and_grad(points)


class Killed(BaseException):
    """Nothing in the library knows this one, as nothing knows of SIGKILL."""


def connected(landscape, file=None, method=None, **options):
    return connect(
        landscape,
        TOY.minima,
        method=method or Surrogate(),
        rng=0,
        checkpoint=file,
        resume_check=False,
        **options,
    )


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@pytest.fixture(scope="module")
def whole():
    watched = Watched()
    return connected(watched), watched.asked


@pytest.mark.parametrize("error", [KeyboardInterrupt, Killed])
@pytest.mark.parametrize("part", [0.1, 0.3, 0.5, 0.7, 0.9])
def test_what_was_known_of_a_pair_is_not_asked_again(tmp_path, whole, part, error):
    file, (expected, asked) = tmp_path / "graph.jsonl", whole
    first = Watched(until=int(part * len(asked)), error=error)
    if error is Killed:
        with pytest.raises(Killed):
            connected(first, file)
    else:
        assert "was interrupted" in connected(first, file).message
    second = Watched()
    graph = connected(second, file)
    assert [*first.asked, *second.asked] == asked
    np.testing.assert_array_equal(graph.bounds, expected.bounds)
    assert graph.n_gradients == expected.n_gradients
    assert names(tmp_path) == ["graph.jsonl"]


@pytest.mark.parametrize("method", [Surrogate(), Direct()])
@pytest.mark.parametrize("until", [10, 25])
def test_half_a_search_is_no_edge(tmp_path, method, until):
    file = tmp_path / "graph.jsonl"
    expected = connected(Watched(), method=method)
    connected(Watched(until), file, method)
    known = {(edge.start, edge.end, edge.height) for edge in LandscapeGraph.load(file).edges}
    assert known <= {(edge.start, edge.end, edge.height) for edge in expected.edges}
    np.testing.assert_array_equal(connected(Watched(), file, method).bounds, expected.bounds)


def test_nor_is_it_with_workers(tmp_path):
    file = tmp_path / "graph.jsonl"
    with ThreadPoolExecutor(2) as pool:
        part = connected(Watched(20), file, executor=pool)
    assert "was interrupted" in part.message
    assert names(tmp_path) == ["graph.jsonl"]
    expected = connected(Watched()).bounds
    assert (LandscapeGraph.load(file).bounds >= expected[: len(part), : len(part)] - 1e-9).all()


def test_what_is_left_of_a_pair_of_another_problem_is_refused(tmp_path, whole):
    file, (_, asked) = tmp_path / "graph.jsonl", whole
    connected(Watched(len(asked) // 2), file)
    file.unlink()
    with pytest.raises(CheckpointError, match="another problem: its method"):
        connected(Watched(), file, Surrogate(tol=2e-3))


def test_what_is_left_of_a_pair_that_is_done_is_swept(tmp_path, whole):
    file, (expected, _) = tmp_path / "graph.jsonl", whole
    connected(Watched(), file)
    (tmp_path / "graph.jsonl.0-1").write_text("left between two lines")
    np.testing.assert_array_equal(connected(Watched(), file).bounds, expected.bounds)
    assert names(tmp_path) == ["graph.jsonl"]
