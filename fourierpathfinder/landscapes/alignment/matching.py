r"""Which unit of b is which unit of a: by their weights, or by what they do on data.

By weights, the sum of products of all weights of a with those of the permuted b is raised by one
set of units after another, each solved exactly as an assignment problem, until none can be
improved:

.. math:: \max_{\pi_1, \pi_2, \ldots} \sum_l \langle W_a^{(l)}, W_b^{(l)}(\pi) \rangle

By activations, each set of units is solved once, for the largest sum of correlations between what
units of a and units of b put out on the same inputs.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from .layers import makes_channels
from .units import State, Units

_MAX_SWEEPS = 100
"""The sum rises with every accepted change, so that sweeps end by themselves; this is a bound."""

_LEAST_GAIN = 1e-9
"""The relative gain below which a change is rounding."""


def by_weights(a: State, b: State, sets: Sequence[Units], parameters: set[str]) -> State:
    """`b` with its units in the order in which the weights agree best with those of `a`.

    Parameters
    ----------
    a, b : state dicts
        The two networks.
    sets : sequence of Units
        What may be exchanged.
    parameters : set of str
        The names whose numbers count: weights, not the running statistics of norms.

    Returns
    -------
    state dict

    References
    ----------
    Ainsworth, Hayase and Srinivasa, ICLR 2023, arXiv:2209.04836, Algorithm 1.
    """
    for _ in range(_MAX_SWEEPS):
        before = b
        for units in sets:
            b = _improved(a, b, units, parameters)
        if b is before:
            break
    return b


def _improved(a: State, b: State, units: Units, parameters: set[str]) -> State:
    slots = [slot for slot in units.slots if slot.name in parameters]
    gains = torch.stack(
        [
            slot.rows(a[slot.name], units.n_units) @ slot.rows(b[slot.name], units.n_units).T
            for slot in slots
        ]
    ).sum(dim=0)
    candidate = units.permuted(b, _assignment(gains))
    # A recurrent weight has the units on both axes, where the assignment is only a linearisation.
    names = {slot.name for slot in slots}
    better, now = _similarity(a, candidate, names), _similarity(a, b, names)
    return candidate if better > now + _LEAST_GAIN * abs(now) else b


def _similarity(a: State, b: State, names: Iterable[str]) -> float:
    return sum(float((a[name].double() * b[name].double()).sum()) for name in names)


def by_activations(
    modules: tuple[Any, Any], b: State, sets: Sequence[Units], batches: Iterable[Any]
) -> State:
    """`b` with its units in the order in which their outputs agree best with those of a.

    Parameters
    ----------
    modules : (torch.nn.Module, torch.nn.Module)
        Both networks, in evaluation mode.
    b : state dict
        The second one's.
    sets : sequence of Units
        What may be exchanged.
    batches : iterable of inputs

    Returns
    -------
    state dict

    References
    ----------
    Li, Yosinski, Clune, Lipson and Hopcroft, ICLR 2016, arXiv:1511.07543.
    """
    moments = [_Moments(units.n_units) for units in sets]
    with torch.no_grad():
        for inputs in batches:
            first, second = (_activations(module, sets, inputs) for module in modules)
            for each, x, y in zip(moments, first, second, strict=True):
                each.add(x, y)
    for units, each in zip(sets, moments, strict=True):
        b = units.permuted(b, _assignment(each.correlation()))
    return b


class _Moments:
    """First and second moments of what n units of a and of b put out, (n,) and (n, n)."""

    def __init__(self, n_units: int) -> None:
        self._n = 0
        self._sums = torch.zeros(2, n_units, dtype=torch.float64)
        self._squares = torch.zeros(2, n_units, dtype=torch.float64)
        self._products = torch.zeros(n_units, n_units, dtype=torch.float64)

    def add(self, x: Any, y: Any) -> None:
        """Take in more samples, (n_samples, n_units) of either network."""
        both = torch.stack([x, y])
        self._n += len(x)
        self._sums += both.sum(dim=1)
        self._squares += (both**2).sum(dim=1)
        self._products += x.T @ y

    def correlation(self) -> Any:
        """(n, n); 0 for units that never change."""
        mean = self._sums / self._n
        variance = (self._squares / self._n - mean**2).clamp(min=0)
        covariance = self._products / self._n - torch.outer(mean[0], mean[1])
        spread = torch.outer(variance[0].sqrt(), variance[1].sqrt())
        return torch.where(spread > 0, covariance / spread.clamp(min=1e-300), 0.0)


def _activations(module: Any, sets: Sequence[Units], inputs: Any) -> list[Any]:
    """What the units of each set put out, (n_samples, n_units), float64 on the CPU."""
    outputs: dict[str, tuple[Any, Any]] = {}

    def keep(name: str) -> Any:
        return lambda layer, _, output: outputs.update({name: (layer, output)})

    layers = {units.layer: module.get_submodule(units.layer) for units in sets}
    hooks = [layer.register_forward_hook(keep(name)) for name, layer in layers.items()]
    try:
        module(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    return [_samples(*outputs[units.layer], units.depth).cpu().double() for units in sets]


def _samples(layer: Any, output: Any, depth: int) -> Any:
    if isinstance(layer, torch.nn.RNNBase):
        last = output[1][0] if isinstance(layer, torch.nn.LSTM) else output[1]
        return last[depth]
    return output.movedim(1 if makes_channels(layer) else -1, -1).flatten(0, -2)


def _assignment(gains: Any) -> Any:
    """For each unit of a (row) the unit of b (column), so that the gains' sum is largest."""
    _, columns = linear_sum_assignment(np.asarray(gains.cpu()), maximize=True)
    return torch.as_tensor(columns)
