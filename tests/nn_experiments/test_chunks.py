import shutil
from dataclasses import dataclass

import numpy as np
import pytest

from examples.nn_experiments.chunks import Chunk, Store, write_whole


@dataclass(frozen=True)
class Factor:
    factor: float


def times(settings, _, *needed):
    return {"x": settings.factor * sum(arrays["x"] for arrays in needed)}


def start(settings, _):
    return {"x": np.array([settings.factor])}


def chain(a=1.0, b=2.0):
    first = Chunk("one", "a", start, Factor(a))
    return first, Chunk("two", "b", times, Factor(b), (first,))


def test_files_are_named_after_all_that_the_content_depends_on():
    first, second = chain()
    assert [c.file for c in chain()] == [first.file, second.file]
    changed_first, changed_second = chain(a=3)
    assert changed_first.file != first.file
    assert changed_second.file != second.file
    same_first, changed_second = chain(b=5)
    assert same_first.file == first.file
    assert changed_second.file != second.file


def test_arrays_come_back(tmp_path):
    store, (first, second) = Store(tmp_path), chain()
    assert not store.has(first)
    store.save(first, {"x": np.arange(3)})
    assert store.has(first)
    assert not store.has(second)
    np.testing.assert_array_equal(store.load(first)["x"], np.arange(3))


def test_damaged_file_is_named(tmp_path):
    store, (first, _) = Store(tmp_path), chain()
    store.save(first, {"x": np.arange(3)})
    path = tmp_path / first.file
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(ValueError, match="is damaged") as caught:
        store.load(first)
    assert str(path) in str(caught.value)


def test_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "folder" / "file"
    write_whole(path, lambda file: file.write(b"before"))

    def fails(file):
        file.write(b"half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_whole(path, fails)
    assert path.read_bytes() == b"before"
    assert list(path.parent.iterdir()) == [path]


def test_merging_takes_what_is_missing(tmp_path):
    here, there = Store(tmp_path / "here"), Store(tmp_path / "there")
    first, second = chain()
    here.save(first, {"x": np.arange(3)})
    shutil.copytree(here.folder, there.folder)
    there.save(second, {"x": np.arange(4)})
    there.partial(second).write_bytes(b"unfinished")
    assert here.merge(there.folder) == 1
    np.testing.assert_array_equal(here.load(second)["x"], np.arange(4))
    assert not (here.folder / "partial").exists()
    assert here.merge(there.folder) == 0
