"""Whether two ways to one loss agree, and what it means if two calls do not."""

import math
from collections.abc import Callable
from typing import Any

import torch

from .network import Network
from .parameters import Tensors

_TOLERANCES = {torch.float64: 1e-8, torch.float32: 2e-4}
_ROUGH = 2e-2
"""In half precision."""
_NOTHING = 1e-6
"""Losses below this are not told apart."""
_DRAWS, _MARGIN = 3, 10.0
"""Changes of the last bits that are tried, and how much more the order of all sums may do than the
largest of these."""
MOST_ROUNDED = _ROUGH
"""Above this, as a fraction, a loss is no number to compare anything with."""

VARYING = (
    "the network's loss on the same samples is {:.6g} at one call and {:.6g} at the next, in "
    "evaluation mode: it or `loss` draws random numbers (dropout or noise that is never switched "
    "off), or keeps something from call to call. A path needs a loss that is one function: switch "
    "it off, or draw the numbers once and pass them among the data"
)
"""Of two calls, one after the other."""

AMPLIFIED = (
    "each layer amplifies what the one before rounds, so that the last bit of the parameters "
    "changes the loss there by some {:.0%}; pass the modules and the data in double precision, "
    "more samples to layers that normalise, or networks that were trained"
)
"""Of a loss that says nothing."""

KEEPING = (
    "the network's loss on some samples is {:.6g}, and {:.6g} after a call with other parameters: "
    "it or `loss` keeps something from call to call, in evaluation mode (an observer that fake "
    "quantisation adjusts, the largest value so far). Switch that off "
    "(`torch.ao.quantization.disable_observer`), or let it be in training alone"
)
"""Of two calls with one at other parameters between them."""


def tolerance(network: Network, variables: Tensors) -> float:
    """How far two ways to one loss may differ, as a fraction of it."""
    if network.autocast is not None:
        return _ROUGH
    return max(_TOLERANCES.get(tensor.dtype, _ROUGH) for tensor in variables.values())


def rounding(loss: Callable[[Tensors], float], parameters: Tensors, found: float) -> float:
    """How far a loss changes with the last bits of its parameters, as a fraction with a margin.

    Many layers that normalise one after the other may amplify what they round a thousandfold.

    Parameters
    ----------
    loss : callable
        Of parameters by name.
    parameters : dict of str to Tensor
    found : float
        The loss at these.
    """
    generator = torch.Generator().manual_seed(0)

    def changed(tensor: Any) -> Any:
        signs = torch.randn(tensor.shape, generator=generator).sign().to(tensor)
        return tensor * (1 + torch.finfo(tensor.dtype).eps * signs)

    changes = [
        abs(loss({name: changed(tensor) for name, tensor in parameters.items()}) - found)
        for _ in range(_DRAWS)
    ]
    return _MARGIN * max(changes) / max(abs(found), _NOTHING)


def is_close(one: float, other: float, tolerance: float) -> bool:
    """Whether two losses are one, or the same that is not finite."""
    if not (math.isfinite(one) and math.isfinite(other)):
        return one == other or (math.isnan(one) and math.isnan(other))
    return abs(one - other) <= max(tolerance * abs(one), _NOTHING)


def refuse_difference(one: float, other: float, tolerance: float, sentence: str) -> None:
    """Raise an error of this `sentence`, with both losses in it, if they are not one.

    Raises
    ------
    ValueError
        With what may be the reason, and its cure.
    """
    if not is_close(one, other, tolerance):
        raise ValueError(sentence.format(one, other))
