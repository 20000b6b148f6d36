"""First paths that a user gives, and what they bring along."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100, molecule
from ase.calculators.emt import EMT
from ase.calculators.singlepoint import SinglePointCalculator
from ase.constraints import FixAtoms
from scipy.spatial.transform import Rotation

from fourierpathfinder import Direct, Evaluations, SinePath, Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.ends import resolve_ends
from fourierpathfinder.initial import resolve_initial
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels


@pytest.fixture
def hop():
    """Au that hops on Al(100), with fixed layers: a landscape and two ends."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow")
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    over = slab.copy()
    over.positions[-1, 0] += over.cell[0, 0] / 2
    landscape = MoleculeLandscape(slab, EMT)
    ends = [landscape.atoms(relax(landscape, one, force=0.02).position) for one in (slab, over)]
    return landscape, *ends


def first_path(given, landscape, start, end, n_terms=8):
    abilities = abilities_of(landscape)
    found = resolve_initial(given, abilities, (start, end))
    return found.first_path(abilities, (start, end), n_terms, np.random.default_rng(0))


def farthest(path, points):
    line = path(np.linspace(0, 1, 401))
    return max(np.linalg.norm(line - point, axis=1).min() for point in points)


def test_points_are_gone_through():
    toy = two_channels()
    bow = np.array([[-0.5, 0.5], [-0.2, 0.9], [0.2, 0.7]])
    path = first_path(bow, toy, toy.start, toy.end)
    assert np.array_equal(path.start, toy.start)
    assert np.array_equal(path.end, toy.end)
    assert farthest(path, bow) < 0.05
    alone = first_path(bow[1], toy, toy.start, toy.end)
    assert farthest(alone, bow[1:2]) < 0.05


def test_ends_among_the_points_do_not_count_twice():
    toy = two_channels()
    bow = np.array([[-0.5, 0.5], [-0.2, 0.9], [0.2, 0.7]])
    whole = np.concatenate([toy.start[None], bow, toy.end[None]])
    paths = [first_path(points, toy, toy.start, toy.end) for points in (bow, whole)]
    assert np.allclose(paths[0].coefficients, paths[1].coefficients)


def test_a_path_is_taken_as_it_is():
    toy = two_channels()
    rng = np.random.default_rng(0)
    given = SinePath(toy.start, toy.end, 0.1 * rng.normal(size=(8, 2)))
    assert np.array_equal(
        first_path(given, toy, toy.start, toy.end).coefficients, given.coefficients
    )
    fewer = SinePath(toy.start, toy.end, given.coefficients[:3])
    assert np.array_equal(
        first_path(fewer, toy, toy.start, toy.end).coefficients[:3], fewer.coefficients
    )
    elsewhere = SinePath(toy.start + 0.1, toy.end, given.coefficients)
    path = first_path(elsewhere, toy, toy.start, toy.end)
    assert np.array_equal(path.start, toy.start)


@pytest.mark.parametrize("method", [Surrogate(), Direct()], ids=["surrogate", "direct"])
def test_the_guess_says_which_channel(method):
    """Two channels: which one is found follows from where the search begins.

    The lower one has two passes side by side, at 0.624 and 0.637; the upper one's is at 0.842.
    """
    toy = two_channels()
    low = find_path(toy, toy.start, toy.end, method=method, rng=0, initial=toy.saddle[None])
    assert toy.height - 0.01 < low.height < 0.65
    high = find_path(
        toy, toy.start, toy.end, method=method, rng=0, initial=np.array([[-0.6, 0.5], [0.0, 1.0]])
    )
    assert np.linalg.norm(high.path(high.height_time) - low.path(low.height_time)) > 0.3


def test_a_finished_run_costs_little():
    toy = mueller_brown()
    first = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    again = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=1, initial=first)
    assert again.certified
    assert again.height == pytest.approx(first.height, abs=0.1)
    assert again.n_gradients <= 7
    assert len(again.evaluations) >= len(first.evaluations)


def test_what_is_known_is_not_counted():
    toy = mueller_brown()
    first = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    n_calls = 0

    class Counted:
        def value_and_grad(self, points):
            nonlocal n_calls
            n_calls += len(points)
            return toy.value_and_grad(points)

    again = find_path(
        Counted(), toy.start, toy.end, method=Surrogate(), rng=1, known=first.evaluations
    )
    assert again.certified
    assert again.n_gradients == n_calls < first.n_gradients


def scan(landscape, start, end, n=7):
    """A scan between two structures, calculated."""
    images = []
    for t in np.linspace(0, 1, n):
        image = start.copy()
        image.positions = (1 - t) * start.positions + t * end.positions
        image.positions[-1, 2] += 0.5 * np.sin(np.pi * t)
        point = landscape.coordinates(image)
        values, gradients = landscape.value_and_grad(point[None])
        images.append(landscape.atoms(point, values[0], gradients[0]))
    return images


def test_a_calculated_scan_is_data(hop):
    landscape, start, end = hop
    plain = find_path(landscape, start, end, method=Surrogate(), rng=0)
    images = scan(landscape, start, end)
    told = find_path(landscape, start, end, method=Surrogate(), rng=0, initial=images)
    assert told.certified
    assert told.height == pytest.approx(plain.height, abs=2e-3)
    assert len(told.evaluations) >= told.n_gradients + len(images) - 3


def test_what_another_landscape_said_is_not_believed(hop, caplog):
    landscape, start, end = hop
    images = scan(landscape, start, end)
    for image in images:
        energy, forces = image.get_potential_energy(), image.get_forces(apply_constraint=False)
        image.calc = SinglePointCalculator(image, energy=1.3 * energy + 2, forces=1.3 * forces)
    plain = find_path(landscape, start, end, method=Surrogate(), rng=0)
    told = find_path(landscape, start, end, method=Surrogate(), rng=0, initial=images)
    assert "another landscape" in caplog.text
    assert told.height == pytest.approx(plain.height, abs=2e-3)
    true, _ = landscape.value_and_grad(told.evaluations.points)
    assert np.abs(true - told.evaluations.values).max() < 1e-6


def test_predictions_are_no_data(hop):
    landscape, start, end = hop
    result = find_path(landscape, start, end, method=Surrogate(), rng=0)
    images = result.to_atoms(9)
    for image in images:
        assert landscape.calculated(image) is None
    assert landscape.calculated(start) is None
    assert landscape.calculated(scan(landscape, start, end)[3]) is not None


def test_what_a_structure_brings_along_is_its_gradient(hop):
    landscape, start, end = hop
    for image in scan(landscape, start, end)[1:3]:
        value, gradient = landscape.calculated(image)
        values, gradients = landscape.value_and_grad(landscape.coordinates(image)[None])
        assert value == pytest.approx(values[0], abs=1e-9)
        assert np.allclose(gradient, gradients[0], atol=1e-9)


def test_forces_are_turned_with_what_turns_about_a_held_atom():
    start = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    start.set_constraint(FixAtoms([0]))
    end = start.copy()
    end.positions[3, 2] *= -1
    landscape = MoleculeLandscape(start, EMT)
    turn, images = Rotation.from_rotvec([0.3, 0.6, 0.9]), []
    for seed in range(3):
        image = start.copy()
        image.rattle(0.1, seed=seed)
        values, gradients = landscape.value_and_grad(landscape.coordinates(image)[None])
        forces = np.zeros((4, 3))
        forces[1:] = -gradients.reshape(3, 3)
        image.set_positions(turn.apply(image.positions), apply_constraint=False)
        image.calc = SinglePointCalculator(image, energy=values[0], forces=turn.apply(forces))
        images.append(image)
    abilities = abilities_of(landscape)
    known = resolve_initial(images, abilities, resolve_ends(abilities, start, end)).known
    values, gradients = landscape.value_and_grad(known.points)
    np.testing.assert_allclose(known.values, values, atol=1e-9)
    np.testing.assert_allclose(known.gradients, gradients, atol=1e-7)


def test_a_turned_molecule_is_laid_on_the_path():
    start = molecule("C2H6")
    end = start.copy()
    end.positions[2:5] = end.positions[[3, 4, 2]]
    middle = start.copy()
    middle.rotate(60, "z", center=middle.positions[0])
    middle.positions[5:] = start.positions[5:]
    turned = middle.copy()
    turned.rotate(77, (1, 2, 3))
    turned.translate((3, 1, 0))
    landscape = MoleculeLandscape(start, EMT, contact=0.3)
    a, b = landscape.ends(start, end)
    paths = [first_path([one], landscape, a, b) for one in (middle, turned)]
    for t in (0.25, 0.5, 0.75):
        shapes = [landscape.atoms(path(t)).get_all_distances() for path in paths]
        assert np.abs(shapes[0] - shapes[1]).max() < 0.05


def test_a_run_that_is_continued_must_begin_alike(tmp_path):
    toy = two_channels()
    place = tmp_path / "checkpoint"
    settings = {"method": Surrogate(), "rng": 0, "checkpoint": place}
    bow = np.array([[-0.2, 0.9]])
    first = find_path(toy, toy.start, toy.end, initial=bow, max_gradients=5, **settings)
    assert first.n_gradients <= 5
    with pytest.raises(ValueError, match="known"):
        find_path(toy, toy.start, toy.end, initial=bow + 0.1, **settings)
    again = find_path(toy, toy.start, toy.end, initial=bow, **settings)
    whole = find_path(toy, toy.start, toy.end, initial=bow, method=Surrogate(), rng=0)
    assert again.height == whole.height


def test_what_makes_no_sense(hop):
    toy = two_channels()
    call = (toy, toy.start, toy.end)
    with pytest.raises(ValueError, match=r"`initial`, point 0"):
        find_path(*call, initial=np.zeros((2, 3)))
    with pytest.raises(ValueError, match="`initial`"):
        find_path(*call, initial=SinePath.straight(np.zeros(3), np.ones(3), 2))
    landscape, start, end = hop
    with pytest.raises(ValueError, match=r"`initial`, point 1"):
        find_path(landscape, start, end, initial=[start, Atoms("H2", [(0, 0, 0), (0, 0, 1)])])
    wrong = Evaluations(np.zeros((1, 3)), np.zeros(1), np.zeros((1, 3)))
    with pytest.raises(ValueError, match="`known`"):
        find_path(*call, known=wrong)


@pytest.mark.parametrize("with_ends", [True, False])
def test_points_that_run_backwards_are_turned_round(with_ends):
    toy = two_channels()
    bow = np.linspace(toy.start, toy.end, 9)
    bow[:, 1] += np.sin(np.linspace(0, np.pi, 9))
    bow = bow if with_ends else bow[1:-1]
    ahead, turned = (first_path(points, toy, toy.start, toy.end) for points in (bow, bow[::-1]))
    assert np.array_equal(ahead.coefficients, turned.coefficients)


def test_structures_that_run_backwards_are_turned_round_with_what_they_bring(hop, caplog):
    landscape, start, end = hop
    images = scan(landscape, start, end)
    abilities, ends = abilities_of(landscape), tuple(map(landscape.coordinates, (start, end)))
    ahead, turned = (resolve_initial(each, abilities, ends) for each in (images, images[::-1]))
    assert (ahead.is_turned, turned.is_turned) == (False, True)
    assert np.array_equal(np.stack(ahead.placed), np.stack(turned.placed))
    for one, other in zip(vars(ahead.known).values(), vars(turned.known).values(), strict=True):
        assert np.array_equal(one, other)
    find_path(landscape, start, end, method=Surrogate(), rng=0, initial=images[::-1])
    assert "`initial` runs from the end to the start, and is turned round" in caplog.text
