"""What is killed: every kind of run that can be gone on with, as a process of its own does it."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from ase import Atoms
from ase.io import read, write
from torch import nn

from fourierpathfinder import Direct, Status, Stochastic, connect, find_path, find_paths
from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.cli import main
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.toy import two_channels
from tests.cli.conftest import adatom

from . import calc


@dataclass(frozen=True)
class Kind:
    """One way to run, from the current folder into `out`.

    Attributes
    ----------
    run : callable
        Goes on with what lies there; ends with an exit status, or with the end of the process.
    at_a_time : int
        Calculations that may be under way when it is killed; none are counted where it is 0.
    statuses : tuple of int
        Those of a run that was not killed.
    """

    run: Callable[[], object]
    at_a_time: int = 0
    statuses: tuple[int, ...] = (0,)


def kinds(address: str | None) -> dict[str, Kind]:
    """All of them by name; those on Dask only where there is the address of a scheduler."""
    pair, minima = ("find", "a.traj", "b.traj"), ("connect", "minima.traj")
    found = {
        "find": Kind(partial(_command, *pair), 1),
        "find, 2 jobs": Kind(partial(_command, *pair, "--jobs", "2"), 2),
        "connect": Kind(partial(_command, *minima), 1),
        "connect, 2 jobs": Kind(partial(_command, *minima, "--jobs", "2"), 2),
        "find-many": Kind(partial(_command, "find-many", "pairs.csv"), 1),
        "find-many, 2 jobs": Kind(partial(_command, "find-many", "pairs.csv", "--jobs", "2"), 2),
        "find, here": Kind(_find_here, 1),
        "connect, here": Kind(_connect_here, 1),
        "many, here": Kind(_many_here, 1),
        "one network": Kind(_one_network),
        "networks": Kind(_networks),
        "graph of networks": Kind(_graph_of_networks),
        "snapshots": Kind(_snapshots),
    }
    if address is not None:
        on_dask = ("--scheduler", address)
        found["find, Dask"] = Kind(partial(_command, *pair, *on_dask), 1)
        found["find-many, Dask"] = Kind(partial(_command, "find-many", "pairs.csv", *on_dask), 1)
    return found


def prepare(folder: Path) -> None:
    """Write what the commands read."""
    ends = [adatom(place, (3, 3, 2), held=0, copper=[10]) for place in ((0, 0), (1, 0))]
    write(folder / "minima.traj", ends)
    for name, atoms in zip("ab", ends, strict=True):
        write(folder / f"{name}.traj", atoms)
    rows = ["name,reactant,product", "there,a.traj,b.traj", "back,b.traj,a.traj"]
    (folder / "pairs.csv").write_text("\n".join(rows) + "\n")
    (folder / "calc.py").write_bytes(Path(__file__).with_name("calc.py").read_bytes())


def _command(*arguments: str) -> None:
    more = ("-c", "calc.py:Noting", "-o", "out", "--restart", "--no-resume-check")
    sys.argv = ["fourierpathfinder", *arguments, *more]
    main()


def _molecule() -> tuple[MoleculeLandscape, Atoms, Atoms]:
    """The same in this process, without the command."""
    calc.CALLS = Path("calls")  # a part of the identity, so the same wherever that is
    Path("out").mkdir(exist_ok=True)
    a, b = read("a.traj"), read("b.traj")
    return MoleculeLandscape(a, calc.Noting()), a, b


def _find_here() -> None:
    landscape, a, b = _molecule()
    result = find_path(landscape, a, b, rng=0, checkpoint="out/run.jsonl", resume_check=False)
    _answer([result.path.coefficients, result.heights], result.status)


def _connect_here() -> None:
    landscape, a, b = _molecule()
    graph = connect(landscape, [a, b], rng=0, checkpoint="out/graph.jsonl", resume_check=False)
    if "interrupted" in graph.message:
        sys.exit(130)
    _answer([graph.minimax_heights(), *(edge.path.coefficients for edge in graph.edges)])


def _many_here() -> None:
    landscape, a, b = _molecule()
    Path("out").mkdir(exist_ok=True)
    results = find_paths(
        landscape, [(a, b), (b, a)], rng=0, checkpoint="out/kept", resume_check=False
    )
    arrays = [part for one in results for part in (one.path.coefficients, one.heights)]
    _answer(arrays, *(one.status for one in results))


class _Slow(nn.Module):
    """A classifier small enough to be quick, but for its pauses."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        time.sleep(0.002)
        return self.layers(x)


def _landscape() -> tuple[NetworkLandscape, list[nn.Module]]:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    data = torch.randn(60, 4), torch.randint(3, (60,))
    ends: list[nn.Module] = [_Slow() for _ in range(3)]
    return NetworkLandscape(_Slow(), nn.functional.cross_entropy, data), ends


_TRAINED = Stochastic(n_terms=3, points_per_step=2, batch_size=8, n_steps=100)


def _one_network() -> None:
    landscape, (a, b, _) = _landscape()
    Path("out").mkdir(exist_ok=True)
    result = find_path(
        landscape, a, b, method=_TRAINED, rng=1, checkpoint="out/run.npz", resume_check=False
    )
    _answer([result.path.coefficients, result.heights], result.status)


def _networks() -> None:
    landscape, (a, b, c) = _landscape()
    results = find_paths(
        landscape, [(a, b), (b, c)], method=_TRAINED, rng=1, checkpoint="out", resume_check=False
    )
    arrays = [part for one in results for part in (one.path.coefficients, one.heights)]
    _answer(arrays, *(one.status for one in results))


def _graph_of_networks() -> None:
    landscape, ends = _landscape()
    Path("out").mkdir(exist_ok=True)
    graph = connect(
        landscape, ends, method=_TRAINED, rng=1, checkpoint="out/graph.jsonl", resume_check=False
    )
    if "interrupted" in graph.message:
        sys.exit(130)
    _answer([graph.minimax_heights(), *(edge.path.coefficients for edge in graph.edges)])


class _SlowToy:
    """A landscape whose gradients are cheap, so that what is kept is where the run stands."""

    def __init__(self) -> None:
        self.toy = two_channels()

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        time.sleep(0.05)
        return self.toy.value_and_grad(points)


def _snapshots() -> None:
    landscape = _SlowToy()
    Path("out").mkdir(exist_ok=True)
    result = find_path(
        landscape, landscape.toy.start, landscape.toy.end,
        method=Direct(), rng=0, checkpoint="out/run.npz", resume_check=False,
    )  # fmt: skip
    _answer([result.path.coefficients, result.heights], result.status)


def _answer(arrays: list[object], *statuses: Status) -> None:
    if Status.INTERRUPTED in statuses:
        sys.exit(130)
    np.savez("out/answer.npz", *map(np.asarray, arrays))  # type: ignore[arg-type]
