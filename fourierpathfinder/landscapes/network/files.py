"""Files and folders in which the ends of a path are kept, read without running any code in them.

What kind of file it is says its beginning, whatever it is called.
"""

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ..._errors import first_line
from ..._extras import needs
from .stored import unwrapped

_FILES = (
    "model.safetensors",
    "adapter_model.safetensors",
    "pytorch_model.bin",
    "adapter_model.bin",
    "diffusion_pytorch_model.safetensors",
)
_INDEX = ".index.json"
_INDICES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_LENGTH = 8
"""Bytes of a safetensors file that say how long its header is, which begins behind them."""


def read_state(path: str | os.PathLike[str]) -> dict[str, Any]:
    """The state dict in a file, in those that an index names, or in a folder of `save_pretrained`.

    Raises
    ------
    ValueError
        If there is none, or it cannot be read without running code.
    """
    place = Path(path).expanduser()
    if place.is_dir():
        return _of_folder(place)
    if not place.is_file():
        raise ValueError(f"the file {str(path)!r} does not exist; an end may be the name of one")
    if place.name.endswith(_INDEX):
        return _of_index(place)
    try:
        return _of_file(place)
    except ImportError:
        raise
    except Exception as error:
        first = first_line(error, "it is empty or cut short")
        if "Weights only load failed" in first:
            first = "it holds other objects than tensors, which only code in it could make"
        raise ValueError(
            f"the file {str(path)!r} could not be read as parameters ({first}); save a state dict, "
            "`torch.save(module.state_dict(), file)`, or read the file yourself, if you trust it "
            "(`torch.load(file, weights_only=False)`), and pass the module or state dict in it"
        ) from error


def _of_file(place: Path) -> dict[str, Any]:
    if _is_safetensors(place):
        with needs(place.name, "safetensors", "safetensors"):
            from safetensors.torch import load_file

        found: dict[str, Any] = load_file(place)
        return found
    if place.suffix.lower() == ".npz":
        with np.load(place, allow_pickle=False) as arrays:
            return unwrapped(dict(arrays))
    with place.open("rb") as file:  # by the name torch would tell the kind
        return unwrapped(torch.load(file, map_location="cpu", weights_only=True))


def _is_safetensors(place: Path) -> bool:
    """Whether a file begins with the length of a header of JSON that fits into it."""
    with place.open("rb") as file:
        beginning = file.read(_LENGTH + 1)
    length = int.from_bytes(beginning[:_LENGTH], "little")
    return beginning[_LENGTH:] == b"{" and length <= place.stat().st_size - _LENGTH


def _of_folder(folder: Path) -> dict[str, Any]:
    for name in (*_INDICES, *_FILES):
        if (folder / name).is_file():
            return read_state(folder / name)
    raise ValueError(
        f"the folder {str(folder)!r} has none of {', '.join((*_INDICES, *_FILES))}; pass the file "
        "itself"
    )


def _of_index(index: Path) -> dict[str, Any]:
    """What lies in the files that an index names."""
    try:
        shards = json.loads(index.read_text(encoding="utf-8"))["weight_map"]
        names = sorted({Path(name).name for name in shards.values()})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"the file {str(index)!r} is no index of parameters with a `weight_map`, as "
            "`save_pretrained` writes it; save the model again, or pass the file of its parameters "
            "itself"
        ) from error
    state: dict[str, Any] = {}
    for name in names:
        state |= read_state(index.parent / name)
    return state
