"""Whether two ways to one loss agree, and what it means if two calls do not."""

import math

import torch

from .network import Network
from .parameters import Tensors

_TOLERANCES = {torch.float64: 1e-8, torch.float32: 2e-4}
_ROUGH = 2e-2
"""In half precision."""
_NOTHING = 1e-6
"""Losses below this are not told apart."""

VARYING = (
    "the network's loss on the same samples is {:.6g} at one call and {:.6g} at the next, in "
    "evaluation mode: it or `loss` draws random numbers (dropout or noise that is never switched "
    "off), or keeps something from call to call. A path needs a loss that is one function: switch "
    "it off, or draw the numbers once and pass them among the data"
)
"""Of two calls, one after the other."""

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
