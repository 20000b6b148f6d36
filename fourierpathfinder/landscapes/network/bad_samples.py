"""Which samples make a loss NaN or infinite: found by halving batches, a few of them."""

from collections.abc import Callable
from functools import partial

import numpy as np

from .data import Samples
from .mean_check import quietly
from .network import Network
from .parameters import Tensors

_SHOWN = 4
"""Samples that are named."""
_AT_ONCE = 256


def spoiling(network: Network, samples: Samples, variables: Tensors, indices: np.ndarray) -> str:
    """What to say of the samples without which a loss would be finite; empty if there are none.

    Parameters
    ----------
    network : Network
    samples : Samples
    variables : dict of str to Tensor
        Parameters and statistics of one point; where statistics are not finite, those samples are
        looked for that hold such numbers.
    indices : array of int (B,)
        Of the samples that were taken.
    """
    spoilt = not all(bool(tensor.isfinite().all()) for tensor in variables.values())
    is_finite = partial(_is_whole, samples)
    if not spoilt:
        is_finite = partial(_has_a_loss, network, samples, variables)
    found: list[int] = []
    for part in np.array_split(indices, -(-len(indices) // _AT_ONCE)):
        found += _found(part, is_finite, _SHOWN + 1 - len(found))
    if not found:
        return ""
    numbers = list(dict.fromkeys(map(samples.number, found)))
    named = ", ".join(map(str, numbers[:_SHOWN])) + " and others" * (len(numbers) > _SHOWN)
    return (
        f"the loss of sample{'s' * (len(numbers) > 1)} {named} of `data` is not. Look "
        "whether they hold NaN or infinity, and leave them out or mend them; if the data are as "
        "they should be, look how the network was trained, or whether its values overflow"
    )


def _found(
    indices: np.ndarray, is_finite: Callable[[np.ndarray], bool], n_wanted: int
) -> list[int]:
    """The first of those that are not finite."""
    if n_wanted < 1 or is_finite(indices):
        return []
    if len(indices) == 1:
        return [int(indices[0])]
    first, second = np.array_split(indices, 2)
    found = _found(first, is_finite, n_wanted)
    return found + _found(second, is_finite, n_wanted - len(found))


def _has_a_loss(network: Network, samples: Samples, variables: Tensors, chosen: np.ndarray) -> bool:
    batch = samples.batch(chosen)
    total, _ = quietly(network.loss(batch), variables, batch)
    return bool(total.isfinite())


def _is_whole(samples: Samples, chosen: np.ndarray) -> bool:
    tensors = samples.batch(chosen).tensors
    return all(bool(x.isfinite().all()) for x in tensors if x.is_floating_point())
