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


def refuse_varying(first: float, again: float, tolerance: float) -> None:
    """Raise an error if the loss of the same samples is another at the next call."""
    if not is_close(first, again, tolerance):
        raise ValueError(
            f"the network's loss on the same samples is {first:.6g} at one call and {again:.6g} at "
            "the next, in evaluation mode: it or `loss` draws random numbers (dropout or noise "
            "that is never switched off), or keeps something from call to call. A path needs a "
            "loss that is one function: switch it off, or draw the numbers once and pass them "
            "among the data"
        )


def refuse_keeping(before: float, after: float, tolerance: float) -> None:
    """Raise an error if the loss is another one after a call with other parameters."""
    if not is_close(before, after, tolerance):
        raise ValueError(
            f"the network's loss on some samples is {before:.6g}, and {after:.6g} after a call "
            "with other parameters: it or `loss` keeps something from call to call, in evaluation "
            "mode (an observer that fake quantisation adjusts, the largest value so far). Switch "
            "that off (`torch.ao.quantization.disable_observer`), or let it be in training alone"
        )
