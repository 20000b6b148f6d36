"""A result in one file of the safetensors format: the path as it is, all else as JSON beside it.

No code of the file is run when it is read, data and landscape are not in it, and the arrays can be
opened by whatever knows the format: `path.start`, `path.end` and `path.coefficients` are the path.
The metadata have the SHA-256 of all of it.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import Array, is_array, to_numpy
from .._extras import needs
from ..result import PathResult
from .errors import CheckpointError, damaged, earlier
from .files import open_reading, write_file
from .results import assembled, flattened, parts_of, result_of

_HEADER = 8
"""Bytes of the header's length, which is JSON and follows."""
_KEY, _SEAL, _ROOT = "fourierpathfinder", "sha256", "result"


def save_result(result: PathResult, file: str | os.PathLike[str]) -> Path:
    """Write a result to a file in one step.

    Parameters
    ----------
    result : PathResult
        What `find_path` returned.
    file : path-like
        The file, usually with the ending `.safetensors`; the folder must exist.

    Returns
    -------
    Path
        The file written.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from fourierpathfinder import Direct, find_path, load_result, save_result
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> file = save_result(result, Path(mkdtemp()) / "path.safetensors")
    >>> load_result(file).height == result.height
    True
    """
    with needs("save_result", "safetensors", "safetensors"):
        from safetensors.numpy import save

    arrays, plain = flattened(parts_of(result), _ROOT)
    tensors = {name: np.ascontiguousarray(to_numpy(array)) for name, array in arrays.items()}
    text = json.dumps(plain)
    content = save(tensors, metadata={_KEY: text, _SEAL: _checksum(text, tensors)})
    return write_file(Path(file), lambda handle: handle.write(content))


def load_result(file: str | os.PathLike[str], like: Array | None = None) -> PathResult:
    """Read a result that `save_result` wrote.

    Parameters
    ----------
    file : path-like
        What `save_result` wrote.
    like : array, optional
        An array of the library, precision and device that the path is wanted in; by default
        NumPy's. For a network `landscape.coordinates(module)`.

    Returns
    -------
    PathResult
        Without a landscape; its method is in words.

    Raises
    ------
    CheckpointError
        If the file is damaged, or was not written by `save_result`.
    TypeError
        If `like` is no array.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> file = save_result(result, Path(mkdtemp()) / "path.safetensors")
    >>> load_result(file).path.coefficients.shape
    (8, 2)
    """
    if like is not None and not is_array(like):
        raise TypeError(
            f"`like` is a {type(like).__name__}; pass an array of the library and precision that "
            "the path is wanted in, for a network such as `landscape.coordinates(module)`"
        )
    with needs("load_result", "safetensors", "safetensors"):
        from safetensors import SafetensorError, safe_open

    try:
        _require_header(file)
        with safe_open(file, framework="numpy") as opened:
            notes: Mapping[str, Any] = opened.metadata() or {}
            names = list(opened.keys())
            arrays = {name: opened.get_tensor(name) for name in names}
        _check(os.fspath(file), notes, arrays)
        parts = assembled(json.loads(notes[_KEY]), arrays)
        return result_of(parts, like)
    except CheckpointError:
        raise
    except (SafetensorError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise CheckpointError(
            f"{os.fspath(file)} holds no result ({error}); it must be a file that `save_result` "
            "wrote"
        ) from error


def _require_header(file: str | os.PathLike[str]) -> None:
    with open_reading(file) as beginning:
        if beginning.read(_HEADER + 1)[_HEADER:] != b"{":
            raise ValueError("it is no safetensors file")


def _check(file: str, notes: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> None:
    """Raise an error where a result is not as it was written."""
    if _SEAL not in notes and len(notes) == 1 and _KEY in notes:
        raise earlier(file)
    if notes[_SEAL] != _checksum(notes[_KEY], arrays):
        raise damaged(file, "its checksum does not fit")


def _checksum(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    """Of the words, and of all arrays with their names, kinds and shapes."""
    digest = hashlib.sha256(text.encode())
    for name, array in sorted(arrays.items()):
        digest.update(json.dumps([name, array.dtype.str, array.shape]).encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
