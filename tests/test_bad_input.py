"""What is wrong with an input is said by name, with what was received and what to do.

Each row: a call, the kind of error, and words that its message must hold.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.calculators.emt import EMT

from fourierpathfinder import (
    Direct,
    LandscapeError,
    Paper,
    SinePath,
    Stochastic,
    Surrogate,
    connect,
    find_path,
    find_paths,
    hessian_eigenvalues,
)
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.calculation import CalculatorError
from fourierpathfinder.landscapes import FunctionLandscape, IsolatedLandscape, check_landscape
from fourierpathfinder.reaction_path import minimum_energy_path
from fourierpathfinder.saddle import verify_saddle

START, END = np.array([-1.0, 0.1]), np.array([1.0, 0.2])
ARRAY = np.zeros((3, 2))


class Bowl:
    """f = |x|², with whatever is wrong with it done to the results."""

    def __init__(self, change=lambda points, values, gradients: (values, gradients)):
        self.change = change

    def value_and_grad(self, points):
        return self.change(points, (points**2).sum(-1), 2 * points)


def nan_at_the_middle(points, values, gradients):
    return np.where(abs(points[:, 0]) < 0.05, np.nan, values), gradients


def infinite_slope_at_the_middle(points, values, gradients):
    return values, np.where(abs(points[:, :1]) < 0.05, np.inf, gradients)


class Exploding(Calculator):
    """Works for a while, then raises."""

    implemented_properties = ("energy", "forces")
    n_calls = 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        Exploding.n_calls += 1
        if Exploding.n_calls > 20:
            raise RuntimeError("SCF not converged")
        self.results = {"energy": 0.0, "forces": np.zeros((len(atoms), 3))}


class Untouched:
    """Is not to be evaluated."""

    def value_and_grad(self, points):
        raise AssertionError("evaluated")


CHAIN = Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])
TURNED = Atoms("HCN", [(0, 0, 2.15), (0, 0, 0), (0, 0, 1.15)])


def moved(x):
    atoms = TURNED.copy()
    atoms.positions[0, 0] = x
    return atoms


def in_a_cell(cell):
    return Atoms("HCN", TURNED.positions, cell=cell, pbc=True)


def molecule(end, calculator=EMT):
    return find_path(MoleculeLandscape(CHAIN, calculator), CHAIN, end, method=Direct(), rng=0)


def call(landscape=None, start=START, end=END, method=Direct(), **options):  # noqa: B008
    return find_path(
        Bowl() if landscape is None else landscape, start, end, method=method, rng=0, **options
    )


@dataclass(frozen=True)
class Row:
    call: object
    kind: type[Exception]
    words: tuple[str, ...]


def row(name, function, kind, *words):
    return pytest.param(Row(function, kind, words), id=name)


def numbers(values):
    return lambda points, f, g: (np.full(f.shape, values), g)


TABLE = [
    # the ends
    row(
        "ends of different shapes",
        lambda: call(end=np.ones(3)),
        ValueError,
        "`start` has shape (2,), `end` (3,); both must be (D,)",
    ),
    row(
        "NaN in an end",
        lambda: call(end=np.array([1.0, np.nan])),
        ValueError,
        "`end` has nan at coordinate 1; every coordinate must be finite",
    ),
    row(
        "equal ends",
        lambda: call(end=START),
        ValueError,
        "`start` and `end` are the same point; a path needs two different ends",
    ),
    row(
        "truth values as an end",
        lambda: call(start=np.array([True, False])),
        TypeError,
        "`start` must be an array of floats, got bool; convert it to floats",
    ),
    row(
        "many points as an end",
        lambda: call(start=ARRAY),
        ValueError,
        "`start` has shape (3, 2); it must be one point, (D,)",
    ),
    row(
        "ends too far apart",
        lambda: call(start=START * 1e300, end=END * 1e300),
        ValueError,
        "`start` and `end` are 2e+300 apart in one coordinate, too far to calculate with",
        "scale the coordinates",
    ),
    row(
        "ends too near",
        lambda: call(start=START * 1e-300, end=END * 1e-300),
        ValueError,
        "`start` and `end` are 2e-300 apart in one coordinate, too near to calculate with",
    ),
    row("no end", lambda: call(end=None), TypeError, "`end` must be an array of floats"),
    # the landscape
    row(
        "NaN at one point",
        lambda: call(Bowl(nan_at_the_middle), method=Paper(n_points=51, n_steps=2)),
        LandscapeError,
        "the value nan at point 24 (t = 0.48)",
        "of 51 points are not finite",
        "move the ends",
    ),
    row(
        "infinite gradient",
        lambda: call(Bowl(infinite_slope_at_the_middle)),
        LandscapeError,
        "a gradient with NaN or inf at point",
        "(t = 0.",
    ),
    row(
        "wrong gradient shape",
        lambda: call(Bowl(lambda points, f, g: (f, g[:, :1]))),
        LandscapeError,
        "gradients of shape (12, 1) for points of shape (12, 2)",
        "must have shape (12, 2)",
        "check_landscape",
    ),
    row(
        "gradients turned",
        lambda: call(Bowl(lambda points, f, g: (f, g.T))),
        LandscapeError,
        "gradients of shape (2, 12)",
    ),
    row(
        "one value for all points",
        lambda: call(Bowl(lambda points, f, g: (f.sum(), g))),
        LandscapeError,
        "values of shape ()",
        "must have shape (12,)",
    ),
    row(
        "gradients alone",
        lambda: call(Bowl(lambda points, f, g: g)),
        LandscapeError,
        "the landscape returned a ndarray",
        "(values, gradients)",
    ),
    row(
        "no results",
        lambda: call(Bowl(lambda points, f, g: None)),
        LandscapeError,
        "the landscape returned a NoneType",
    ),
    row(
        "a function without a gradient",
        lambda: call(lambda x: x @ x),
        ValueError,
        "`landscape` is a plain function without a gradient",
        "gradient=",
        '"finite-difference"',
    ),
    row(
        "a gradient too many",
        lambda: call(gradient=lambda x: 2 * x),
        ValueError,
        "`gradient` was given",
        "leave `gradient` out",
    ),
    row(
        "a gradient of one component",
        lambda: call(lambda x: x @ x, gradient=lambda x: 2 * x[:1]),
        ValueError,
        "`gradient` returned shape (1,)",
        "must return (2,)",
    ),
    row("an array as landscape", lambda: call(ARRAY), TypeError, "`landscape` is a ndarray"),
    row("a class as landscape", lambda: call(Bowl), TypeError, "class Bowl", "pass an instance"),
    row(
        "structures as landscape",
        lambda: call(CHAIN),
        TypeError,
        "`landscape` is an ASE Atoms object",
        "MoleculeLandscape(atoms, calculator)",
    ),
    row(
        "low precision that NumPy does not have",
        lambda: call(method=Stochastic(dtype="bfloat16")),
        ValueError,
        "`dtype` is 'bfloat16', but arrays of numpy have no such type",
    ),
    # many paths
    row(
        "ends that are no pairs",
        lambda: find_paths(Bowl(), [4]),
        TypeError,
        "`pairs` must hold pairs (start, end), but one of them is a int",
    ),
    row(
        "no pairs at all",
        lambda: find_paths(Bowl(), None),
        TypeError,
        "`pairs` is a NoneType; pass a list of pairs (start, end)",
    ),
    row(
        "pairs by a word that is none",
        lambda: connect(Untouched(), [START, END], pairs="some"),
        ValueError,
        '`pairs` is \'some\'; it must be "all", "nearest" or a list of pairs',
    ),
    row(
        "pairs of minima that there are not",
        lambda: connect(Untouched(), [START, END], pairs=[(0, 7)]),
        ValueError,
        "`pairs` names (0, 7), but there are 2 minima",
    ),
    row(
        "no tries",
        lambda: connect(Untouched(), [START, END], n_tries=0),
        ValueError,
        "`n_tries` is 0; it must be at least 1, or None for no limit",
    ),
    row(
        "a method by name for many paths",
        lambda: find_paths(Bowl(), [(START, END)], method="direct"),
        TypeError,
        "`method` is 'direct'; pass settings",
    ),
    row(
        "no budget for many paths",
        lambda: find_paths(Bowl(), [(START, END)], max_gradients=0),
        ValueError,
        "`max_gradients` is 0",
    ),
    row(
        "an executor that is none for many paths",
        lambda: find_paths(Bowl(), [(START, END)], executor=4),
        TypeError,
        "`executor` is a int",
        "ProcessPoolExecutor",
    ),
    # the method and the other settings
    *(
        row(
            "more terms than any path has",
            lambda make=make: make(n_terms=10**6),
            ValueError,
            "`n_terms` is 1000000; it must be at most 10000",
        )
        for make in (Direct, Paper, Stochastic, Surrogate)
    ),
    row(
        "one point of a path",
        lambda: Direct(n_points=1),
        ValueError,
        "`n_points` is 1; it must be at least 2",
    ),
    *(
        row(
            "a time that is none",
            lambda time=time: SinePath.straight(START, END, 2)(time),
            ValueError,
            "times must be finite",
        )
        for time in (np.nan, np.inf, -np.inf, np.array([0.5, np.nan]), np.float64(np.nan), [np.nan])
    ),
    *(
        row(
            "a plain function where a gradient cannot be passed",
            lambda call=call: call(lambda x: x @ x),
            ValueError,
            "`landscape` is a plain function without a gradient; pass `FunctionLandscape(function",
        )
        for call in (
            lambda f: verify_saddle(f, None),
            lambda f: minimum_energy_path(f, None),
            lambda f: hessian_eigenvalues(f, START[None]),
            lambda f: check_landscape(f, np.stack([START, END])),
        )
    ),
    row("no terms", lambda: Direct(n_terms=0), ValueError, "`n_terms` is 0; it must be positive"),
    row("no terms", lambda: Paper(n_terms=0), ValueError, "`n_terms` is 0; it must be positive"),
    row(
        "half a term",
        lambda: Direct(n_terms=2.5),
        TypeError,
        "`n_terms` is 2.5; it must be a whole number",
    ),
    row(
        "a method by name",
        lambda: call(method="direct"),
        TypeError,
        "`method` is 'direct'; pass settings, such as `Direct()`",
    ),
    row("a method's class", lambda: call(method=Direct), TypeError, "`method` is Direct; pass"),
    row("no budget", lambda: call(max_gradients=0), ValueError, "`max_gradients` is 0"),
    row(
        "half a gradient",
        lambda: call(max_gradients=1.5),
        TypeError,
        "`max_gradients` is 1.5; it must be a whole number",
    ),
    row(
        "too small a budget",
        lambda: call(max_gradients=5),
        ValueError,
        "`max_gradients` is 5, not enough for the first iteration of Direct(",
        "raise it to 14 or more",
    ),
    row(
        "a checkpoint nowhere",
        lambda: call(checkpoint="/no/such/folder/run.npz"),
        ValueError,
        "`checkpoint` is /no/such/folder/run.npz, but its folder does not exist; make it first",
    ),
    row(
        "a checkpoint that is a folder",
        lambda: call(checkpoint=Path.cwd()),
        ValueError,
        "a folder; name a file in it",
    ),
    row(
        "a budget for the first step of a surrogate",
        lambda: call(Untouched(), method=Surrogate(), max_gradients=2),
        ValueError,
        "`max_gradients` is 2, not enough for the first iteration",
        "raise it to 3 or more",
    ),
    row(
        "an executor that is none",
        lambda: call(executor=4),
        TypeError,
        "`executor` is a int",
        "ProcessPoolExecutor",
    ),
    # molecules
    row(
        "atoms in another order",
        lambda: molecule(TURNED[[1, 0, 2]]),
        ValueError,
        "`end`",
        "another order: atom 0 is C but the landscape has H there",
        "reorder it",
    ),
    row(
        "other atoms",
        lambda: molecule(TURNED[:2]),
        ValueError,
        "`end`",
        "it is CH but the landscape is CHN",
    ),
    row(
        "an atom nowhere",
        lambda: molecule(moved(np.nan)),
        ValueError,
        "`end`",
        "the structure has atom 0 at [nan, ",
    ),
    row(
        "an atom beyond all digits",
        lambda: molecule(moved(1e30)),
        ValueError,
        "the structure has atom 0 at [1e+30, ",
        "below 1e+08 Å",
    ),
    row(
        "a landscape with an atom nowhere",
        lambda: MoleculeLandscape(moved(np.inf), EMT),
        ValueError,
        "`atoms` has atom 0 at [inf, ",
    ),
    row(
        "a cell without a volume",
        lambda: MoleculeLandscape(in_a_cell([[1, 0, 0], [2, 0, 0], [0, 0, 1]]), EMT),
        ValueError,
        "`atoms` has the cell [[1.0, 0.0, 0.0], [2.0, 0.0, 0.0], [0.0, 0.0, 1.0]]",
        "spans no lattice",
    ),
    row(
        "a cell that is no number",
        lambda: MoleculeLandscape(in_a_cell([np.nan, 5, 5]), EMT),
        ValueError,
        "spans no lattice",
    ),
    *(
        row(
            f"contact {contact}",
            lambda contact=contact: MoleculeLandscape(CHAIN, EMT, contact=contact),
            ValueError,
            f"`contact` is {contact}; it must be 0 or a positive, finite number",
        )
        for contact in (-1, np.nan, np.inf)
    ),
    row(
        "contact by a word",
        lambda: MoleculeLandscape(CHAIN, EMT, contact="x"),
        TypeError,
        "`contact` is 'x'; it must be a number",
    ),
    # processes
    *(
        row(
            f"timeout {timeout}",
            lambda timeout=timeout: IsolatedLandscape(Bowl(), timeout=timeout),
            ValueError,
            f"`timeout` is {timeout}; it must be a positive number of seconds, at most 1e+06",
        )
        for timeout in (0, -1, np.inf, np.nan, 1e300)
    ),
    row(
        "timeout by a word",
        lambda: IsolatedLandscape(Bowl(), timeout="3"),
        TypeError,
        "`timeout` is '3'; it must be a number of seconds",
    ),
    row(
        "half a process",
        lambda: IsolatedLandscape(Bowl(), n_workers=1.5),
        TypeError,
        "`n_workers` is 1.5; it must be a whole number",
    ),
    row(
        "a point in place of points",
        lambda: IsolatedLandscape(FunctionLandscape(abs, abs)).value_and_grad(START),
        ValueError,
        "`points` has shape (2,); it must be (M, D)",
    ),
    row(
        "a calculator that raises",
        lambda: molecule(TURNED, Exploding),
        CalculatorError,
        "the calculator Exploding raised RuntimeError at point",
        "SCF not converged",
        "landscape.atoms(error.point)",
    ),
]


@pytest.mark.parametrize("row", TABLE)
def test_bad_input(row):
    with pytest.raises(row.kind) as caught:
        row.call()
    for words in row.words:
        assert words in str(caught.value)


def test_a_calculator_that_raises_late_leaves_a_path():
    Exploding.n_calls = 0
    with pytest.raises(CalculatorError) as caught:
        molecule(TURNED, Exploding)
    assert caught.value.result.n_gradients >= 10
    assert caught.value.point.shape == (9,)


def test_an_error_of_a_plain_function_arrives_as_it_is():
    def failing(x):
        raise FileNotFoundError("parameters.dat")

    with pytest.raises(FileNotFoundError, match=r"parameters\.dat"):
        call(FunctionLandscape(failing, lambda x: 2 * x))


def test_integer_results_are_no_error():
    """A function may well return 0 or 1 as an int."""

    class Steps:
        def value_and_grad(self, points):
            return (points[:, 0] > 0).astype(int), np.zeros(points.shape, dtype=int)

    result = call(Steps(), method=Paper(n_points=20, n_steps=3))
    assert result.height == 1.0
    assert result.path.coefficients.dtype == np.float64
