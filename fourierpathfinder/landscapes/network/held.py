"""A module that has the tensors of a point until the way back through it is done.

Parts that are computed again on the way back (`torch.utils.checkpoint`) read the parameters of the
module once more, after the call that was given them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .parameters import Tensors


@contextmanager
def held(module: Any, tensors: Tensors) -> Iterator[None]:
    """Within it, a module has other tensors in the places of some of its own.

    Parameters
    ----------
    module : torch.nn.Module
    tensors : dict of str to Tensor
        By the names of parameters and buffers, one for each place.
    """
    kept = []
    for name, tensor in tensors.items():
        owner, _, last = name.rpartition(".")
        layer = module.get_submodule(owner)
        places = layer._parameters if last in layer._parameters else layer._buffers
        kept.append((places, last, places[last]))
        places[last] = tensor
    try:
        yield
    finally:
        for places, last, tensor in kept:
            places[last] = tensor
