r"""Which unit of b is which unit of a: by their weights, or by what they do on data.

By weights, the sum of products of all weights of a with those of the permuted b is raised by one
set of units after another, each solved exactly as an assignment problem, until none can be
improved:

.. math:: \max_{\pi_1, \pi_2, \ldots} \sum_l \langle W_a^{(l)}, W_b^{(l)}(\pi) \rangle

By activations, it is the sum of correlations between what units of a and units of b put out on the
same inputs.

Units with others within them, such as heads, are matched as these agree when they are themselves in
the best order.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment

from .inputs import Batch
from .tracing import watched
from .units import Slot, State, Units

Gain: TypeAlias = Callable[[Slot, Slot], Any]
"""How well the units of a slot of a agree with those of one of b (n, n)."""

_MAX_SWEEPS = 100
"""The sum rises with every accepted change, so that sweeps end by themselves; this is a bound."""

_MAX_ROUNDS = 10
"""Of comparing outputs whose samples depend on the order of other units."""

_STILL = 1e-12
"""The variance, as a part of the mean square, below which what a unit puts out only rounds."""

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
    def gain(mine: Slot, other: Slot) -> Any:
        return mine.rows(a[mine.name]) @ other.rows(b[other.name]).T

    candidate = _moved(b, _moves(units, gain, lambda each: each.slots, parameters))
    # A recurrent weight has the units on both axes, where the assignment is only a linearisation.
    names = {slot.name for slot in units.slots} & parameters
    better, now = _similarity(a, candidate, names), _similarity(a, b, names)
    return candidate if better > now + _LEAST_GAIN * abs(now) else b


def _similarity(a: State, b: State, names: Iterable[str]) -> float:
    return sum(float((a[name].double() * b[name].double()).sum()) for name in names)


def by_activations(
    modules: tuple[Any, Any],
    b: State,
    sets: Sequence[Units],
    batches: Iterable[Batch],
    parameters: set[str],
) -> State:
    """`b` with its units in the order in which their outputs agree best with those of a.

    Where the samples of an output run over units as well, as the channels of a mixer do over which
    tokens are mixed, outputs are compared again once those units are in order. Units that no linear
    operation puts out are matched by their weights.

    Parameters
    ----------
    modules : (torch.nn.Module, torch.nn.Module)
        Both networks, in evaluation mode; the second is changed.
    b : state dict
        The second one's.
    sets : sequence of Units
        What may be exchanged.
    batches : iterable of Batch
        What to call the networks with.
    parameters : set of str
        The names of weights.

    Returns
    -------
    state dict

    References
    ----------
    Li, Yosinski, Clune, Lipson and Hopcroft, ICLR 2016, arXiv:1511.07543.
    """
    crossed = any(units.is_crossed for units in sets if units.is_put_out)
    if crossed:
        batches = list(batches)
    a = modules[0].state_dict()
    for _ in range(_MAX_ROUNDS if crossed else 1):
        before = b
        correlations = _correlations(modules, _put_out(sets), batches)
        seen = [units for units in sets if _put_out([units]) & set(correlations)]
        unseen = [units for units in sets if units not in seen]
        b = by_weights(a, _by_outputs(b, seen, correlations), unseen, parameters)
        if all(torch.equal(b[name], before[name]) for name in parameters):
            break
        modules[1].load_state_dict(b)
    return b


def _put_out(sets: Iterable[Units]) -> set[str]:
    """The names of the operations that put out these units, or those within them."""
    names = {slot.name for units in sets for slot in units.outputs}
    return names | {slot.name for each in sets for kind in each.within for slot in kind[0].outputs}


def _by_outputs(b: State, sets: Sequence[Units], correlations: dict[str, Any]) -> State:
    def gain(mine: Slot, other: Slot) -> Any:
        columns = zip(mine.places.T, other.places.T, strict=True)
        return sum(correlations[mine.name][i][:, j] for i, j in columns)

    for _ in range(_MAX_SWEEPS):
        before = _agreement(correlations)
        for units in sets:
            moves = _moves(units, gain, lambda each: each.outputs, set(correlations))
            b = _moved(b, moves)
            for each, order in moves:
                for slot in each.outputs:
                    if slot.name in correlations:
                        columns = replace(slot, axis=1)
                        correlations[slot.name] = columns.permuted(correlations[slot.name], order)
        if _agreement(correlations) <= before + _LEAST_GAIN * abs(before):
            break
    return b


def _correlations(
    modules: tuple[Any, Any], wanted: set[str], batches: Iterable[Batch]
) -> dict[str, Any]:
    """By the names of operations; without those that the two networks carry out for other samples.

    A network that chooses by the input, as one of several experts, may do so differently.
    """
    moments: dict[str, _Moments] = {}
    apart: set[str] = set()
    for batch in batches:
        first, second = (_outputs(module, wanted, batch) for module in modules)
        sizes = [{name: len(x) for name, x in found.items()} for found in (first, second)]
        apart |= {name for name in wanted if sizes[0].get(name) != sizes[1].get(name)}
        for name in first.keys() - apart:
            x, y = first[name], second[name]
            moments.setdefault(name, _Moments(x.shape[1])).add(x, y)
    return {name: each.correlation() for name, each in moments.items() if name not in apart}


def _agreement(correlations: dict[str, Any]) -> float:
    return sum(float(each.trace()) for each in correlations.values())


def _moved(b: State, moves: Iterable[tuple[Units, Any]]) -> State:
    for units, order in moves:
        b = units.permuted(b, order)
    return b


def _moves(
    units: Units,
    gain: Gain,
    slots_of: Callable[[Units], Sequence[Slot]],
    names: set[str],
) -> list[tuple[Units, Any]]:
    """The best orders of these units and then of those within them."""

    def total(mine: Units, other: Units, own: Callable[[Slot], bool] = lambda slot: True) -> Any:
        pairs = zip(slots_of(mine), slots_of(other), strict=True)
        gains = [gain(x, y) for x, y in pairs if x.name in names and own(x)]
        n = mine.n_units
        return torch.stack(gains).sum(dim=0).cpu() if gains else torch.zeros(n, n).double()

    taken = {(slot.name, slot.axis) for kind in units.within for slot in slots_of(kind[0])}
    gains = total(units, units, lambda slot: (slot.name, slot.axis) not in taken)
    inner: dict[tuple[int, int, int], Any] = {}
    for k, kind in enumerate(units.within):
        for i, mine in enumerate(kind):
            for j, other in enumerate(kind):
                each = total(mine, other)
                inner[k, i, j] = _assignment(each)
                gains[i, j] += each[torch.arange(mine.n_units), inner[k, i, j]].sum()
    order = _assignment(gains)
    within = [
        (mine, inner[k, i, int(order[i])])
        for k, kind in enumerate(units.within)
        for i, mine in enumerate(kind)
    ]
    return [(units, order), *within]


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
        squares = self._squares / self._n
        variance = squares - mean**2
        variance = torch.where(variance > _STILL * squares, variance, 0.0)
        covariance = self._products / self._n - torch.outer(mean[0], mean[1])
        spread = torch.outer(variance[0].sqrt(), variance[1].sqrt())
        return torch.where(spread > 0, covariance / spread.clamp(min=1e-300), 0.0)


def _outputs(module: Any, wanted: set[str], batch: Batch) -> dict[str, Any]:
    """What linear operations put out, (n_samples, n_units) in float64, by their weights."""
    found: dict[str, list[Any]] = {}

    def keep(name: str, output: Any, axis: int) -> None:
        if name in wanted:
            samples = output.detach().movedim(axis, -1).flatten(0, -2)
            found.setdefault(name, []).append(samples.cpu().double())

    watched(module, batch.args, batch.kwargs, keep)
    return {name: torch.cat(parts) for name, parts in found.items()}


def _assignment(gains: Any) -> Any:
    """For each unit of a (row) the unit of b (column), so that the gains' sum is largest."""
    _, columns = linear_sum_assignment(np.asarray(gains), maximize=True)
    return torch.as_tensor(columns)
