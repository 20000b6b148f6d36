"""The result: derived numbers, the table for people, and statuses that say what to do."""

import numpy as np
import pytest

from fourierpathfinder import Direct, PathResult, SinePath, Status, find_path
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.result import History

from .tolerances import assert_close

TOY = mueller_brown()


def result(**changes):
    settings = {
        "path": SinePath.straight(np.zeros(2), np.ones(2), 3),
        "height": 2.5,
        "height_time": 0.25,
        "start_value": 0.5,
        "end_value": -1.0,
        "times": np.linspace(0, 1, 3),
        "heights": np.array([0.5, 2.4, -1.0]),
        "saddle": None,
        "certified": False,
        "height_error": 0.01,
        "status": Status.CONVERGED,
        "message": "All is well.",
        "n_gradients": 30,
        "n_iterations": 4,
        "history": History(np.array([10, 30]), np.array([3.0, 2.5])),
        "method": Direct(),
    }
    return PathResult(**(settings | changes))


def test_barriers_are_heights_above_the_ends():
    assert result().barrier == 2.0
    assert result().reverse_barrier == 3.5


@pytest.mark.parametrize("status", Status)
def test_success_is_doing_all_that_was_asked(status):
    good = {Status.CONVERGED, Status.CERTIFIED, Status.STEPS_DONE}
    assert result(status=status).success is (status in good)


@pytest.mark.parametrize("status", Status)
def test_every_status_is_a_sentence(status):
    assert status.value[0].isupper()
    assert status.value.endswith(".")


def test_results_are_frozen():
    with pytest.raises(AttributeError):
        result().height = 1.0


def test_the_table_for_people():
    assert str(result(certified=True)).splitlines() == [
        "    height  2.5 ± 0.01 at t = 0.250",
        "   barrier  2 (reverse 3.5)",
        " certified  yes",
        " gradients  30 in 4 iterations",
        "    method  Direct(n_terms=8, n_points=10, beta=30.0, speed_penalty=1.0, tol=0.001)",
        "    status  All is well.",
    ]


def test_a_real_result_is_consistent():
    found = find_path(TOY, TOY.start, TOY.end, method=Direct(), rng=0)
    at_ends = TOY.value_and_grad(np.stack([TOY.start, TOY.end]))[0]
    assert (found.start_value, found.end_value) == pytest.approx(tuple(at_ends))
    top = TOY.value_and_grad(found.path(found.height_time)[None])[0][0]
    assert found.height == pytest.approx(top, rel=1e-12)
    again = TOY.value_and_grad(found.path(found.times))[0]
    assert_close(found.heights, again)
    assert found.height >= found.heights.max()
    assert found.history.n_gradients.shape == found.history.heights.shape == (found.n_iterations,)
    assert (np.diff(found.history.n_gradients) > 0).all()
    assert found.history.n_gradients[-1] <= found.n_gradients
    assert found.message == found.status.value
    assert found.method == Direct()


def test_a_path_of_atoms_becomes_structures(tmp_path):
    from ase import Atoms
    from ase.calculators.emt import EMT
    from ase.io import read, write

    from fourierpathfinder.landscapes import MoleculeLandscape

    square = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    flipped = square.copy()
    flipped.positions[3, 2] *= -1
    result = find_path(MoleculeLandscape(square, EMT), square, flipped, rng=0)
    images = result.to_atoms(5)
    assert len(images) == 5 + (result.saddle is not None)
    write(tmp_path / "path.traj", images)
    again = read(tmp_path / "path.traj", index=":")
    assert again[0].get_potential_energy() == pytest.approx(result.start_value, abs=1e-6)


def test_a_path_without_atoms_says_so():
    toy = mueller_brown()
    result = find_path(toy, toy.start, toy.end, rng=0)
    with pytest.raises(TypeError, match="found on a Toy, which has no atoms"):
        result.to_atoms()
