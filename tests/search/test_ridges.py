"""A path on top of a ridge, where nothing but symmetry holds it, is led to the pass beside."""

import numpy as np
import pytest

from fourierpathfinder import find_path
from fourierpathfinder.path import SinePath


class Ridge:
    """(x² - 1)² + 0.2 y² + y⁴ - 2 a y² exp(-4 x²) and stiff directions, turned at random.

    On the line y = 0 the height is 1 at x = 0; where a > 0.1 the curvature in y is negative there,
    and passes lie on either side.
    """

    def __init__(self, n_coordinates, a, seed=0):
        self.a = a
        rng = np.random.default_rng(seed)
        self.axes = np.linalg.qr(rng.normal(size=(n_coordinates, n_coordinates)))[0]
        self.stiffness = np.linspace(1, 4, n_coordinates - 2)

    def value_and_grad(self, points):
        turned = points @ self.axes
        x, y, rest = turned[:, 0], turned[:, 1], turned[:, 2:]
        bump = np.exp(-4 * x**2)
        values = (x**2 - 1) ** 2 + 0.2 * y**2 + y**4 - 2 * self.a * y**2 * bump
        values = values + 0.5 * (self.stiffness * rest**2).sum(axis=1)
        gradients = np.empty_like(turned)
        gradients[:, 0] = 4 * x * (x**2 - 1) + 16 * self.a * x * y**2 * bump
        gradients[:, 1] = 0.4 * y + 4 * y**3 - 4 * self.a * y * bump
        gradients[:, 2:] = self.stiffness * rest
        return values, gradients @ self.axes.T

    def point(self, x, y=0.0):
        return self.axes[:, 0] * x + self.axes[:, 1] * y

    @property
    def lowest(self):
        """The smallest height, by a grid of paths that cross x = 0 at some y."""
        y = np.linspace(0, 1.5, 3001)
        x = np.linspace(-1, 1, 201)[:, None]
        along = y * (1 - x**2)  # some path through (0, y)
        z = (x**2 - 1) ** 2 + 0.2 * along**2 + along**4
        return float((z - 2 * self.a * along**2 * np.exp(-4 * x**2)).max(axis=0).min())


def on_the_ridge(landscape):
    """A first path along the line of symmetry, on which it would stay."""
    start, end = landscape.point(-1), landscape.point(1)
    coefficients = np.zeros((8, len(start)))
    coefficients[1] = 0.02 * (end - start)
    return SinePath(start, end, coefficients)


@pytest.mark.parametrize("n_coordinates", [3, 6, 20])
@pytest.mark.parametrize("a", [0.3, 0.6])
def test_a_ridge_is_left(n_coordinates, a):
    """For at least four of five random turns of the axes."""
    right = 0
    for seed in range(5):
        landscape = Ridge(n_coordinates, a, seed)
        path = on_the_ridge(landscape)
        result = find_path(landscape, path.start, path.end, initial=path, rng=0)
        right += result.certified and result.height < landscape.lowest + 0.01
    assert right >= 4


class SlightRidge(Ridge):
    """(x² - 1)² + (y⁴ / 20 - 0.06 y²) exp(-4 x²) / 2 and a wall, stiff directions, turned.

    The curvature across the ridge is -0.06 at a top of curvature -4, and the passes beside it,
    at y² = 1.2, lie 0.018 below 1.
    """

    c, q = 0.06, 0.05

    def __init__(self, n_coordinates, seed=0):
        super().__init__(n_coordinates, 0.0, seed)

    def value_and_grad(self, points):
        turned = points @ self.axes
        x, y, rest = turned[:, 0], turned[:, 1], turned[:, 2:]
        bump = np.exp(-4 * x**2)
        across = -self.c * y**2 / 2 + self.q * y**4 / 4
        values = (x**2 - 1) ** 2 + across * bump + 0.05 * y**2 * (1 - bump)
        values = values + 0.5 * (self.stiffness * rest**2).sum(axis=1)
        gradients = np.empty_like(turned)
        gradients[:, 0] = 4 * x * (x**2 - 1) + 8 * x * bump * (0.05 * y**2 - across)
        gradients[:, 1] = (self.q * y**3 - self.c * y) * bump + 0.1 * y * (1 - bump)
        gradients[:, 2:] = self.stiffness * rest
        return values, gradients @ self.axes.T

    @property
    def lowest(self):
        """The height of the passes beside the ridge."""
        return 1 - self.c**2 / (4 * self.q)


@pytest.mark.parametrize("n_coordinates", [3, 6, 20])
def test_a_ridge_that_hardly_falls_near_its_top_is_left(n_coordinates):
    """A twentieth of the chord aside it falls by 0.0003, less than a thousandth of the rise."""
    right = 0
    for seed in range(5):
        landscape = SlightRidge(n_coordinates, seed)
        path = on_the_ridge(landscape)
        result = find_path(landscape, path.start, path.end, initial=path, rng=0)
        right += result.certified and result.height < landscape.lowest + 0.002
    assert right >= 4


@pytest.mark.parametrize("n_coordinates", [3, 6, 20])
@pytest.mark.parametrize("beneath", [0.0, -0.5])
def test_a_ridge_is_left_of_which_the_landscape_beneath_knows_nothing(n_coordinates, beneath):
    right = 0
    for seed in range(5):
        landscape, cheap = (Ridge(n_coordinates, a, seed) for a in (0.6, beneath))
        start, end = landscape.point(-1), landscape.point(1)
        result = find_path(landscape, start, end, prior=cheap, rng=seed)
        right += result.certified and result.height < landscape.lowest + 0.01
    assert right >= 4


class InUnits:
    """A landscape with coordinates in other units."""

    def __init__(self, landscape, unit):
        self.landscape, self.unit = landscape, unit

    def value_and_grad(self, points):
        values, gradients = self.landscape.value_and_grad(points / self.unit)
        return values, gradients / self.unit


@pytest.mark.parametrize("n_coordinates", [3, 20])
@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_a_ridge_is_left_whatever_the_unit(n_coordinates, unit):
    landscape = Ridge(n_coordinates, 0.6)
    path = on_the_ridge(landscape)
    scaled = SinePath(unit * path.start, unit * path.end, unit * path.coefficients)
    in_units = InUnits(landscape, unit)
    result = find_path(in_units, scaled.start, scaled.end, initial=scaled, rng=0)
    assert result.certified
    assert result.height < landscape.lowest + 0.01


@pytest.mark.parametrize("a", [-0.5, 0.0, 0.05])
def test_a_pass_stays(a):
    landscape = Ridge(6, a)
    path = on_the_ridge(landscape)
    result = find_path(landscape, path.start, path.end, initial=path, rng=0)
    assert result.certified
    assert abs(result.height - 1) < 1e-3


def relaxed_in(metal, place):
    """A landscape, and a crystal to which each of the functions `place` has added one atom."""
    ase_build = pytest.importorskip("ase.build")
    from ase.calculators.emt import EMT
    from ase.optimize import LBFGS

    from fourierpathfinder.landscapes import MoleculeLandscape

    ends = []
    for put in place:
        unit = ase_build.bulk(metal, cubic=True)
        crystal = unit * 2
        put(crystal, unit.cell[0, 0])
        crystal.calc = EMT()
        LBFGS(crystal, logfile=None).run(fmax=0.005, steps=500)
        ends.append(crystal)
    return MoleculeLandscape(ends[0], EMT), *ends


def octahedral(metal, other):
    """A landscape, and an atom at two neighbouring octahedral sites, relaxed."""

    def at(*site):
        def put(crystal, edge):
            crystal.append(other)
            crystal.positions[-1] = edge * np.array(site)

        return put

    return relaxed_in(metal, [at(0.5, 0.5, 0.5), at(1, 0.5, 1)])


def n_ways_down(landscape, point, step=5e-3):
    """By central differences of gradients."""
    shifts = step * np.eye(len(point))
    slopes = landscape.value_and_grad(np.concatenate([point + shifts, point - shifts]))[1]
    hessian = (slopes[: len(point)] - slopes[len(point) :]) / (2 * step)
    return int((np.linalg.eigvalsh(hessian + hessian.T) < -0.02).sum())


def dumbbells(metal):
    """A landscape, and two atoms on one site of a crystal, along one axis and another, relaxed."""

    def along(axis):
        def put(crystal, edge):
            apart = 0.3 * edge * np.eye(3)[axis]
            crystal.append(metal)
            crystal.positions[-1] = crystal.positions[0] + apart
            crystal.positions[0] -= apart

        return put

    return relaxed_in(metal, [along(0), along(1)])


@pytest.mark.slow
def test_a_ridge_whose_ways_down_are_many_is_left():
    """The middle of a turn of two nickel atoms has four, and no direction drawn at random tells."""
    landscape, start, end = dumbbells("Ni")
    result = find_path(landscape, start, end, max_gradients=200, rng=0)
    assert result.certified
    assert result.barrier < 1.2  # 2.006 on the ridge; sella goes from there to 1.1156
    assert n_ways_down(landscape, result.saddle.position) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metal", "other", "ridge", "rng"),
    [("Ni", "H", 1.512, 0), ("Ni", "H", 1.512, 1), ("Pd", "H", 1.788, 0), ("Ni", "C", 1.111, 0)],
)
def test_a_ridge_between_octahedral_sites_is_left(metal, other, ridge, rng):
    """The straight line leads over a ridge between two atoms of the metal."""
    landscape, start, end = octahedral(metal, other)
    result = find_path(landscape, start, end, max_gradients=200, rng=rng)
    assert result.certified
    assert result.barrier < ridge - 0.05
    assert n_ways_down(landscape, result.saddle.position) == 1
    if (metal, other) == ("Ni", "H"):  # over the tetrahedral site, or past it
        assert min(abs(result.barrier - known) for known in (1.2224, 1.2384)) < 2e-3
    on_it = landscape.value_and_grad(np.asarray(result.path(np.linspace(0, 1, 201))))[0]
    assert on_it.max() - result.height < max(result.height_error, 1e-3)


class Rough:
    """A landscape in single precision, whose gradients are off by 1e-4 of their largest part."""

    def __init__(self, landscape):
        self.landscape = landscape

    def __getattr__(self, name):
        return getattr(self.landscape, name)

    def value_and_grad(self, points):
        values, gradients = self.landscape.value_and_grad(points)
        seed = abs(int(1e6 * np.sum(points))) % 2**31
        errors = np.random.default_rng(seed).standard_normal(gradients.shape)
        gradients = gradients + 1e-4 * errors * np.abs(gradients).max()
        return values.astype(np.float32).astype(float), gradients


def loosely_relaxed(landscape, atoms, seed):
    """Coordinates of atoms that were shaken, and relaxed to 0.02 eV/Å."""
    from fourierpathfinder.reaction_path import relax

    position = landscape.ends(atoms, atoms)[0]
    shaken = position + 0.01 * np.random.default_rng(seed).standard_normal(position.shape)
    return relax(landscape, shaken, force=0.02).position


@pytest.mark.slow
@pytest.mark.parametrize(("metal", "other", "ridge"), [("Ni", "C", 1.111), ("Cu", "C", 0.809)])
def test_a_path_that_is_nearly_symmetric_leaves_its_ridge(metal, other, ridge):
    landscape, *atoms = octahedral(metal, other)
    rough = Rough(landscape)
    ends = [loosely_relaxed(rough, one, seed) for seed, one in enumerate(atoms)]
    result = find_path(rough, *ends, max_gradients=200, rng=0)
    assert result.certified
    assert result.barrier < ridge - 0.05
    assert n_ways_down(landscape, result.saddle.position) == 1


@pytest.mark.slow
def test_a_ridge_that_goes_down_where_others_make_way_is_left():
    """Four neighbours of two aluminium atoms that turn, and hardly move along the path."""
    landscape, start, end = dumbbells("Al")
    result = find_path(landscape, start, end, max_gradients=200, rng=0)
    assert result.certified
    assert result.barrier == pytest.approx(0.389, abs=2e-3)  # 0.5606 on the ridge, by sella 0.3890
    assert n_ways_down(landscape, result.saddle.position) == 1


@pytest.mark.slow
@pytest.mark.parametrize(
    ("metal", "ridge", "passes"), [("Cu", 1.189, (0.881, 0.950)), ("Pt", 2.402, (1.558, 1.799))]
)
def test_what_relaxations_evaluated_does_not_hold_a_path_on_its_ridge(metal, ridge, passes):
    """Known from the start, and near to the ends, it tells nothing of what lies beside the path."""
    from fourierpathfinder.reaction_path import relax

    landscape, *atoms = octahedral(metal, "H")
    start, end = landscape.ends(*atoms)
    first = relax(landscape, start, force=0.01)
    last = relax(landscape, end, force=0.01, known=first.evaluations)
    result = find_path(
        landscape, first.position, last.position,
        known=last.evaluations, max_gradients=200, rng=0,
    )  # fmt: skip
    assert result.certified
    assert result.barrier < ridge - 0.05
    assert min(abs(result.barrier - known) for known in passes) < 2e-3
    assert n_ways_down(landscape, result.saddle.position) == 1
