"""Whether the gradient that a network gives is that of its loss.

Where a module or a loss detaches a part that moves, rounds and passes the gradient straight through
(quantised or binary weights, vector quantisation), or writes a backward pass of its own (a gradient
that is reversed), torch gives another one: good for training, but a path follows it, and heights
between its points are measured with it. That is said.
"""

import logging
from typing import Any

from .mean_loss import MeanLoss

_log = logging.getLogger(__name__)

_PARTS = (1e-3, 1e-2, 1e-4)
"""How far to go, as fractions of the loss that the gradient promises."""
_ALIKE = 0.02
"""How far slopes may differ, as a fraction, for kinks and rounding."""
_STEP = 0.1
"""How far parameters without a gradient go, as a fraction of them, by which units of ReLU that are
off stay off."""
_RISE, _EVENLY = 1e-3, 2e-4
"""What the loss may change by, as a fraction of it; and what it may evenly, from one side to the
other, as where it depends on them and not where another unit becomes the largest."""
_LINEAR = 0.2
"""How far half the way may be from half the change, as a fraction of this."""
_SMALL = 1e-4
"""Losses below are too small, beside what they are calculated from, for differences."""

_OTHER = "the gradient is not that of the loss"
_CAUSES = (
    ". The module or `loss` detaches a part that moves (as `padding_idx` of an embedding does), "
    "passes gradients straight through (quantised weights) or turns them (`autograd.Function`). "
    "The path follows these gradients, so it may be far from the lowest, and its height is as good "
    "as they are"
)


def say_if_not_of_the_loss(mean_loss: MeanLoss, point: Any, samples: Any) -> None:
    """Warn in the log where the loss rises otherwise than the gradient says, along itself.

    Parameters
    ----------
    mean_loss : MeanLoss
    point : Tensor (D,)
        Any, but no minimum, where there is nothing to compare.
    samples : array of int (1, B)
    """
    values, gradients = mean_loss.value_and_grad(point[None], samples)
    here, gradient = float(values[0]), gradients[0]
    value = abs(here)
    size = float(gradient.norm())
    if not _SMALL < value < float("inf") or not 0 < size < float("inf"):
        return

    def loss(at: Any) -> float:
        return float(mean_loss.value(at[None], samples)[0])

    if _changes(loss, point, point * (gradient == 0), here):
        _log.warning("%s: it is 0 for parameters on which the loss depends%s", _OTHER, _CAUSES)
        return
    found = []
    for part in _PARTS:
        step = part * value / size
        ahead, behind = (loss(point + sign * step / size * gradient) for sign in (1, -1))
        found.append((ahead - behind) / (2 * step))
        if abs(found[-1] - size) <= _ALIKE * size:
            return
    rises = f"along it the loss rises by {found[0]:.3g} per unit, not by {size:.3g}"
    _log.warning("%s: %s%s", _OTHER, rises, _CAUSES)


def _changes(loss: Any, point: Any, still: Any, here: float) -> bool:
    """Whether a loss, `here` at a point, depends on parameters that have no gradient."""
    if not bool(still.any()):
        return False
    ahead, behind = (loss(point + sign * _STEP * still) for sign in (1, -1))
    if abs(ahead - here) > _RISE * abs(here):
        return True
    half = loss(point + _STEP / 2 * still) - loss(point - _STEP / 2 * still)
    is_linear = abs(ahead - behind - 2 * half) <= _LINEAR * abs(ahead - behind)
    return bool(is_linear and abs(ahead - behind) > _EVENLY * abs(here))
