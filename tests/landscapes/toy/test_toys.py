"""The toys' stored answers against functions written anew here, SciPy and a flooded grid."""

import heapq
import pickle

import numpy as np
import pytest
from scipy.optimize import approx_fprime, minimize, root
from scipy.spatial.distance import pdist

from fourierpathfinder.landscapes import check_landscape
from fourierpathfinder.landscapes.protocols import Landscape
from fourierpathfinder.landscapes.toy import (
    lennard_jones,
    leps_harmonic,
    mueller_brown,
    two_channels,
)

from ...tolerances import assert_close


def fig3(p):
    def squared(x, y):
        return (p[0] - x) ** 2 + (p[1] - y) ** 2

    wells = np.exp(-3 * squared(-0.5, -0.5)) + np.exp(-3 * squared(0.5, 0))
    bumps = np.exp(-15 * squared(-0.2, -0.4)) + np.exp(-15 * squared(0, 0.3))
    return bumps - wells + 1.019


def mueller(p):
    x, y = p
    return (
        -200 * np.exp(-((x - 1) ** 2) - 10 * y**2)
        - 100 * np.exp(-(x**2) - 10 * (y - 0.5) ** 2)
        - 170 * np.exp(-6.5 * (x + 0.5) ** 2 + 11 * (x + 0.5) * (y - 1.5) - 6.5 * (y - 1.5) ** 2)
        + 15 * np.exp(0.7 * (x + 1) ** 2 + 0.6 * (x + 1) * (y - 1) + 0.7 * (y - 1) ** 2)
    )


def leps(p):
    distances = {"AB": p[0], "BC": 3.742 - p[0], "AC": 3.742}
    depth, overlap = {"AB": 4.746, "BC": 4.746, "AC": 3.445}, {"AB": 0.05, "BC": 0.80, "AC": 0.05}
    q, j = {}, {}
    for pair, r in distances.items():
        e1, e2 = np.exp(-1.942 * (r - 0.742)), np.exp(-2 * 1.942 * (r - 0.742))
        q[pair] = depth[pair] / 2 * (1.5 * e2 - e1) / (1 + overlap[pair])
        j[pair] = depth[pair] / 4 * (e2 - 6 * e1) / (1 + overlap[pair])
    pairs = j["AB"] * j["BC"] + j["BC"] * j["AC"] + j["AB"] * j["AC"]
    london = sum(q.values()) - np.sqrt(sum(v**2 for v in j.values()) - pairs)
    return london + 2 * 0.2025 * (p[0] - (3.742 / 2 - p[1] / 1.154)) ** 2


def cluster(p):
    r = pdist(np.reshape(p, (-1, 3)))
    return 4 * np.sum(r**-12 - r**-6)


FLAT = {
    "two channels": (two_channels, fig3),
    "Müller-Brown": (mueller_brown, mueller),
    "LEPS": (leps_harmonic, leps),
}
ALL = {**FLAT, **{f"LJ{n}": (lambda n=n: lennard_jones(n), cluster) for n in (7, 13, 38)}}


@pytest.fixture(params=ALL)
def pair(request):
    """A toy and the independent function."""
    make, function = ALL[request.param]
    return make(), function


@pytest.fixture(params=FLAT)
def flat(request):
    make, function = FLAT[request.param]
    return make(), function


def hessian(function, x, h=1e-4):
    steps = h * np.eye(len(x))
    return np.array(
        [
            [
                (
                    function(x + a + b)
                    - function(x + a - b)
                    - function(x - a + b)
                    + function(x - a - b)
                )
                / (4 * h**2)
                for b in steps
            ]
            for a in steps
        ]
    )


def slope(toy, x):
    return toy.value_and_grad(np.asarray(x)[None])[1][0]


def n_negative(toy, x, h=1e-5):
    """Negative curvatures, from differences of the gradient (itself tested by `check`)."""
    rows = [(slope(toy, x + e) - slope(toy, x - e)) / (2 * h) for e in h * np.eye(len(x))]
    return int((np.linalg.eigvalsh(np.array(rows) + np.array(rows).T) < -1e-2).sum())


def test_values_are_the_formula(pair, rng):
    toy, function = pair
    assert isinstance(toy, Landscape)
    points = toy.start + 0.05 * rng.normal(size=(20, toy.n_coordinates))
    values = toy.value_and_grad(points)[0]
    assert_close(values, [function(p) for p in points])


def test_gradients_are_true(pair, rng):
    toy, function = pair
    points = toy.saddle + 0.05 * rng.normal(size=(5, toy.n_coordinates))
    report = check_landscape(toy, points, rng=rng, tolerance=1e-7)
    assert report.ok, str(report)
    differences = approx_fprime(points[0], function, 1e-7)
    np.testing.assert_allclose(
        toy.value_and_grad(points)[1][0], differences, atol=1e-4 * np.abs(differences).max()
    )


def test_stored_points_are_stationary_to_eight_digits(pair):
    toy, function = pair
    for points, values in ((toy.minima, toy.minimum_values), (toy.saddles, toy.saddle_values)):
        assert points.shape == (len(values), toy.n_coordinates)
        written = {"rtol": 1e-10, "atol": 1e-11}  # values are written down to 12 digits
        np.testing.assert_allclose([function(p) for p in points], values, **written)
        assert np.abs(toy.value_and_grad(points)[1]).max() < 1e-8
        assert not points.flags.writeable
    assert (np.diff(toy.minimum_values) > 0).all()
    assert (np.diff(toy.saddle_values) > 0).all()


def test_minima_have_no_negative_curvature_and_saddles_one(pair):
    toy, _ = pair
    assert [n_negative(toy, x) for x in toy.minima] == [0] * len(toy.minima)
    assert [n_negative(toy, x) for x in toy.saddles] == [1] * len(toy.saddles)


def test_flat_curvatures_by_the_independent_function(flat):
    toy, function = flat
    for x, expected in [*((m, 0) for m in toy.minima), *((s, 1) for s in toy.saddles)]:
        assert (np.linalg.eigvalsh(hessian(function, x)) < 0).sum() == expected


def test_scipy_finds_the_minima_from_nearby(pair, rng):
    toy, function = pair
    for x, value in zip(toy.minima, toy.minimum_values, strict=True):
        moved = x + 0.02 * rng.normal(size=len(x)) / np.sqrt(len(x))
        found = minimize(function, moved, tol=1e-12)
        assert abs(found.fun - value) < 1e-8


def test_scipy_finds_the_flat_saddles_from_nearby(flat, rng):
    toy, function = flat
    for x in toy.saddles:
        found = root(
            lambda p: approx_central(function, p), x + 0.01 * rng.normal(size=2), tol=1e-12
        )
        np.testing.assert_allclose(found.x, x, atol=2e-8)


def approx_central(function, p, h=1e-3):
    """Fourth-order differences."""

    def along(e):
        near, far = function(p + e) - function(p - e), function(p + 2 * e) - function(p - 2 * e)
        return (8 * near - far) / (12 * h)

    return [along(e) for e in h * np.eye(len(p))]


def flooded_height(function, start, end, low, high, n=1201):
    """The lowest level at which two points of a grid are joined, to within a cell."""
    axes = [np.linspace(a, b, n) for a, b in zip(low, high, strict=True)]
    level = function(np.meshgrid(*axes, indexing="ij"))
    cell = [
        tuple(int(np.abs(axis - c).argmin()) for axis, c in zip(axes, p, strict=True))
        for p in (start, end)
    ]
    seen, rim, highest = {cell[0]}, [(level[cell[0]], cell[0])], -np.inf
    while rim:
        height, (i, j) = heapq.heappop(rim)
        highest = max(highest, height)
        if (i, j) == cell[1]:
            return highest
        around = [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        for next_cell in around:
            if next_cell not in seen and 0 <= next_cell[0] < n and 0 <= next_cell[1] < n:
                seen.add(next_cell)
                heapq.heappush(rim, (level[next_cell], next_cell))
    raise AssertionError


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("two channels", (-1.3, -1.3), (1.3, 1.3)),
        ("Müller-Brown", (-1.6, -0.4), (1.2, 2.1)),
        ("LEPS", (0.4, -3.5), (3.4, 3.5)),
    ],
)
def test_height_is_the_lowest_level_that_joins_the_ends(name, low, high):
    make, function = FLAT[name]
    toy = make()
    scale = toy.height - min(function(toy.start), function(toy.end))
    flooded = flooded_height(function, toy.start, toy.end, low, high)
    assert abs(flooded - toy.height) < 2e-5 * scale


def test_the_answers_of_the_literature():
    toy = two_channels()
    assert abs(toy.height - 0.62438782) < 1e-8
    np.testing.assert_allclose(toy.saddles[:2], [(-0.1647, -0.0699), (0.0529, -0.6882)], atol=5e-5)
    assert abs(toy.saddle_values[1] - 0.63725) < 5e-6
    np.testing.assert_array_equal([toy.start, toy.end], [(-0.62, -0.54), (0.49, -0.02)])
    assert abs(mueller_brown().height - -40.66484351) < 1e-8
    np.testing.assert_allclose(
        lennard_jones(7).minimum_values, [-16.505384, -15.935043, -15.593211, -15.533060], atol=5e-7
    )
    assert abs(lennard_jones(13).minimum_values[0] - -44.326801) < 5e-7
    np.testing.assert_allclose(
        lennard_jones(38).minimum_values, [-173.928427, -173.252378], atol=5e-7
    )


def test_the_straight_line_of_fig_3_is_as_high_as_the_paper_says():
    """On the paper's 100 points; between them it reaches 1.1023."""
    toy = two_channels()
    t = np.linspace(0, 1, 100)[:, None]
    line = (1 - t) * toy.start + t * toy.end
    assert abs(toy.value_and_grad(line)[0].max() - 1.1018) < 1e-4


def descended(toy, x):
    """Steepest descent by small explicit steps, then SciPy."""
    for _ in range(20_000):
        g = slope(toy, x)
        size = np.linalg.norm(g)
        if size < 0.05:
            break
        x = x - min(5e-4, 2e-3 / size) * g
    return minimize(
        lambda p: float(toy.value_and_grad(p[None])[0][0]),
        x,
        jac=lambda p: slope(toy, p),
        tol=1e-12,
    ).x


def rotation_free(toy, x):
    """What tells clusters with labelled atoms apart; the point itself in other toys."""
    return pdist(x.reshape(-1, 3)) if toy.n_atoms else x


@pytest.mark.parametrize(
    ("make", "index"),
    [
        (mueller_brown, 1),
        (leps_harmonic, 0),
        *((lambda: lennard_jones(7), k) for k in (0, 1, 6)),
        (lambda: lennard_jones(13), 0),
        (lambda: lennard_jones(38), 0),
    ],
)
def test_descent_from_the_saddle_ends_in_the_ends(make, index):
    toy = make()
    known = toy.rearrangements[index]
    rows = [
        (slope(toy, known.saddle + e) - slope(toy, known.saddle - e)) / 2e-5
        for e in 1e-5 * np.eye(toy.n_coordinates)
    ]
    down = 0.02 * np.linalg.eigh(np.array(rows))[1][:, 0]
    ends = [rotation_free(toy, descended(toy, known.saddle + push)) for push in (down, -down)]
    expected = [rotation_free(toy, x) for x in (known.start, known.end)]
    if np.abs(ends[0] - expected[0]).max() > 0.01:
        ends.reverse()
    np.testing.assert_allclose(ends, expected, atol=2e-5)


@pytest.mark.parametrize("n_atoms", [7, 13, 38])
def test_ends_of_clusters_are_superposed_minima(n_atoms):
    toy = lennard_jones(n_atoms)
    assert toy.n_atoms == n_atoms
    for known in toy.rearrangements:
        points = np.array([known.start, known.end, known.saddle])
        values, gradients = toy.value_and_grad(points)
        assert np.abs(gradients).max() < 1e-8
        assert values[:2].max() < known.height
        assert abs(values[2] - known.height) < 1e-10
        assert values[0] <= values[1] + 1e-9
        a, b = known.start.reshape(-1, 3), known.end.reshape(-1, 3)
        np.testing.assert_allclose([a.mean(0), b.mean(0)], 0, atol=1e-9)
        # no rotation brings them nearer: their moments are symmetric and have a positive trace
        moments = a.T @ b
        np.testing.assert_allclose(moments, moments.T, atol=1e-8)
        assert np.linalg.eigvalsh(moments)[0] + np.linalg.eigvalsh(moments)[1] > 0


def test_clusters_without_stored_points_are_landscapes_all_the_same(rng):
    toy = lennard_jones(5)
    assert toy.minima.shape == toy.saddles.shape == (0, 15)
    assert toy.rearrangements == ()
    points = 2 * rng.normal(size=(3, 15))
    assert_close(toy.value_and_grad(points)[0], [cluster(p) for p in points])
    with pytest.raises(AttributeError, match="no rearrangement of a Lennard-Jones cluster of 5"):
        _ = toy.height


def test_bad_sizes_and_shapes_are_refused():
    with pytest.raises(ValueError, match="`n_atoms` is 1"):
        lennard_jones(1)
    with pytest.raises(ValueError, match=r"`points` has shape \(4, 3\); it must be \(M, 2\)"):
        two_channels().value_and_grad(np.zeros((4, 3)))


def test_compiled_and_interpreted_are_the_same(pair, rng):
    toy, _ = pair
    x = toy.start + 0.05 * rng.normal(size=toy.n_coordinates)
    gradient = np.empty_like(x)
    value = toy.compiled.point_function(x, gradient)
    values, gradients = toy.value_and_grad(x[None])
    assert_close(values, [value])
    np.testing.assert_allclose(gradients, [gradient], rtol=1e-9, atol=1e-9)


def test_toys_are_the_same_in_another_process(pair):
    toy, _ = pair
    again = pickle.loads(pickle.dumps(toy))
    np.testing.assert_array_equal(
        again.value_and_grad(toy.saddles)[0], toy.value_and_grad(toy.saddles)[0]
    )
    assert again.height == toy.height
