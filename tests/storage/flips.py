"""Files of every kind that this package writes, and what is read from them."""

import dataclasses
import json
from importlib.util import find_spec

import numpy as np

from fourierpathfinder import Direct, LandscapeGraph, find_path, load_result, save_result
from fourierpathfinder.cli.document import SCHEMA as RESULT
from fourierpathfinder.cli.document import Summary, as_document, read_result
from fourierpathfinder.graph.landscape_graph import Edge, Node
from fourierpathfinder.landscapes.toy import lennard_jones, two_channels
from fourierpathfinder.path import SinePath
from fourierpathfinder.storage.checkpoint import CheckpointFile, Snapshots
from fourierpathfinder.storage.documents import read_document, write_document
from fourierpathfinder.storage.evaluations import Evaluation, EvaluationStore, read_evaluations
from fourierpathfinder.storage.lines import read_lines, write_lines
from fourierpathfinder.storage.results import assembled, flattened, parts_of
from fourierpathfinder.table import SCHEMA as TABLE
from fourierpathfinder.table import read_rows

ROW = "fourierpathfinder/row/1"
IDENTITY = {"of": "a toy"}


def write_all(folder, *, large=False):
    """One file of each kind that can be written here; returns, by file, what reads it.

    Large ones are as large as those of a molecule of thirteen atoms and some hundred evaluations.
    """
    toy = lennard_jones(13) if large else two_channels()
    points = np.stack([toy.start, toy.end])
    if large:
        noise = np.random.default_rng(0).normal(size=(150, len(toy.start)))
        points = np.concatenate([points, toy.start + 0.05 * noise])
    method = Direct(n_terms=8 if large else 3)
    result = find_path(toy, toy.start, toy.end, method=method, rng=0, max_gradients=120)
    arrays, plain = flattened(parts_of(result))
    CheckpointFile(folder / "result.npz", IDENTITY).save(arrays, {"result": plain})
    Snapshots(CheckpointFile(folder / "run.npz", IDENTITY)).save(
        (points, points[:, :1] * 2), {"n_gradients": 7}
    )
    store = EvaluationStore(folder / "evaluations.jsonl", IDENTITY, {"seed": 1})
    values, gradients = toy.value_and_grad(points)
    store.add(*map(Evaluation, points, values.tolist(), gradients))
    store.close()
    _graph_of(points[: 40 if large else 2]).save(folder / "graph.jsonl")
    write_lines(folder / "lines.jsonl", {"format": "lines/1"}, *({"n": k} for k in range(9)))
    write_document(folder / "result.json", as_document(result, Summary("-", (), 0, 0, 0, None)))
    row = {"name": "a é", "status": "certified", "barrier_eV": 0.25, "reason": None}
    write_document(folder / "table.json", {"schema": TABLE, "rows": [row] * (60 if large else 2)})
    write_document(folder / "row.json", {"schema": ROW, "identity": IDENTITY, "row": row})
    readers = {
        "result.npz": _archive,
        "run.npz": lambda file: _plain(CheckpointFile(file, IDENTITY).load()),
        "evaluations.jsonl": lambda file: _plain(read_evaluations(file)),
        "graph.jsonl": lambda file: _graph(LandscapeGraph.load(file)),
        "lines.jsonl": lambda file: json.dumps(read_lines(file, "lines/1").entries),
        "result.json": lambda file: [
            json.dumps(read_document(file, RESULT)),
            _result(read_result(file)),
        ],
        "table.json": lambda file: json.dumps(read_rows(file.parent)),
        "row.json": lambda file: json.dumps(read_document(file, ROW)),
    }
    if find_spec("safetensors") is not None:
        save_result(result, folder / "result.safetensors")
        readers["result.safetensors"] = lambda file: _result(load_result(file))
    return readers


def _graph_of(points):
    graph = LandscapeGraph([Node(point, 0.5) for point in points])
    for k in range(len(points) - 1):
        graph.add_edge(Edge(k, k + 1, 0.75, True, SinePath.straight(points[k], points[k + 1], 4)))
    return graph


def _archive(file):
    saved = CheckpointFile(file, IDENTITY).load()
    return _plain(assembled(saved.notes["result"], saved.arrays))


def _result(result):
    return _plain(parts_of(result))


def _graph(graph):
    edges = [dataclasses.astuple(edge) for edge in graph.edges]
    return _plain([[dataclasses.astuple(node) for node in graph.nodes], edges, graph.given])


def _plain(value):
    """What can be compared, to the last bit."""
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes().hex()
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return repr(value)


def outcome(read, file, expected):
    """`same`, `shorter`, `refused`; or `different` or an error, as must not be."""
    try:
        found = read(file)
        if found == expected:
            return "same"
        begins = isinstance(found, list) and found == expected[: len(found)]
        return "shorter" if begins else "different"
    except ValueError as error:
        return "refused" if file.name in str(error) else f"refused without its name: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def flipped(content, bit):
    """Bytes with one bit changed."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
