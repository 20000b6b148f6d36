import autograd.numpy as anp
import numpy as np
import pytest
from scipy.linalg import LinAlgError
from scipy.spatial.transform import Rotation
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, Matern

from fourierpathfinder.gaussian_process import (
    Coordinates,
    FitSettings,
    GaussianProcess,
    InverseDistances,
    Matern52,
    Posterior,
    SquaredExponential,
)
from fourierpathfinder.gaussian_process.covariance import Scaling
from fourierpathfinder.gaussian_process.dense_solver import DenseSolver
from fourierpathfinder.gaussian_process.fit import solver_for
from fourierpathfinder.gaussian_process.nugget import Nugget
from fourierpathfinder.gaussian_process.observations import Observations
from fourierpathfinder.gaussian_process.prior import Prior
from fourierpathfinder.gaussian_process.span_solver import SpanSolver

from ..tolerances import assert_close
from .oracles import TextbookGP, central_difference, springs, squared_exponential, wavy

KERNELS = [SquaredExponential(), Matern52()]
CONDITION = 1e5
"""By what solving with the covariances of these few points amplifies roundings, at most."""


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def data(n_points, n_dims, rng, shift=0.0):
    x = rng.normal(size=(n_points, n_dims)) * (2 / np.sqrt(n_dims))
    return (x + shift, *wavy(x, rng))


def atoms(n_points, rng, n_atoms=4):
    shape = 1.5 * np.array(list(np.ndindex(2, 2, 2)), float)[:n_atoms]
    x = shape.ravel() + 0.15 * rng.normal(size=(n_points, 3 * n_atoms))
    return (x, *springs(x, rng))


@pytest.mark.parametrize(("n_points", "n_dims"), [(4, 1), (5, 2), (4, 3), (3, 6)])
def test_agrees_with_the_textbook(n_points, n_dims, rng):
    x, values, gradients = data(n_points, n_dims, rng)
    length, nugget = 1.3, 1e-6
    model = GaussianProcess(nugget=nugget).fit(
        x, values, gradients, length_scale=length, optimise=False
    )
    # The nugget belongs to rows scaled by l, so gradient rows have it over l².
    diagonal = np.tile([nugget, *[nugget / length**2] * n_dims], n_points)
    oracle = TextbookGP(
        lambda a, b: squared_exponential(a, b, length), x, values, gradients, diagonal, values.max()
    )
    z = rng.normal(size=(5, n_dims))
    mean, gradient = model.predict(z)
    joint, variance = zip(*map(oracle.predict, z), strict=True)
    assert_close(np.c_[mean, gradient], joint, amplification=CONDITION)
    assert_close(model.deviation(z) ** 2, variance, amplification=CONDITION)
    assert_close(model.signal_variance, oracle.signal_variance, amplification=CONDITION)
    assert_close(model.log_likelihood, oracle.log_likelihood(), amplification=CONDITION)


@pytest.mark.parametrize(("kernel", "oracle"), [(KERNELS[0], RBF), (KERNELS[1], Matern)])
def test_values_alone_agree_with_scikit_learn(kernel, oracle, rng):
    x, values, gradients = data(12, 3, rng)
    nugget = 1e-6
    model = GaussianProcess(kernels=(kernel,), nugget=nugget).fit(
        x,
        values,
        np.full_like(gradients, np.nan),
        has_gradient=np.zeros(12, bool),
        length_scale=0.8,
        optimise=False,
    )
    sklearn_kernel = oracle(0.8, "fixed") if oracle is RBF else oracle(0.8, "fixed", nu=2.5)
    other = GaussianProcessRegressor(sklearn_kernel, alpha=nugget, optimizer=None)
    other.fit(x, values - values.max())
    z = rng.normal(size=(6, 3))
    mean, deviation = other.predict(z, return_std=True)
    assert_close(model.predict(z)[0], mean + values.max(), amplification=CONDITION)
    expected = deviation * np.sqrt(model.signal_variance)
    assert_close(model.deviation(z), expected, amplification=CONDITION)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize(("n_points", "n_dims"), [(9, 2), (6, 5), (5, 12), (8, 500)])
def test_the_split_by_span_equals_the_dense_matrix(kernel, n_points, n_dims, rng):
    if kernel == KERNELS[1] and n_dims == 500:
        n_points = 4
    x, values, gradients = data(n_points, n_dims, rng, shift=5.0)
    known = rng.uniform(size=n_points) < 0.7
    known[0] = True
    settings = {"length_scale": 1.1, "optimise": False, "has_gradient": known}
    split = GaussianProcess(Coordinates(), (kernel,)).fit(x, values, gradients, **settings)
    dense = fit_dense(kernel, x, values, gradients, known, 1.1)
    z = x[:4] + 0.5 * rng.normal(size=(4, n_dims)) / np.sqrt(n_dims)
    for got, expected in zip(split.predict(z), dense.predict(z), strict=True):
        assert_close(got, expected, amplification=CONDITION)
    assert_close(split.deviation(z), dense.deviation(z), amplification=CONDITION)
    assert_close(split.signal_variance, dense.signal_variance, amplification=CONDITION)
    assert_close(split.log_likelihood, dense.log_likelihood, amplification=CONDITION)
    assert split.solver.n_rows == dense.solver.n_rows
    assert isinstance(split.solver, SpanSolver)


def fit_dense(kernel, x, values, gradients, known, length):
    """The same process with a row for every component of every gradient."""
    prior = Prior(Coordinates(), kernel, Scaling(length, 1.0), Nugget(1e-7))
    solver = DenseSolver.empty(prior, x[0]).extended(x, known)
    return Posterior.of(solver, Observations.of(x, values, gradients, known))


def assert_derivatives_of_the_mean(model, z):
    slope = central_difference(lambda u: model.predict(u[None])[0][0], z)
    np.testing.assert_allclose(model.predict(z[None])[1][0], slope, rtol=1e-6, atol=1e-7)
    bend = central_difference(lambda u: model.predict(u[None])[1][0], z)
    np.testing.assert_allclose(model.hessian(z), bend, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_gradient_and_hessian_are_the_derivatives_of_the_mean(kernel, case, rng):
    x, values, gradients = {
        "plane": lambda: data(6, 2, rng),
        "high": lambda: data(5, 30, rng),
        "atoms": lambda: atoms(5, rng),
    }[case]()
    features = InverseDistances(4) if case == "atoms" else Coordinates()
    model = GaussianProcess(features, (kernel,)).fit(x, values, gradients)
    z = x[1] + 0.05 * rng.normal(size=x.shape[1])
    assert_derivatives_of_the_mean(model, z)


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("case", ["plane", "atoms"])
def test_hessian_at_an_observation_is_that_of_the_mean(kernel, case, rng):
    x, values, gradients = data(4, 3, rng) if case == "plane" else atoms(5, rng)
    features = InverseDistances(4) if case == "atoms" else Coordinates()
    model = GaussianProcess(features, (kernel,)).fit(x, values, gradients)
    for z in (x[2], np.nextafter(x[2], np.inf)):  # whose distance is nothing but rounding
        hessian = model.hessian(z)
        bend = central_difference(lambda u: model.predict(u[None])[1][0], z)
        np.testing.assert_allclose(hessian, bend, rtol=1e-4, atol=1e-4 * np.abs(bend).max())
        np.testing.assert_array_equal(hessian, hessian.T)


def test_inverse_distances_agree_with_the_textbook(rng):
    x, values, gradients = atoms(3, rng, n_atoms=3)
    features = InverseDistances(3)
    model = GaussianProcess(features, nugget=1e-6).fit(
        x, values, gradients, length_scale=0.4, optimise=False
    )

    def distances(u):
        r = anp.reshape(u, (3, 3))
        return anp.stack([anp.sum((r[i] - r[j]) ** 2) ** -0.5 for i, j in ((0, 1), (0, 2), (1, 2))])

    size = model.solver.prior.scaling.gradient
    diagonal = np.tile([1e-6, *[1e-6 * (size / 0.4) ** 2] * 9], 3)
    oracle = TextbookGP(
        lambda a, b: squared_exponential(distances(a), distances(b), 0.4),
        x,
        values,
        gradients,
        diagonal,
        values.max(),
    )
    z = x + 0.05 * rng.normal(size=x.shape)
    joint, variance = zip(*map(oracle.predict, z), strict=True)
    mean, gradient = model.predict(z)
    assert_close(np.c_[mean, gradient], joint, amplification=CONDITION)
    assert_close(model.deviation(z) ** 2, variance, amplification=CONDITION)


def test_a_process_on_distances_does_not_see_rotation(rng):
    x, values, gradients = atoms(4, rng)
    model = GaussianProcess(InverseDistances(4)).fit(x, values, gradients)
    turn = Rotation.random(None, rng).as_matrix()
    z = x[:2] + 0.05
    turned = (z.reshape(2, 4, 3) @ turn.T + 7.0).reshape(2, -1)
    mean, gradient = model.predict(z)
    turned_mean, turned_gradient = model.predict(turned)
    assert_close(turned_mean, mean, amplification=CONDITION)
    expected = (gradient.reshape(2, 4, 3) @ turn.T).reshape(2, -1)
    assert_close(turned_gradient, expected, amplification=CONDITION)
    assert_close(model.deviation(turned), model.deviation(z), amplification=CONDITION)


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_adding_points_equals_fitting_them_together(case, rng):
    x, values, gradients = {
        "plane": lambda: data(7, 2, rng),
        "high": lambda: data(7, 40, rng),
        "atoms": lambda: atoms(7, rng),
    }[case]()
    features = InverseDistances(4) if case == "atoms" else Coordinates()
    process = GaussianProcess(features)
    known = np.array([True, True, False, True, False, True, True])
    first = process.fit(
        x[:2], values[:2], gradients[:2], length_scale=0.9, optimise=False, has_gradient=known[:2]
    )
    added = first
    for part in (slice(2, 3), slice(3, 4), slice(4, 7)):
        added = added.add(x[part], values[part], gradients[part], known[part])
    # The size of the Jacobian, and so the meaning of the nugget, is that of the first fit.
    empty = solver_for(features).empty(first.solver.prior, x[0])
    together = Posterior.of(empty.extended(x, known), added.data)
    z = x[:3] + 0.03
    for got, expected in zip(added.predict(z), together.predict(z), strict=True):
        assert_close(got, expected, amplification=CONDITION)
    assert_close(added.deviation(z), together.deviation(z), amplification=CONDITION)
    assert_close(added.log_likelihood, together.log_likelihood, amplification=CONDITION)
    assert first.solver.n_rows < added.solver.n_rows


def test_new_values_at_old_points_equal_a_new_fit(rng):
    x, values, gradients = data(6, 8, rng)
    process = GaussianProcess()
    old = process.fit(x, values, gradients, length_scale=1.0, optimise=False)
    got = old.with_values(values / 2, gradients / 2)
    expected = process.fit(x, values / 2, gradients / 2, length_scale=1.0, optimise=False)
    assert got.solver is old.solver
    np.testing.assert_array_equal(got.predict(x + 0.1)[0], expected.predict(x + 0.1)[0])


def test_update_extends_the_factor_and_takes_new_values(rng):
    x, values, gradients = data(9, 4, rng)
    process = GaussianProcess()
    model = process.fit(x[:8], values[:8], gradients[:8])
    updated = process.update(model, x, 2 * values, 2 * gradients)
    expected = process.fit(
        x, 2 * values, 2 * gradients, length_scale=updated.length_scale, optimise=False
    )
    z = x + 0.1
    assert_close(updated.predict(z)[0], expected.predict(z)[0], amplification=CONDITION)


def test_update_with_no_new_point_only_takes_the_values(rng):
    x, values, gradients = data(5, 4, rng)
    process = GaussianProcess()
    model = process.fit(x, values, gradients)
    updated = process.update(model, x, values / 3, gradients / 3)
    assert updated.solver is model.solver
    assert_close(updated.predict(x)[0], model.predict(x)[0] / 3, amplification=CONDITION)


def test_update_wants_the_old_points_first(rng):
    x, values, gradients = data(5, 4, rng)
    model = GaussianProcess().fit(x[:4], values[:4], gradients[:4])
    with pytest.raises(ValueError, match="first 4 points"):
        GaussianProcess().update(model, x[::-1], values, gradients)


def test_grown_one_by_one_the_process_stays_close_to_the_best_fit(rng):
    x, values, gradients = data(20, 3, rng)
    process = GaussianProcess()
    model = process.fit(x[:3], values[:3], gradients[:3])
    for n in range(4, 21):
        model = process.update(model, x[:n], values[:n], gradients[:n])
    best = process.fit(x, values, gradients, length_scale=model.length_scale)
    assert model.length_scale == pytest.approx(best.length_scale, rel=0.1)


def test_shifts_and_units_change_nothing_but_the_units(rng):
    x, values, gradients = data(6, 5, rng)
    process = GaussianProcess()
    model = process.fit(x, values, gradients)
    z = x[:4] + 0.2
    moved = process.fit(1e3 * (x + 10), 1e-4 * values + 7, 1e-7 * gradients)
    mean, gradient = moved.predict(1e3 * (z + 10))
    np.testing.assert_allclose((mean - 7) / 1e-4, model.predict(z)[0], rtol=1e-6)
    np.testing.assert_allclose(gradient / 1e-7, model.predict(z)[1], rtol=1e-5, atol=1e-6)
    expected = 1e-4 * model.deviation(z)
    np.testing.assert_allclose(moved.deviation(1e3 * (z + 10)), expected, rtol=1e-4)


def test_observations_are_reproduced_up_to_the_nugget_and_certain(rng):
    x, values, gradients = data(6, 5, rng)
    model = GaussianProcess().fit(x, values, gradients)
    mean, gradient = model.predict(x)
    np.testing.assert_allclose(mean, values - 1e-7 * model.value_weights, atol=1e-9)
    np.testing.assert_allclose(mean, values, atol=1e-4)
    np.testing.assert_allclose(gradient, gradients, atol=1e-4)
    assert model.deviation(x).max() < 1e-3 * np.sqrt(model.signal_variance)


def test_far_away_the_prior_returns(rng):
    x, values, gradients = data(6, 5, rng)
    model = GaussianProcess().fit(x, values, gradients)
    far = np.full((1, 5), 1e3)
    assert model.predict(far)[0][0] == values.max()
    assert model.deviation(far)[0] == pytest.approx(np.sqrt(model.signal_variance))


@pytest.mark.parametrize("n_dims", [2, 30])
def test_points_on_top_of_each_other_raise_the_nugget_instead_of_failing(n_dims, rng):
    x, values, gradients = data(4, n_dims, rng)
    again = [0, 1, 2, 3, 0, 1, 2, 3, 3, 3]
    process = GaussianProcess(nugget=1e-18)
    model = process.fit(x[again], values[again], gradients[again])
    assert model.solver.prior.nugget.base > 1e-18
    np.testing.assert_allclose(model.predict(x)[0], values, atol=1e-3)
    usual = GaussianProcess().fit(x[:3], values[:3], gradients[:3])
    updated = GaussianProcess().update(usual, x[again], values[again], gradients[again])
    assert np.isfinite(updated.deviation(x)).all()


def test_values_that_are_not_numbers_are_refused(rng):
    x, values, gradients = data(4, 3, rng)
    x[1] = np.nan
    with pytest.raises(LinAlgError):
        GaussianProcess().fit(x, values, gradients, length_scale=1.0, optimise=False)


def test_known_noise_is_smoothed_and_its_share_estimated(rng):
    x = np.linspace(0, 6, 25)[:, None]
    truth, slope = np.sin(x[:, 0]), np.cos(x)
    noisy = truth + 0.05 * rng.normal(size=25), slope + 0.1 * rng.normal(size=(25, 1))
    model = GaussianProcess(noise=(0.05, 0.1)).fit(x, *noisy)
    error = model.predict(x)[0] - truth
    assert np.sqrt(np.mean(error**2)) < 0.04
    assert abs(error / model.deviation(x)).max() < 4


def test_an_unknown_gradient_is_not_used(rng):
    x, values, gradients = data(5, 3, rng)
    known = np.array([True, True, True, True, False])
    gradients[4] = np.nan
    model = GaussianProcess().fit(x, values, gradients, has_gradient=known)
    mean, gradient = model.predict(x)
    np.testing.assert_allclose(mean, values, atol=1e-3)
    assert np.isfinite(gradient).all()


def test_a_single_point(rng):
    """No direction lies between the points then: every gradient is outside of their span."""
    x, values, gradients = data(1, 5, rng)
    process = GaussianProcess()
    model = process.fit(x, values, gradients, length_scale=1.0, optimise=False)
    with_far_one = model.add(x + 1e3, values, gradients)
    z = x + 0.1 * rng.normal(size=(3, 5))
    share = np.sqrt(model.signal_variance / with_far_one.signal_variance)
    assert_close(model.deviation(z), share * with_far_one.deviation(z), amplification=CONDITION)


@pytest.mark.parametrize("case", ["plane", "atoms"])
def test_derivatives_of_the_mean_where_some_gradients_are_unknown(case, rng):
    x, values, gradients = data(6, 2, rng) if case == "plane" else atoms(6, rng)
    features = Coordinates() if case == "plane" else InverseDistances(4)
    known = np.array([True, False, True, True, False, True])
    model = GaussianProcess(features).fit(x, values, gradients, has_gradient=known)
    z = x[1] + 0.05
    assert_derivatives_of_the_mean(model, z)


@pytest.mark.parametrize("case", ["plane", "high", "atoms"])
def test_a_matrix_made_in_parts_is_the_same(case, rng):
    x, values, gradients = {
        "plane": lambda: data(7, 2, rng),
        "high": lambda: data(7, 40, rng),
        "atoms": lambda: atoms(7, rng),
    }[case]()
    features = InverseDistances(4) if case == "atoms" else Coordinates()
    known = np.array([True, True, False, True, False, True, True])

    def fit(settings):
        return GaussianProcess(features, settings=settings).fit(
            x, values, gradients, has_gradient=known, length_scale=0.9, optimise=False
        )

    whole, parts = fit(FitSettings()), fit(FitSettings(rows_at_once=20, rows_of_a_part=20))
    z = x[:3] + 0.03
    for got, expected in zip(parts.predict(z), whole.predict(z), strict=True):
        assert_close(got, expected, amplification=CONDITION)
    assert_close(parts.deviation(z), whole.deviation(z), amplification=CONDITION)
    assert_close(parts.log_likelihood, whole.log_likelihood, amplification=CONDITION)


@pytest.mark.parametrize("n_dims", [3, 60])
def test_restricted_to_a_subspace(n_dims, rng):
    x, values, gradients = data(6, n_dims, rng)
    model = GaussianProcess().fit(x, values, gradients)
    basis, _ = np.linalg.qr((x[1:] - x[0]).T)
    basis = np.linalg.qr(np.c_[basis, rng.normal(size=(n_dims, 2))])[0]
    origin = x[0] + 0.3 * basis[:, 0]
    small = model.restricted(origin, basis)
    y = rng.normal(size=(5, basis.shape[1]))
    z = origin + y @ basis.T
    assert_close(small.predict(y)[0], model.predict(z)[0], amplification=CONDITION)
    assert_close(small.predict(y)[1], model.predict(z)[1] @ basis, amplification=CONDITION)
    assert_close(small.deviation(y), model.deviation(z), amplification=CONDITION)
    expected = basis.T @ model.hessian(z[0]) @ basis
    assert_close(small.hessian(y[0]), expected, amplification=CONDITION)


def test_only_coordinates_can_be_restricted(rng):
    x, values, gradients = atoms(3, rng)
    model = GaussianProcess(InverseDistances(4)).fit(x, values, gradients)
    with pytest.raises(TypeError, match="Coordinates"):
        model.restricted(x[0], np.eye(12))


class TestAlternatives:
    """Data drawn as sums over pairs of a short-ranged and of a long-ranged force."""

    @staticmethod
    def energies(x, power):
        """Σ cos(r^-power) over the pairs of four atoms, and its gradient."""
        positions = x.reshape(len(x), -1, 3)
        d = positions[:, :, None] - positions[:, None]
        r = np.linalg.norm(d, axis=-1) + 1e9 * np.eye(positions.shape[1])
        values = 0.5 * np.cos(3 * r**-power).sum(axis=(1, 2))
        slope = 3 * power * np.sin(3 * r**-power) * r ** (-power - 2)
        return values, (slope[..., None] * d).sum(axis=2).reshape(x.shape)

    @pytest.mark.parametrize("power", [0.5, 3.0])
    def test_likelihood_finds_the_power(self, power, rng):
        x = atoms(8, rng)[0]
        maps = tuple(InverseDistances(4, power=q) for q in (1.0, 0.5, 3.0))
        process = GaussianProcess(maps[0], nugget=1e-10, alternatives=maps)
        values, gradients = self.energies(x, power)
        model = process.fit(x[:3], values[:3], gradients[:3])
        assert model.features is maps[0]
        for n in range(4, 9):
            model = process.update(model, x[:n], values[:n], gradients[:n])
        assert model.features.power == power
        mean, slope = model.predict(x)
        np.testing.assert_allclose(mean, values, atol=1e-4)
        np.testing.assert_allclose(slope, gradients, atol=1e-3)

    def test_no_other_features_after_the_sixth_point(self, rng):
        x = atoms(8, rng)[0]
        maps = tuple(InverseDistances(4, power=q) for q in (1.0, 3.0))
        values, gradients = self.energies(x, 3.0)
        model = GaussianProcess(maps[0]).fit(x[:6], values[:6], gradients[:6])
        process = GaussianProcess(maps[0], alternatives=maps)
        assert process.update(model, x, values, gradients).features is maps[0]


class TestManyRows:
    """With more rows than allowed, the highest points keep their values alone."""

    PROCESS = GaussianProcess(
        InverseDistances(4), nugget=1e-10, settings=FitSettings(most_rows=13 * 14)
    )

    def test_lowest_and_latest_points_keep_their_gradients(self, rng):
        x, values, gradients = atoms(24, rng)
        model = self.PROCESS.fit(x, values, gradients)
        seeing = model.data.has_gradient
        assert seeing.sum() <= 14
        assert seeing[-6:].all()
        assert seeing[np.argsort(values)[:8]].all()
        mean, slope = model.predict(x)
        np.testing.assert_allclose(mean, values, atol=1e-4 * np.ptp(values))
        np.testing.assert_allclose(slope[seeing], gradients[seeing], atol=1e-3)
        assert (model.deviation(x[~seeing] + 0.01) > 0).all()

    def test_update_goes_on_and_thins_again(self, rng):
        x, values, gradients = atoms(30, rng)
        model = self.PROCESS.fit(x[:14], values[:14], gradients[:14])
        assert model.data.has_gradient.all()
        for n in range(15, 31):
            model = self.PROCESS.update(model, x[:n], values[:n], gradients[:n])
            assert 8 <= model.data.has_gradient.sum() <= 1.3 * 14
            np.testing.assert_array_equal(model.solver.has_gradient, model.data.has_gradient)
        mean, _ = model.predict(x)
        np.testing.assert_allclose(mean, values, atol=1e-4 * np.ptp(values))

    def test_other_values_at_the_same_points(self, rng):
        x, values, gradients = atoms(24, rng)
        model = self.PROCESS.fit(x, values, gradients)
        other = self.PROCESS.update(model, x, 2 * values, 2 * gradients)
        assert_close(other.predict(x)[0], 2 * model.predict(x)[0], amplification=CONDITION)

    def test_coordinates_keep_all(self, rng):
        x, values, gradients = data(24, 6, rng)
        model = GaussianProcess(settings=FitSettings(most_rows=20)).fit(x, values, gradients)
        assert model.data.has_gradient.all()


def test_other_features_are_tried_only_as_far_as_they_are_likely_enough():
    rng = np.random.default_rng(4)
    x = np.array([0.0, 0, 0, 2, 0, 0, 0, 2, 0]) + 0.3 * rng.normal(size=(6, 9))
    distances = InverseDistances(3)
    model = GaussianProcess(distances).fit(x, *springs(x, rng))
    other = distances.with_power(2.0)
    rival = model.seen_by(other)
    assert model.seen_by(other, rival.log_likelihood + 1e-3) is None
    again = model.seen_by(other, rival.log_likelihood - 1e-3)
    assert_close(again.log_likelihood, rival.log_likelihood)
