import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from examples.nn_experiments.analysis import (
    KERNELS,
    Selection,
    components,
    distances,
    kernel_components,
    select,
    separation,
    statistics,
)

from ..tolerances import assert_close


def block(losses, rng, n_parameters=3):
    losses = np.asarray(losses, dtype=float)
    shape = (len(losses), n_parameters)
    return {
        "train_losses": losses,
        "test_losses": losses + 1,
        "train_points": rng.normal(size=shape),
        "test_points": rng.normal(size=shape),
    }


def test_members_of_lowest_training_loss_are_kept(rng):
    """By the minimum of the curve, not its end; one that diverged is never kept."""
    first = block([[3.0, 1.0, 5.0], [3.0, np.nan, np.nan]], rng)
    second = block([[3.0, 2.5, 2.0], [3.0, 0.5, 0.7]], rng)
    kept = select(Selection(3), None, first, second)
    assert kept["members"].tolist() == [3, 0, 2]
    assert int(kept["n_trained"]) == 4
    np.testing.assert_array_equal(kept["train_points"][0], second["train_points"][1])
    np.testing.assert_array_equal(kept["test_points"][1], first["test_points"][0])
    np.testing.assert_array_equal(kept["test_losses"][2], second["test_losses"][0])


def sets(rng, K=20, D=30):
    lbfgs = {f"{of}_points": rng.normal(size=(K, D)).astype("f") * 2 for of in ("train", "test")}
    sgd = {f"{of}_points": rng.normal(size=(K, D)).astype("f") + 0.5 for of in ("train", "test")}
    return lbfgs, sgd


def test_statistics_are_those_of_all_weights(rng):
    lbfgs, sgd = sets(rng)
    found = statistics(None, None, lbfgs, sgd)
    assert set(found) == {"lbfgs-train", "lbfgs-test", "sgd-train", "sgd-test"}
    expected = [np.mean(sgd["train_points"]), np.std(sgd["train_points"])]
    np.testing.assert_allclose(found["sgd-train"], expected, rtol=1e-5)


def test_distances_from_the_common_origin(rng):
    lbfgs, sgd = sets(rng)
    found = distances(None, None, lbfgs, sgd)
    a, b = lbfgs["test_points"].mean(0), sgd["test_points"].mean(0)
    origin = (a + b) / 2
    expected = [np.sqrt(((point - origin) ** 2).sum()) for point in lbfgs["train_points"]]
    np.testing.assert_allclose(found["lbfgs-train"], expected, rtol=1e-5)
    np.testing.assert_allclose(
        found["half_between_centroids"], np.linalg.norm(a - b) / 2, rtol=1e-4
    )


def test_chance_is_taken_out_of_the_distance_between_centroids(rng):
    """Over many draws the squared distance of few members has the right mean."""
    squares = []
    for _ in range(400):
        found = distances(None, None, *sets(rng, K=4))
        squares.append((2 * float(found["half_without_chance"])) ** 2)
    assert np.mean(squares) == pytest.approx(30 * 0.5**2, rel=0.15)


GRAM = {
    "rbf": lambda x, g: np.exp(-g * ((x[:, None] - x[None]) ** 2).sum(-1)),
    "linear": lambda x, g: x @ x.T,
    "poly": lambda x, g: (g * x @ x.T + 1) ** 3,
    "sigmoid": lambda x, g: np.tanh(g * x @ x.T + 1),
}


@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel_components_are_those_of_a_direct_decomposition(rng, kernel):
    points = rng.normal(size=(12, 7))
    gram = GRAM[kernel](points, 1 / 7)
    centre = np.eye(12) - 1 / 12
    values, vectors = np.linalg.eigh(centre @ gram @ centre)
    expected = vectors[:, :-3:-1] * np.sqrt(values[:-3:-1])
    found = kernel_components(points, kernel)
    for k in range(2):
        sign = np.sign(found[:, k] @ expected[:, k])
        np.testing.assert_allclose(found[:, k], sign * expected[:, k], atol=1e-8)


def test_components_of_either_figure(rng):
    lbfgs, sgd = sets(rng)
    found = components(None, None, lbfgs, sgd)
    assert set(found) == {
        f"{figure}-{kernel}" for figure in ("figure6", "s4") for kernel in KERNELS
    }
    together = kernel_components(np.concatenate([lbfgs["test_points"], sgd["test_points"]]), "rbf")
    assert_close(found["s4-rbf"][1], together[20:])


def test_separation_is_the_area_that_a_rank_test_knows(rng):
    first, second = rng.integers(0, 9, (2, 50, 16)).astype(float)
    expected = mannwhitneyu(first, second, axis=-1).statistic / 16**2
    found = separation(first, second)
    np.testing.assert_allclose(found, np.maximum(expected, 1 - expected))
    np.testing.assert_allclose(separation(first.T, second.T, axis=0), found)


def test_separation():
    assert separation(np.array([1.0, 2]), np.array([3.0, 4])) == 1
    assert separation(np.array([3.0, 4]), np.array([1.0, 2])) == 1
    assert separation(np.array([1.0, 4]), np.array([2.0, 3])) == 0.5
