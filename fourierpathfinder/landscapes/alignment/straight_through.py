r"""Units matched by the loss half-way: permutations learnt with a straight-through estimator.

A network w̃ is trained so that its own best permutation of b lowers the loss L in the middle:

.. math:: \min_{\tilde w} L\left(\tfrac12 (w_a + \pi_{\tilde w}(w_b))\right), \qquad
   \pi_{\tilde w} = \arg\max_\pi \langle \tilde w, \pi(w_b) \rangle

where the gradient passes through π(b) as if it were w̃.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.func import functional_call

from ..._counts import require_counts
from .copies import copied
from .inputs import Batch
from .matching import by_weights
from .mixing import MixedBatches
from .units import State, Units

_NORMS = torch.nn.modules.batchnorm._NormBase


@dataclass(frozen=True)
class StraightThrough:
    """Match units so that the loss half-way between the two networks is low.

    Batches are drawn at random, so that data may be sorted; where they are normalised, it is with
    their own statistics, as in training. The best of all permutations that were tried comes back,
    the one by weights among them.

    Parameters
    ----------
    loss : callable
        `loss(output, target)`: the mean over a batch, one value a sample, or the pair (sum,
        weight); the whole batch is the target where the data are a mapping.
    n_passes : int
        How often to go over the data.
    learning_rate : float
        Of Adam.
    rng : int or numpy.random.Generator
        Draws which samples are taken together at each pass (:term:`SPEC 7`).

    Raises
    ------
    TypeError, ValueError
        If a number is not positive, or `n_passes` no whole one.

    References
    ----------
    Ainsworth, Hayase and Srinivasa, ICLR 2023, arXiv:2209.04836, Section 3.3.

    Examples
    --------
    >>> import torch
    >>> from fourierpathfinder.landscapes import StraightThrough, align_units
    >>> _ = torch.manual_seed(0)
    >>> def made():
    ...     layers = torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)
    ...     return torch.nn.Sequential(*layers)
    >>> a, b = made(), made()
    >>> data = torch.randn(32, 2), torch.zeros(32, 1)
    >>> settings = StraightThrough(torch.nn.functional.mse_loss, n_passes=3)
    >>> aligned = align_units(a, a, b, data, straight_through=settings)
    >>> bool(torch.allclose(aligned(data[0]), b(data[0]), atol=1e-6))
    True
    """

    loss: Callable[[Any, Any], Any]
    n_passes: int = 10
    learning_rate: float = 1e-3
    rng: np.random.Generator | int = 0

    def __post_init__(self) -> None:
        require_counts(n_passes=self.n_passes)
        if not self.learning_rate > 0:
            raise ValueError(f"`learning_rate` is {self.learning_rate}; it must be positive")


def by_loss(
    settings: StraightThrough,
    module: Any,
    a: State,
    b: State,
    sets: Sequence[Units],
    parameters: set[str],
    batches: Sequence[Batch],
) -> State:
    """`b` with its units in the order with the lowest loss half-way to `a` that was found.

    Parameters
    ----------
    settings : StraightThrough
    module : torch.nn.Module
        The architecture.
    a, b : state dicts
        The two networks.
    sets : sequence of Units
        What may be exchanged.
    parameters : set of str
        The names of what is trained.
    batches : sequence of Batch
        All data.

    Returns
    -------
    state dict

    Raises
    ------
    TypeError, ValueError
        If there are no targets, or if the loss is none or never finite.
    """
    if any(batch.target is None for batch in batches):
        raise ValueError(
            "`straight_through` compares outputs with targets, but the `data` hold none; pass a "
            "pair (inputs, targets), or a dict"
        )
    middle = _Middle(settings, module, a, parameters)
    moving = {name: a[name].detach().clone().requires_grad_() for name in parameters}
    adam = torch.optim.Adam(moving.values(), lr=settings.learning_rate)
    mixed = MixedBatches(batches, np.random.default_rng(settings.rng))
    compared = mixed.drawn()
    b = by_weights(a, b, sets, parameters)
    lowest, best = middle.mean(b, compared), b
    for _ in range(settings.n_passes):
        for batch in mixed.drawn():
            fixed = {name: x.detach() for name, x in moving.items()}
            b = by_weights(fixed, b, sets, parameters)
            through = {name: x + (b[name] - x).detach() for name, x in moving.items()}
            adam.zero_grad()
            middle.loss(through, batch).backward()
            adam.step()
        value = middle.mean(b, compared)
        if value < lowest:
            lowest, best = value, b
    if lowest == math.inf:
        raise ValueError(
            "the loss half-way between the two networks is not finite for any order that was "
            "tried; match by weights or by activations"
        )
    return best


class _Middle:
    """The loss half-way between a and another network."""

    def __init__(
        self, settings: StraightThrough, module: Any, a: State, parameters: set[str]
    ) -> None:
        self._settings = settings
        self._module = copied(module).eval()
        for layer in self._module.modules():
            if isinstance(layer, _NORMS):
                layer.train()
        self._a = a
        self._parameters = parameters

    def loss(self, b: State, batch: Batch) -> Any:
        half = {name: (self._a[name].detach() + b[name]) / 2 for name in self._parameters}
        output = functional_call(self._module, half, batch.args, batch.kwargs)
        return _mean_of(self._settings.loss(output, batch.target))

    def mean(self, b: State, batches: Sequence[Batch]) -> float:
        with torch.no_grad():
            found = sum(float(self.loss(b, batch).detach()) for batch in batches) / len(batches)
        return found if math.isfinite(found) else math.inf


def _mean_of(found: Any) -> Any:
    """A mean, whichever way a loss returned it."""
    if isinstance(found, tuple) and len(found) == 2 and isinstance(found[0], torch.Tensor):
        return found[0].sum() / torch.as_tensor(found[1]).sum()
    if not isinstance(found, torch.Tensor):
        raise TypeError(
            f"`loss` returned a {type(found).__name__}; it must return a tensor (the mean over the "
            "batch, or one value a sample), or the pair (sum, weight)"
        )
    return found.mean()
