"""Files of every kind that this package writes, and what is read from them."""

import dataclasses
import json

import numpy as np

from fourierpathfinder import Direct, LandscapeGraph, find_path
from fourierpathfinder.graph.landscape_graph import Edge, Node
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.path import SinePath
from fourierpathfinder.storage.checkpoint import CheckpointFile
from fourierpathfinder.storage.documents import read_document, write_document
from fourierpathfinder.storage.evaluations import Evaluation, EvaluationStore, read_evaluations
from fourierpathfinder.storage.results import assembled, flattened, parts_of

SCHEMA = "fourierpathfinder/result/2"


def write_all(folder):
    """One file of each kind; returns, by file, the function that reads it."""
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(n_terms=3), rng=0, max_gradients=60)
    arrays, plain = flattened(parts_of(result))
    archive = CheckpointFile(folder / "result.npz", {"of": "a toy"})
    archive.save(arrays, {"result": plain})
    store = EvaluationStore(folder / "evaluations.jsonl", {"of": "a toy"}, {"seed": 1})
    values, gradients = toy.value_and_grad(toy.minima)
    store.add(*map(Evaluation, toy.minima, values.tolist(), gradients))
    store.close()
    graph = LandscapeGraph([Node(point, 0.5) for point in toy.minima[:2]])
    line = SinePath.straight(toy.minima[0], toy.minima[1], 2)
    graph.add_edge(Edge(0, 1, 0.75, True, line))
    graph.save(folder / "graph.jsonl")
    write_document(folder / "result.json", {"schema": SCHEMA, "height": 0.25, "names": ["a", "é"]})
    return {
        "result.npz": _archive,
        "evaluations.jsonl": lambda file: _plain(read_evaluations(file)),
        "graph.jsonl": lambda file: _graph(LandscapeGraph.load(file)),
        "result.json": lambda file: json.dumps(read_document(file, SCHEMA)),
    }


def _archive(file):
    saved = CheckpointFile(file, {"of": "a toy"}).load()
    return _plain(assembled(saved.notes["result"], saved.arrays))


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
    """What becomes of a file: `same`, `refused` or, as must not be, `different` or an error."""
    try:
        return "same" if read(file) == expected else "different"
    except ValueError as error:
        return "refused" if file.name in str(error) else f"refused without its name: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def flipped(content, bit):
    """Bytes with one bit changed."""
    changed = bytearray(content)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)
