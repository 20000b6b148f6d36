"""Many structures in, the graph of their minimax heights out: the command `connect`."""

import logging
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.io import read

from ..atoms.comparison import compared
from ..atoms.preflight import Finding, Severity
from ..graph import LandscapeGraph, connect
from ..methods import Surrogate
from ..storage.documents import write_document
from ..storage.files import write_file
from .exits import InputError
from .memory import Prior, RecordedMolecule
from .minima import evaluated, relaxed, unrelaxed_ones
from .outputs import Written, write_structures
from .sanity import require_readable, sound
from .settings import Settings

log = logging.getLogger("fourierpathfinder.cli")

SCHEMA = "fourierpathfinder/heights/2"
GRAPH = "graph.jsonl"
_MINIMA, _HEIGHTS, _PICTURE = WRITTEN = ("minima.extxyz", "heights.json", "graph.png")


@dataclass(frozen=True)
class Asked:
    """What the options of `connect` say beyond those of `find`."""

    pairs: str
    n_tries: int


@dataclass(frozen=True, eq=False)
class Connected:
    """What a run ended with."""

    graph: LandscapeGraph
    findings: tuple[Finding, ...]
    """What was noticed before, and has been told."""
    n_gradients_relaxing: int
    written: Written = field(default_factory=Written)

    @property
    def is_certified(self) -> bool:
        """Whether certified paths join all structures at their minimax heights."""
        graph, first = self.graph, self.graph.given[0]
        if not all(np.isfinite(graph.minimax_height(first, node)) for node in graph.given):
            return False
        walks = (graph.best_walk(first, node) for node in graph.given if node != first)
        return all(edge.certified for walk in walks for edge in walk)


def without_a_barrier(graph: LandscapeGraph) -> list[Finding]:
    """Which of the given structures a path leaves downwards at once: these are no minima."""
    found: dict[int, int] = {}
    for edge in graph.edges:
        if edge.certified and edge.saddle is None:
            low, high = sorted((edge.start, edge.end), key=lambda node: graph.values[node])
            found.setdefault(high, low)
    return [
        Finding(
            "minimum",
            Severity.WARNING,
            f"structure {k} (node {node}) is no minimum, or one with a barrier below the error of "
            f"the height: a path leads down from it to node {found[node]} and nowhere rises above "
            "it",
            "its heights are its own energy; leave it out, or displace it a little and relax it",
        )
        for k, node in enumerate(graph.given)
        if node in found
    ]


def read_structures(source: str) -> list[Atoms]:
    """All structures of a file, or of all files of a folder, in the order of their names."""
    place = Path(source)
    inside = [one for one in place.glob("[!.]*") if one.is_file()]
    files = sorted(inside) if place.is_dir() else [place]
    found: list[Atoms] = []
    for file in files:
        require_readable(file)
        try:
            images: Any = read(str(file), index=":")
        except FileNotFoundError as error:
            raise InputError(f"there is no file or folder {source}") from error
        except Exception as error:  # each of ASE's many readers has its own way to fail
            raise InputError(
                f"{file} cannot be read ({type(error).__name__}: {error}); the folder must hold "
                "structure files that ASE knows, and nothing else"
            ) from error
        found += [sound(str(file), image) for image in images]
    if len(found) < 2:
        raise InputError(f"{source} holds {len(found)} structure(s); give two minima at least")
    for k, atoms in enumerate(found[1:], start=1):
        if different := _difference(found[0], atoms):
            raise InputError(f"structure {k} does not match structure 0: {different}")
    return found


def _difference(first: Atoms, other: Atoms) -> str:
    """Why two structures are not of one system, and what to do; empty where they are."""
    differences = compared(first, other)
    if not differences:
        return ""
    found, advice = differences[0]
    if sorted(first.numbers) == sorted(other.numbers) and (first.numbers != other.numbers).any():
        advice = "write all structures with their atoms in one order"
    return f"{found.replace('the landscape', 'structure 0')}; {advice}"


def run_connect(
    settings: Settings,
    asked: Asked,
    landscape: RecordedMolecule,
    structures: list[Atoms],
    prior: Prior = None,
) -> Connected:
    """Connect structures, and write all that is known."""
    points = [landscape.molecule.coordinates(atoms) for atoms in structures]
    names, n_relaxing = [f"structure {k}" for k in range(len(points))], 0
    if settings.relax_ends:
        minima = [
            relaxed(landscape, name, x, prior=prior) for name, x in zip(names, points, strict=True)
        ]
        points = [one.position for one in minima]
        n_relaxing = sum(one.n_gradients for one in minima)
    _require_different(landscape, points)
    gradients = evaluated(landscape, names, points)
    findings = unrelaxed_ones(landscape, names, gradients, "--relax")
    graph = connect(
        landscape,
        points,
        pairs=asked.pairs,
        n_tries=asked.n_tries,
        method=Surrogate(tol=settings.tol),
        prior=prior,
        max_gradients=settings.max_gradients,
        rng=settings.seed,
        callback=_tell,
        checkpoint=settings.output / GRAPH,
        resume_check=settings.resume_check,
    )
    connected = Connected(graph, tuple(findings), n_relaxing)
    return replace(connected, written=_written(settings.output, landscape, connected))


def _tell(graph: LandscapeGraph) -> None:
    """A line in the log: how far the minima are connected."""
    heights = [graph.minimax_height(graph.given[0], node) for node in graph.given]
    apart = sum(not np.isfinite(height) for height in heights)
    log.info(
        "%4d gradients, %d minima, %d paths; %s",
        graph.n_gradients, len(graph), len(graph.edges),
        f"{apart} not connected to the first yet" if apart
        else f"all connected below {max(heights):.4f} eV",
    )  # fmt: skip


def _require_different(landscape: RecordedMolecule, points: list[np.ndarray]) -> None:
    """Raise an InputError where all structures are one minimum, which needs no path."""
    same = landscape.molecule.same
    if all(same(points[0], another) for another in points[1:]):
        raise InputError(
            f"the {len(points)} structures are one minimum: shifts, rotations and exchanges of "
            "like atoms lay them on each other; give at least two different ones. "
            "The path from one to its image is what `find` looks for"
        )


def table(connected: Connected, folder: Path) -> str:
    """The minimax heights above the lowest minimum, one line a minimum."""
    graph = connected.graph
    shown = list(dict.fromkeys(graph.given))
    lowest = min(graph.values[shown])
    heights = graph.minimax_heights()[np.ix_(shown, shown)] - lowest
    header = "node   energy " + "".join(f"{node:8d}" for node in shown)
    rows = [
        f"{node:4d} {graph.values[node] - lowest:8.4f} "
        + "".join("       -" if j == k else f"{heights[k, j]:8.4f}" for j in range(len(shown)))
        for k, node in enumerate(shown)
    ]
    facts = [
        f"{graph.n_gradients} gradients{_beside(connected)}, {len(graph)} minima, "
        f"{len(graph.edges)} paths",
        graph.message,
        *map(str, without_a_barrier(graph)),
        f"written {folder}",
    ]
    title = "minimax heights in eV above the lowest of these minima"
    return "\n".join([title, header, *rows, *facts])


def _beside(connected: Connected) -> str:
    """What was calculated besides the search."""
    n_prior, n_relaxing = connected.graph.n_prior_gradients, connected.n_gradients_relaxing
    of_prior = f" and {n_prior} of the prior" if n_prior else ""
    return of_prior + (f" and {n_relaxing} to relax the structures" if n_relaxing else "")


def _written(folder: Path, landscape: RecordedMolecule, connected: Connected) -> Written:
    """All files, what cannot be made again first."""
    graph = connected.graph
    images = [landscape.molecule.atoms(node.position, node.value) for node in graph.nodes]
    for image in images:
        image.info = {}
    document = _document(connected)
    written = Written().and_then(lambda: [write_document(folder / _HEIGHTS, document)])
    written = written.and_then(lambda: [write_structures(folder / _MINIMA, images)])
    return written.and_then(lambda: _drawn(folder / _PICTURE, graph))


def _drawn(file: Path, graph: LandscapeGraph) -> list[Path]:
    """The picture, where matplotlib is installed."""
    try:
        from matplotlib.figure import Figure

        from ..plot import plot_disconnectivity, plot_heights
    except ModuleNotFoundError:
        return []
    figure = Figure(figsize=(11, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    plot_disconnectivity(graph, left).set_ylabel("energy (eV)")
    plot_heights(graph, right)
    return [write_file(file, lambda to: figure.savefig(to, dpi=150, format="png"))]


def _document(connected: Connected) -> dict[str, Any]:
    """The content of `heights.json`; energies in eV."""
    graph = connected.graph
    heights = graph.minimax_heights()
    return {
        "schema": SCHEMA,
        "units": {"energy": "eV"},
        "energies": graph.values.tolist(),
        "minimax_heights": [[h if np.isfinite(h) else None for h in row] for row in heights],
        "given": graph.given,
        "edges": [
            {"start": e.start, "end": e.end, "height": e.height, "certified": e.certified}
            for e in graph.edges
        ],
        "n_gradients": graph.n_gradients,
        "n_gradients_relaxing": connected.n_gradients_relaxing,
        "n_prior_gradients": graph.n_prior_gradients,
        "findings": [str(finding) for finding in (*connected.findings, *without_a_barrier(graph))],
        "message": graph.message,
    }
