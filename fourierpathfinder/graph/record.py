"""A graph in one file of JSON lines, to which each finished pair adds one line.

The first line says what the file is: `format` and `identity` (of the landscape, the method and the
given minima). Every other line is an object with some of

- `nodes`: objects with `position` (an array), `value` and `label`, numbered on from those before;
- `given`: for each minimum that was given, its node;
- `edges`: objects with `start`, `end`, `height`, `certified`, `saddle` (an array or null), and the
  path's `ends` (2, D) and `coefficients` (N, D), both arrays;
- `pair`: the two nodes that were tried, and `n_gradients`, what that has cost;
- `message`: what there is to say.

An array is an object with its `shape` and, as base64, its little-endian float64 numbers, so that
nothing is rounded. A line that was cut short by a crash is at the end of the file, and counts as
not written.
"""

import base64
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ..path import SinePath
from ..storage.checkpoint import CheckpointError
from .landscape_graph import Edge, LandscapeGraph, Node

FORMAT = "fourierpathfinder/graph/1"


@dataclass(frozen=True, eq=False)
class Read:
    """What a file holds."""

    graph: LandscapeGraph
    identity: Mapping[str, Any]
    pairs: list[tuple[int, int]]
    """Pairs that were tried, in order."""
    size: int
    """Bytes up to the end of the last whole line."""


class Record:
    """A file that grows line by line with a graph.

    Parameters
    ----------
    file : path-like
        Where; what is there is continued, if its identity is the same.
    identity : mapping
        What the graph is of.

    Attributes
    ----------
    read : Read or None
        What was there.
    """

    def __init__(self, file: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        self.path = Path(file)
        self.read = read(self.path) if self.path.exists() and self.path.stat().st_size else None
        if self.read is None or not self.read.size:
            self.read = None
            self.path.write_text(_line({"format": FORMAT, "identity": identity}), encoding="utf-8")
        else:
            self._check(self.read.identity, identity)
            os.truncate(self.path, self.read.size)
        self._handle = self.path.open("a", encoding="utf-8")

    def add(self, nodes: Sequence[Node] = (), edges: Sequence[Edge] = (), **notes: object) -> None:
        """Write one line; once this returns it survives the process.

        Raises
        ------
        OSError
            If it cannot be written (a full disk, say); what was there stays readable.
        """
        self._handle.write(_line(_entry(nodes, edges, **notes)))
        self._handle.flush()

    def close(self) -> None:
        """Close the file."""
        self._handle.close()

    def _check(self, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
        for key, value in expected.items():
            if found.get(key) != value:
                raise CheckpointError(
                    f"the checkpoint {self.path} belongs to another graph: its {key} is "
                    f"{found.get(key)!r}, this run's {value!r}; pass another file, or delete it "
                    "to start afresh"
                )


def write(file: str | os.PathLike[str], graph: LandscapeGraph) -> None:
    """Write a graph, replacing the file in one step."""
    path = Path(file)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as draft:
            draft.write(_line({"format": FORMAT, "identity": {}}))
            notes = {"given": graph.given, "n_gradients": graph.n_gradients}
            entry = _entry(graph.nodes, graph.edges, message=graph.message, **notes)
            draft.write(_line(entry))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def read(file: str | os.PathLike[str]) -> Read:
    """Read a graph.

    Raises
    ------
    CheckpointError
        If the file is damaged elsewhere than at its end, or is something else.
    """
    path = Path(file)
    graph = LandscapeGraph()
    try:
        entries, size = _entries(path.read_bytes())
        head: dict[str, Any] = entries[0] if entries else {"format": FORMAT, "identity": {}}
        if head["format"] != FORMAT:
            raise ValueError(f"its format is {head['format']!r}, this version's {FORMAT!r}")
        for entry in entries[1:]:
            _add(graph, entry)
        pairs = [tuple(entry["pair"]) for entry in entries[1:] if "pair" in entry]
        identity = head["identity"]
    except (ValueError, TypeError, KeyError, IndexError) as error:
        raise CheckpointError(
            f"{path} is damaged, or not a graph of this program ({error}); restore a copy of it, "
            "or delete it to start afresh"
        ) from error
    return Read(graph, identity, pairs, size)


def _entries(content: bytes) -> tuple[list[dict[str, Any]], int]:
    """All whole lines, and where the last one ends."""
    lines = content.split(b"\n")[:-1]
    return [json.loads(line) for line in lines], sum(len(line) + 1 for line in lines)


def _add(graph: LandscapeGraph, entry: Mapping[str, Any]) -> None:
    for node in entry.get("nodes", ()):
        graph.add_node(Node(_decoded(node["position"]), node["value"], node["label"]))
    for edge in entry.get("edges", ()):
        saddle = None if edge["saddle"] is None else _decoded(edge["saddle"])
        first, last = _decoded(edge["ends"])
        path = SinePath(first, last, _decoded(edge["coefficients"]))
        graph.add_edge(
            Edge(edge["start"], edge["end"], edge["height"], edge["certified"], path, saddle)
        )
    graph.given = entry.get("given", graph.given)
    graph.n_gradients += entry.get("n_gradients", 0)
    graph.message = entry.get("message", graph.message)


def _entry(nodes: Sequence[Node], edges: Sequence[Edge], **notes: object) -> dict[str, object]:
    entry: dict[str, object] = dict(notes)
    if nodes:
        entry["nodes"] = [
            {"position": _encoded(node.position), "value": node.value, "label": node.label}
            for node in nodes
        ]
    if edges:
        entry["edges"] = [_edge_entry(edge) for edge in edges]
    return entry


def _edge_entry(edge: Edge) -> dict[str, object]:
    return {
        "start": edge.start,
        "end": edge.end,
        "height": edge.height,
        "certified": edge.certified,
        "saddle": None if edge.saddle is None else _encoded(edge.saddle),
        "ends": _encoded(np.stack([edge.path.start, edge.path.end])),
        "coefficients": _encoded(edge.path.coefficients),
    }


def _encoded(array: np.ndarray) -> dict[str, object]:
    numbers = np.asarray(array, dtype="<f8")
    return {"shape": numbers.shape, "base64": base64.b64encode(numbers.tobytes()).decode()}


def _decoded(entry: Mapping[str, Any]) -> np.ndarray:
    numbers = np.frombuffer(base64.b64decode(entry["base64"]), dtype="<f8")
    return numbers.reshape(entry["shape"]).copy()


def _line(entry: Mapping[str, object]) -> str:
    return json.dumps(entry) + "\n"
