"""Every argument that makes no sense is refused by name before a single point is evaluated."""

import numpy as np
import pytest

from fourierpathfinder import (
    Direct,
    LandscapeError,
    Paper,
    Stochastic,
    Surrogate,
    connect,
    find_path,
    find_paths,
)
from fourierpathfinder.gaussian_process import Coordinates, SquaredExponential
from fourierpathfinder.inputs import check_budget, generator

A, B = np.array([-1.0, 0.1]), np.array([1.0, 0.2])
NAN, INF = float("nan"), float("inf")


class Untouched:
    """No point of it may be evaluated."""

    def value_and_grad(self, points):
        raise AssertionError(f"{len(points)} points were evaluated")


def path(start=A, end=B, landscape=None, **options):
    return find_path(Untouched() if landscape is None else landscape, start, end, **options)


def bowl(x):
    return float(x @ x)


CALLS = {
    "long double": (lambda: path(A.astype(np.longdouble)), TypeError, "`start` is of .*float64"),
    "masked": (lambda: path(np.ma.array(A)), TypeError, "`start` is a masked array; fill it"),
    "masked end": (lambda: path(end=np.ma.array(B)), TypeError, "`end` is a masked array"),
    "complex": (lambda: path(A + 0j), TypeError, "`start` must be an array of floats, got complex"),
    "words": (lambda: path("abc"), TypeError, "`start` must be an array of floats"),
    "list of words": (lambda: path(["a", "b"]), TypeError, "`start` must be an array of floats"),
    "objects": (lambda: path(A.astype(object)), TypeError, "got object"),
    "none": (lambda: path(None), TypeError, "`start` must be an array of floats"),
    "ragged": (lambda: path([1.0, [2.0]]), TypeError, "`start` must be an array of floats"),
    "truth values": (lambda: path(A > 0), TypeError, "got bool"),
    "nothing": (lambda: path(np.zeros(0)), ValueError, "it must be one point"),
    "two precisions": (lambda: path(A.astype(np.float32)), TypeError, "convert one of them"),
    "method class": (lambda: path(method=Direct), TypeError, "`method` is Direct; pass settings"),
    "method name": (lambda: path(method="direct"), TypeError, "`method` is 'direct'"),
    "method dict": (lambda: path(method={}), TypeError, "`method` is {}"),
    "budget 0": (lambda: path(max_gradients=0), ValueError, "`max_gradients` is 0"),
    "budget -1": (lambda: path(max_gradients=-1), ValueError, "`max_gradients` is -1"),
    "budget 1.5": (lambda: path(max_gradients=1.5), TypeError, "must be a whole number"),
    "budget True": (lambda: path(max_gradients=True), TypeError, "`max_gradients` is True"),
    "budget inf": (lambda: path(max_gradients=INF), TypeError, "None for no limit"),
    "budget word": (lambda: path(max_gradients="9"), TypeError, "`max_gradients` is '9'"),
    "rng word": (lambda: path(rng="x"), TypeError, "`rng` is 'x'; pass a numpy.random.Generator"),
    "rng -1": (lambda: path(rng=-1), ValueError, "`rng` is -1"),
    "rng 1.5": (lambda: path(rng=1.5), TypeError, "`rng` is 1.5"),
    "executor": (lambda: path(executor=4), TypeError, "`executor` is a int"),
    "callback": (lambda: path(callback=3), TypeError, "`callback` is a int; pass a function"),
    "progress": (lambda: path(progress="x"), TypeError, "`progress` is 'x'; it must be True or"),
    "checkpoint": (lambda: path(checkpoint=3), TypeError, "`checkpoint` is a int"),
    "no checkpoint": (lambda: path(checkpoint=""), ValueError, "`checkpoint` is an empty path"),
    "no folder": (lambda: path(checkpoint="/nope/x"), ValueError, "`checkpoint` is /nope/x"),
    "gradient twice": (lambda: path(gradient=lambda x: x), ValueError, "has its own"),
    "gradient word": (lambda: path(landscape=bowl, gradient="autgrad"), ValueError, "'autgrad'"),
    "gradient 3": (lambda: path(landscape=bowl, gradient=3), TypeError, "`gradient` is 3"),
    "gradient False": (lambda: path(landscape=bowl, gradient=False), TypeError, "is False"),
    "no gradient": (lambda: path(landscape=bowl), ValueError, "without a gradient"),
    "landscape 3": (lambda: path(landscape=3), TypeError, "`landscape` is a int"),
    "landscape class": (lambda: path(landscape=Untouched), TypeError, "pass an instance"),
    "ensemble's method": (
        lambda: find_paths(Untouched(), [(A, B)], method="direct"), TypeError, "`method` is",
    ),
    "ensemble's budget": (
        lambda: find_paths(Untouched(), [(A, B)], max_gradients=0), ValueError, "`max_gradients`",
    ),
    "ensemble's rng": (lambda: find_paths(Untouched(), [(A, B)], rng="x"), TypeError, "`rng`"),
    "graph's method": (
        lambda: connect(Untouched(), [A, B], method=Direct), TypeError, "`method` is Direct",
    ),
    "graph's budget": (
        lambda: connect(Untouched(), [A, B], max_gradients=True), TypeError, "`max_gradients`",
    ),
    "graph's rng": (lambda: connect(Untouched(), [A, B], rng=-1), ValueError, "`rng` is -1"),
    "graph's executor": (
        lambda: connect(Untouched(), [A, B], executor=2), TypeError, "`executor` is a int",
    ),
    "minimum of NaN": (
        lambda: connect(Untouched(), [A, B * NAN]), ValueError, "minimum 1 has a coordinate",
    ),
    "minimum of words": (
        lambda: connect(Untouched(), [A, "ab"]), TypeError, "minimum 1 is no array",
    ),
}  # fmt: skip

SETTINGS = {
    "tol 0": (lambda: Surrogate(tol=0), ValueError, "`tol` is 0; it must be positive"),
    "tol nan": (lambda: Surrogate(tol=NAN), ValueError, "`tol` is nan; it must be positive"),
    "tol inf": (lambda: Surrogate(tol=INF), ValueError, "`tol` is inf; .*finite"),
    "tol word": (lambda: Surrogate(tol="x"), TypeError, "`tol` is 'x'; it must be a number"),
    "tol above all": (lambda: Surrogate(tol=2), ValueError, "it is a fraction of the rise"),
    "tol complex": (lambda: Surrogate(tol=1j), TypeError, "it must be a number"),
    "tol True": (lambda: Direct(tol=True), TypeError, "`tol` is True; it must be a number"),
    "features": (lambda: Surrogate(features="x"), ValueError, "`features` is 'x'; pass \"auto\""),
    "features None": (lambda: Surrogate(features=None), TypeError, "`features` is None"),
    "features class": (lambda: Surrogate(features=Coordinates), TypeError, "`features` is <class"),
    "kernel None": (lambda: Surrogate(kernel=None), TypeError, "`kernel` is None; .*a kernel"),
    "kernel class": (lambda: Surrogate(kernel=SquaredExponential), TypeError, "`kernel` is <cl"),
    "certify": (lambda: Surrogate(certify="no"), TypeError, "`certify` is 'no'; .*True or False"),
    "split": (lambda: Surrogate(split=None), TypeError, "`split` is None; .*True or False"),
    "policy": (lambda: Surrogate(policy="bold"), TypeError, "`policy` is 'bold'"),
    "noise 3": (lambda: Surrogate(noise=3), TypeError, "`noise` is 3; give two standard"),
    "noise word": (lambda: Surrogate(noise="ab"), TypeError, "`noise` is 'ab'"),
    "noise triple": (lambda: Surrogate(noise=(1e-3,) * 3), TypeError, "give two standard"),
    "noise nan": (lambda: Surrogate(noise=(NAN, 1)), ValueError, "noise of values` is nan"),
    "noise < 0": (lambda: Surrogate(noise=(0, -1.0)), ValueError, "noise of gradients` is -1"),
    "n_starts": (lambda: Surrogate(n_starts=1.5), TypeError, "`n_starts` is 1.5"),
    "n_starts 0": (lambda: Surrogate(n_starts=0), ValueError, "`n_starts` is 0"),
    "n_terms True": (lambda: Direct(n_terms=True), TypeError, "`n_terms` is True"),
    "n_points": (lambda: Direct(n_points="9"), TypeError, "`n_points` is '9'"),
    "beta": (lambda: Direct(beta=INF), ValueError, "`beta` is inf"),
    "smoothness": (lambda: Paper(smoothness=NAN), ValueError, "`smoothness` is nan"),
    "smoothness word": (lambda: Paper(smoothness="1"), TypeError, "`smoothness` is '1'"),
    "rate": (lambda: Stochastic(learning_rate=NAN), ValueError, "`learning_rate` is nan"),
    "rate True": (lambda: Stochastic(learning_rate=True), TypeError, "`learning_rate` is True"),
    "batch": (lambda: Stochastic(batch_size=2.0), TypeError, "`batch_size` is 2.0"),
    "points": (lambda: Stochastic(points_per_step=0), ValueError, "`points_per_step` is 0"),
    "samples": (lambda: Stochastic(evaluation_samples=64.0), TypeError, "`evaluation_samples`"),
}


@pytest.mark.parametrize(
    ("call", "kind", "words"), [*CALLS.values(), *SETTINGS.values()], ids=[*CALLS, *SETTINGS]
)
def test_refused_by_name(call, kind, words):
    with pytest.raises(kind, match=words):
        call()


def test_a_checkpoint_that_is_a_folder_is_refused(tmp_path):
    with pytest.raises((ValueError, OSError), match=str(tmp_path)):
        path(checkpoint=tmp_path)


RETURNED = {
    "complex values": lambda f, g: (f + 1j, g),
    "words": lambda f, g: (f.astype(str), g),
    "objects": lambda f, g: (f.astype(object), g),
    "truth values": lambda f, g: (f > 0, g),
    "masked values": lambda f, g: (np.ma.array(f), g),
    "complex gradients": lambda f, g: (f, g + 1j),
}


@pytest.mark.parametrize("change", RETURNED.values(), ids=RETURNED)
@pytest.mark.parametrize("method", [Direct(), Surrogate()], ids=["direct", "surrogate"])
def test_what_is_no_number_is_refused_at_the_first_evaluation(change, method):
    calls = []

    class Strange:
        def value_and_grad(self, points):
            calls.append(points)
            return change((points**2).sum(axis=1), 2 * points)

    with pytest.raises(LandscapeError, match=r"the landscape returned \w+ that are"):
        find_path(Strange(), A, B, method=method, rng=0)
    assert len(calls) == 1


@pytest.mark.parametrize(
    "function", [lambda x: "1", lambda x: None, lambda x: 1 + 1j, lambda x: True],
    ids=["word", "nothing", "complex", "truth value"],
)  # fmt: skip
def test_a_function_must_return_real_numbers(function):
    with pytest.raises(TypeError, match=r"`function` returned .* must return real numbers"):
        find_path(function, A, B, gradient=lambda x: 2 * x, rng=0)


@pytest.mark.parametrize("gradient", [lambda x: None, lambda x: ["a", "b"]])
def test_a_gradient_must_return_real_numbers(gradient):
    with pytest.raises(TypeError, match=r"`gradient` returned .* must return real numbers"):
        find_path(bowl, A, B, gradient=gradient, rng=0)


class Wavy:
    def value_and_grad(self, points):
        x, y = points.T
        return (x**2 - 1) ** 2 + y**2, np.stack([4 * x * (x**2 - 1), 2 * y], axis=1)


@pytest.mark.parametrize(
    "ends",
    [
        (A.tolist(), B.tolist()),
        (A.astype(">f8"), B.astype(">f8")),
        (A.astype("<f4"), B.astype("<f4")),
        (np.int64(1) * A, B),
    ],
    ids=["lists", "other byte order", "single precision", "doubles"],
)
def test_what_makes_sense_is_taken(ends):
    result = find_path(Wavy(), *ends, method=Direct(), max_gradients=np.int64(60), rng=0)
    assert result.height == pytest.approx(1.0, abs=0.05)


@pytest.mark.parametrize("rng", [None, 0, np.int32(3), np.random.default_rng(1)])
def test_seeds_and_generators_are_taken(rng):
    assert isinstance(generator(rng), np.random.Generator)


def test_no_budget_is_no_limit():
    check_budget(None)
    check_budget(np.int64(5))
