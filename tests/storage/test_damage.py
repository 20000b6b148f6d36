"""Files of every kind with one bit changed, or cut short: refused, or not different."""

import numpy as np
import pytest

from .flips import flipped, outcome, write_all

WHOLE = (
    "result.npz", "run.npz", "graph.jsonl", "lines.jsonl", "result.json", "table.json", "row.json",
    "result.safetensors",
)  # fmt: skip
"""Files that are written as a whole."""
KINDS = (*WHOLE, "evaluations.jsonl")
PADDED = ("result.safetensors",)
"""Whose headers end in blanks, which mean nothing."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return folder, write_all(folder)


@pytest.mark.parametrize("kind", KINDS)
def test_no_flipped_bit_is_silently_different(kind, files, tmp_path):
    """`python tools/flip_bits.py` does so twenty thousand times."""
    folder, readers = files
    if kind not in readers:
        pytest.skip("safetensors is not installed")
    content, read = (folder / kind).read_bytes(), readers[kind]
    expected = read(folder / kind)
    bits = np.random.default_rng(0).choice(8 * len(content), size=250, replace=False).tolist()
    bits += range(8 * len(content) - 16, 8 * len(content))
    found = set()
    for bit in bits:
        (tmp_path / kind).write_bytes(flipped(content, bit))
        found.add(outcome(read, tmp_path / kind, expected))
    assert "refused" in found
    assert found <= ({"refused", "same"} if kind in PADDED else {"refused"})


@pytest.mark.parametrize("kind", WHOLE)
def test_what_was_written_as_a_whole_is_refused_when_it_is_cut_short(kind, files, tmp_path):
    folder, readers = files
    if kind not in readers:
        pytest.skip("safetensors is not installed")
    content, read = (folder / kind).read_bytes(), readers[kind]
    expected = read(folder / kind)
    for size in {*np.linspace(0, len(content) - 1, 40).astype(int).tolist(), len(content) - 1}:
        (tmp_path / kind).write_bytes(content[:size])
        assert outcome(read, tmp_path / kind, expected) == "refused", size


def test_an_empty_file_is_no_graph(files, tmp_path):
    (tmp_path / "graph.jsonl").touch()
    with pytest.raises(ValueError, match=r"graph\.jsonl is empty"):
        files[1]["graph.jsonl"](tmp_path / "graph.jsonl")


@pytest.mark.parametrize("change", ["left out", "doubled", "moved"])
def test_no_line_can_be_left_out_doubled_or_moved(change, files, tmp_path):
    folder, readers = files
    lines = (folder / "evaluations.jsonl").read_bytes().splitlines(keepends=True)
    changed = {
        "left out": [*lines[:1], *lines[2:]],
        "doubled": [*lines[:2], *lines[1:]],
        "moved": [lines[0], lines[2], lines[1], *lines[3:]],
    }[change]
    file = tmp_path / "evaluations.jsonl"
    file.write_bytes(b"".join(changed))
    with pytest.raises(ValueError, match=r"damaged \(line [23] is not as it was written\)"):
        readers["evaluations.jsonl"](file)
