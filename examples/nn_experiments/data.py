"""Images to train on: MNIST from its IDX files or fetched, or scikit-learn's bundled digits.

An IDX file is two zero bytes, a byte for the kind of number, a byte for the count of axes, one
big-endian 32-bit length for each axis, and the numbers.
"""

import gzip
import hashlib
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.datasets import fetch_openml, load_digits

N_MNIST_TRAIN = 60_000

MNIST_SHA256 = {
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}
"""Of the unpacked files, whatever the gzip around them."""

N_DIGITS_TRAIN = 1_297


class DataError(ValueError):
    """A data file that is missing, damaged, or another one than its name says."""


@dataclass(frozen=True, eq=False)
class Images:
    """Images (M, 1, 28, 28) in [0, 1], float32, and their labels (M,)."""

    train_images: torch.Tensor
    train_labels: torch.Tensor
    test_images: torch.Tensor
    test_labels: torch.Tensor

    def first(self, n_train: int, n_test: int) -> "Images":
        """The first images of either set."""
        for name, asked, have in (
            ("n_train", n_train, len(self.train_labels)),
            ("n_test", n_test, len(self.test_labels)),
        ):
            if not 0 < asked <= have:
                raise DataError(f"`{name}` is {asked}, but the dataset has {have} such images")
        return Images(
            self.train_images[:n_train],
            self.train_labels[:n_train],
            self.test_images[:n_test],
            self.test_labels[:n_test],
        )


def load_images(dataset: str, data: str | None = None) -> Images:
    """Read a dataset.

    Parameters
    ----------
    dataset : {"digits", "mnist"}
        scikit-learn's bundled digits, upsampled to 28 x 28, or MNIST.
    data : str, optional
        For MNIST: a folder with the four IDX files, gzip or not. If it is left out MNIST is
        fetched from OpenML, once; scikit-learn keeps it.
    """
    if dataset == "digits":
        return _digits()
    if dataset != "mnist":
        raise DataError(f"`dataset` is {dataset!r}; it must be 'digits' or 'mnist'")
    return _mnist_from_openml() if data is None else _mnist_from_files(Path(data))


def read_idx(path: Path, sha256: str | None = None) -> np.ndarray:
    """Read an IDX file of bytes, gzip or not.

    Parameters
    ----------
    path : Path
        The file.
    sha256 : str, optional
        What the unpacked content must hash to.

    Raises
    ------
    DataError
        If the file is damaged or another one.
    """
    content = _unpacked(path)
    if len(content) < 4 or content[:3] != b"\x00\x00\x08":
        raise DataError(f"{path} is not an IDX file of bytes: it begins with {content[:4]!r}")
    header = 4 + 4 * content[3]
    if len(content) < header:
        raise DataError(f"{path} is cut off within its header; copy it again")
    shape = struct.unpack(f">{content[3]}I", content[4:header])
    numbers = np.frombuffer(content, np.uint8, offset=header)
    if numbers.size != np.prod(shape, dtype=int):
        raise DataError(
            f"{path} should hold {shape} numbers but holds {numbers.size}; it is damaged, copy it "
            "again"
        )
    found = hashlib.sha256(content).hexdigest()
    if sha256 is not None and found != sha256:
        raise DataError(
            f"{path} is not the file of that name: its SHA-256 is {found}, expected {sha256}"
        )
    return numbers.reshape(shape)


def _unpacked(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] != b"\x1f\x8b":
        return content
    try:
        return gzip.decompress(content)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} is a damaged gzip file ({error}); copy it again") from error


def _mnist_from_files(folder: Path) -> Images:
    arrays = []
    for name, sha256 in MNIST_SHA256.items():
        found = [path for path in (folder / name, folder / f"{name}.gz") if path.is_file()]
        if not found:
            raise DataError(
                f"{folder} has neither {name} nor {name}.gz; `--data` names the folder with "
                "MNIST's four files, or is left out to fetch them"
            )
        arrays.append(read_idx(found[0], sha256))
    train_images, train_labels, test_images, test_labels = arrays
    return Images(
        _pictures(train_images),
        _classes(train_labels),
        _pictures(test_images),
        _classes(test_labels),
    )


def _mnist_from_openml() -> Images:
    images, labels = fetch_openml("mnist_784", version=1, as_frame=False, return_X_y=True)
    pictures, classes = _pictures(images), _classes(labels.astype(np.uint8))
    train, test = slice(N_MNIST_TRAIN), slice(N_MNIST_TRAIN, None)
    return Images(pictures[train], classes[train], pictures[test], classes[test])


def _digits() -> Images:
    bundled = load_digits()
    # They come writer by writer, so that the last ones would be other people's.
    order = np.random.default_rng(0).permutation(len(bundled.target))
    small = torch.from_numpy(bundled.images[order]).float()[:, None] / 16
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear")
    labels = _classes(bundled.target[order])
    train, test = slice(N_DIGITS_TRAIN), slice(N_DIGITS_TRAIN, None)
    return Images(images[train], labels[train], images[test], labels[test])


def _pictures(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.float32)).reshape(-1, 1, 28, 28) / 255


def _classes(array: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(array.astype(np.int64))
