"""A graph in one file of sealed JSON lines, to which each finished pair adds one line.

The first line says what the file is: `format` and `identity` (of the landscape, the method and the
given minima); that of a graph that was saved as a whole also how many `lines` follow. Every other
line is an object with some of

- `nodes`: objects with `position` (an array), `value` and `label`, numbered on from those before;
- `given`: for each minimum that was given, its node;
- `edges`: objects with `start`, `end`, `height`, `certified`, `saddle` (an array or null), and the
  path's `ends` (2, D) and `coefficients` (N, D), both arrays;
- `pair`: the two nodes that were tried, and `n_gradients`, what that has cost, and
  `n_prior_gradients`, of cheaper landscapes beneath;
- `message`: what there is to say.

How arrays are written stands in `fourierpathfinder.storage.arrays`, how lines are sealed in
`fourierpathfinder.storage.lines`.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..path import SinePath
from ..storage.arrays import decoded, encoded
from ..storage.checkpoint import check_folder
from ..storage.errors import CheckpointError, damaged
from ..storage.lines import GrowingFile, Lines, read_lines, write_lines
from .elements import Contents, Edge, Node

FORMAT = "fourierpathfinder/graph/2"


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
    read : Contents or None
        What was there.
    """

    def __init__(self, file: str | os.PathLike[str], identity: Mapping[str, Any]) -> None:
        check_folder(file)
        self.path = Path(file)
        self._file = GrowingFile(file, {"format": FORMAT, "identity": dict(identity)})
        was = self._file.read
        try:
            self.read = None if was is None else _contents(self.path, was)
        except BaseException:
            self.close()
            raise

    def add(self, nodes: Sequence[Node] = (), edges: Sequence[Edge] = (), **notes: object) -> None:
        """Write one line; once this returns it survives the machine.

        Raises
        ------
        OSError
            If it cannot be written (a full disk, say); what was there stays readable.
        """
        self._file.add(_entry(nodes, edges, **notes))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def write(file: str | os.PathLike[str], graph: Contents) -> None:
    """Write a graph, replacing the file in one step."""
    notes = {
        "given": graph.given,
        "n_gradients": graph.n_gradients,
        "n_prior_gradients": graph.n_prior_gradients,
    }
    entry = _entry(graph.nodes, graph.edges, message=graph.message, **notes)
    write_lines(file, {"format": FORMAT, "identity": {}}, entry)


def read(file: str | os.PathLike[str]) -> Contents:
    """Read a graph.

    Raises
    ------
    CheckpointError
        If the file is empty, damaged elsewhere than at its end, or something else.
    """
    path = Path(file)
    if path.is_dir():
        raise CheckpointError(f"{path} is a folder; name the file of a graph")
    return _contents(path, read_lines(path, FORMAT))


def _contents(path: Path, lines: Lines) -> Contents:
    graph = Contents()
    for number, entry in enumerate(lines.entries, start=2):
        try:
            _add(graph, entry)
            if "pair" in entry:
                first, second = entry["pair"]
                graph.pairs.append((_node(graph, first), _node(graph, second)))
        except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
            raise damaged(path, f"line {number} is no part of a graph: {error}") from error
    return graph


def _add(graph: Contents, entry: Mapping[str, Any]) -> None:
    for node in entry.get("nodes", ()):
        graph.nodes.append(
            Node(decoded(node["position"]), float(node["value"]), str(node["label"]))
        )
    for edge in entry.get("edges", ()):
        saddle = None if edge["saddle"] is None else decoded(edge["saddle"])
        first, last = decoded(edge["ends"])
        path = SinePath(first, last, decoded(edge["coefficients"]))
        start, end = (_node(graph, edge[name]) for name in ("start", "end"))
        height, certified = float(edge["height"]), bool(edge["certified"])
        graph.edges.append(Edge(start, end, height, certified, path, saddle))
    graph.given = [_node(graph, node) for node in entry.get("given", graph.given)]
    graph.n_gradients += int(entry.get("n_gradients", 0))
    graph.n_prior_gradients += int(entry.get("n_prior_gradients", 0))
    graph.message = str(entry.get("message", graph.message))


def _node(graph: Contents, number: object) -> int:
    """The number of a node that there is."""
    if type(number) is not int or not 0 <= number < len(graph.nodes):
        raise ValueError(f"there is no node {number!r}")
    return number


def _entry(nodes: Sequence[Node], edges: Sequence[Edge], **notes: object) -> dict[str, object]:
    entry: dict[str, object] = dict(notes)
    if nodes:
        entry["nodes"] = [
            {"position": encoded(node.position), "value": node.value, "label": node.label}
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
        "saddle": None if edge.saddle is None else encoded(edge.saddle),
        "ends": encoded(np.stack([edge.path.start, edge.path.end])),
        "coefficients": encoded(edge.path.coefficients),
    }
