"""How many samples are computed at once: a budget of bytes over the bytes that one sample keeps.

What one sample keeps for its backward pass is measured by a pass over two of them. Where memory
runs out all the same, the number is halved and the work repeated.
"""

import logging
from collections.abc import Iterable
from typing import Any

import torch

_log = logging.getLogger(__name__)

_CPU_BUDGET = 32 * 2**20
"""Bytes: more at once is no faster on a processor, as it leaves the caches. With 256 MiB a height
of LeNet took 0.80 s rather than 0.47, those of an LSTM and a transformer as long."""
_PARTS_OF_FREE_MEMORY = 3
"""On a device: what is kept for the backward pass is about a third of what a pass needs at most."""


class SavedBytes:
    """Counts what autograd keeps for the backward pass while this is entered, `known` left out."""

    def __init__(self, known: Iterable[Any] = ()) -> None:
        self._known = {tensor.untyped_storage().data_ptr() for tensor in known}
        self._sizes: dict[int, int] = {}
        self._hooks = torch.autograd.graph.saved_tensors_hooks(self._pack, lambda tensor: tensor)

    @property
    def total(self) -> int:
        """Bytes, each storage counted once."""
        return sum(size for place, size in self._sizes.items() if place not in self._known)

    def __enter__(self) -> "SavedBytes":
        self._hooks.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._hooks.__exit__(*error)

    def _pack(self, tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        place = storage.data_ptr()
        # A few samples may be a view of all data, whose storage is not theirs alone.
        size = min(storage.nbytes(), tensor.nbytes)
        self._sizes[place] = max(size, self._sizes.get(place, 0))
        return tensor.detach()  # an output with its history would keep the whole graph for good


class SamplesAtOnce:
    """How many samples, all points together, are computed at once.

    Parameters
    ----------
    bytes_per_sample : float
        What one sample keeps for its backward pass.
    device : torch.device
        Where; of a GPU, the free memory is measured.
    budget : int, optional
        Bytes to use, in place of what is measured.
    """

    def __init__(self, bytes_per_sample: float, device: Any, budget: int | None = None) -> None:
        budget = free_memory(device) if budget is None else budget
        self.number = max(1, int(budget / max(bytes_per_sample, 1)))

    def points(self, n_points: int, n_samples: int) -> int:
        """Of how many points, with so many samples each, all samples are computed at once."""
        return max(1, min(n_points, self.number // n_samples))

    def samples(self, n_points: int, n_samples: int) -> int:
        """How many samples are computed at once at each of some points."""
        return max(1, min(n_samples, self.number // n_points))

    def halve(self, used: int, least: int = 1) -> bool:
        """Ask for half of the `used`, all points together; false where that is the least already.

        Parameters
        ----------
        used : int
            Samples that were to be computed at once, or more.
        least : int
            Samples that cannot be computed in parts.
        """
        used = min(self.number, used)
        if used <= least:
            return False
        self.number = max(used // 2, least)
        _log.info("out of memory; from now on %d samples at once", self.number)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return True


def free_memory(device: Any) -> int:
    """Bytes to use on a device."""
    if device.type != "cuda":
        return _CPU_BUDGET
    free, _ = torch.cuda.mem_get_info(device)
    return int(free) // _PARTS_OF_FREE_MEMORY


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, on whichever device."""
    if isinstance(error, MemoryError | torch.cuda.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
    )
