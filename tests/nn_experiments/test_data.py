import gzip
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from sklearn.utils import Bunch

from examples.nn_experiments import data
from examples.nn_experiments.data import DataError, load_images, read_idx

MNIST = os.environ.get("FOURIERPATHFINDER_MNIST")
needs_mnist = pytest.mark.skipif(not MNIST, reason="FOURIERPATHFINDER_MNIST names no folder")


def idx(array):
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    return header + array.astype(np.uint8).tobytes()


@pytest.fixture
def numbers(rng):
    return rng.integers(0, 256, (3, 4, 5))


@pytest.mark.parametrize("pack", [bytes, gzip.compress], ids=["plain", "gzip"])
def test_numbers_come_back(tmp_path, numbers, pack):
    path = tmp_path / "file"
    path.write_bytes(pack(idx(numbers)))
    np.testing.assert_array_equal(read_idx(path), numbers)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda content: content[:-1], "holds 59; it is damaged"),
        (lambda content: content + b"\0", "holds 61; it is damaged"),
        (lambda content: content[:10], "cut off within its header"),
        (lambda content: b"", "not an IDX file"),
        (lambda content: b"<html>" + content, "not an IDX file"),
        (lambda content: gzip.compress(content)[:-9], "damaged gzip"),
        (lambda content: gzip.compress(content)[:-8] + bytes(8), "damaged gzip"),
        (lambda content: content[:-1] + bytes([content[-1] ^ 1]), "not the file of that name"),
    ],
)
def test_damaged_files_are_refused(tmp_path, numbers, damage, message):
    path = tmp_path / "file"
    path.write_bytes(idx(numbers))
    sha256 = data.hashlib.sha256(idx(numbers)).hexdigest()
    assert read_idx(path, sha256).shape == (3, 4, 5)
    path.write_bytes(damage(idx(numbers)))
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path, sha256)
    assert str(path) in str(caught.value)


def test_missing_files_are_named(tmp_path):
    with pytest.raises(DataError, match=r"neither train-images-idx3-ubyte nor .*\.gz"):
        load_images("mnist", str(tmp_path))


def test_digits_are_the_bundled_ones():
    images = load_images("digits")
    assert images.train_images.shape == (1297, 1, 28, 28)
    assert images.test_images.shape == (500, 1, 28, 28)
    everything = torch.cat([images.train_images, images.test_images])
    assert everything.dtype == torch.float32
    assert (everything.min(), everything.max()) == (0, 1)
    labels = torch.cat([images.train_labels, images.test_labels])
    bundled = load_digits()
    assert np.bincount(labels).tolist() == np.bincount(bundled.target).tolist()
    # Upsampling keeps what a picture is of: its mean brightness, nearly.
    means = sorted(everything.mean((1, 2, 3)).tolist())
    np.testing.assert_allclose(means, sorted(bundled.images.mean((1, 2)) / 16), atol=0.02)


def test_first_images():
    images = load_images("digits").first(10, 5)
    assert (len(images.train_labels), len(images.test_images)) == (10, 5)
    with pytest.raises(DataError, match="`n_test` is 501, but the dataset has 500"):
        load_images("digits").first(10, 501)


def test_unknown_dataset_is_refused():
    with pytest.raises(DataError, match="'cifar'; it must be 'digits' or 'mnist'"):
        load_images("cifar")


def test_mnist_is_fetched_where_no_folder_is_given(monkeypatch, rng):
    monkeypatch.setattr(data, "N_MNIST_TRAIN", 6)
    pixels, labels = rng.integers(0, 256, (8, 784)), np.array(list("12345678"))
    asked = Bunch()

    def fetch(name, **settings):
        asked.update(name=name, **settings)
        return pixels, labels

    monkeypatch.setattr(data, "fetch_openml", fetch)
    images = load_images("mnist")
    assert (asked.name, asked.version) == ("mnist_784", 1)
    np.testing.assert_allclose(images.train_images.flatten(1), pixels[:6] / 255, rtol=1e-6)
    assert images.test_labels.tolist() == [7, 8]


@needs_mnist
def test_mnist_itself():
    images = load_images("mnist", str(Path(MNIST)))
    assert images.train_images.shape == (60_000, 1, 28, 28)
    assert images.test_images.shape == (10_000, 1, 28, 28)
    assert images.train_labels[:5].tolist() == [5, 0, 4, 1, 9]
    assert float(images.train_images.max()) == 1
