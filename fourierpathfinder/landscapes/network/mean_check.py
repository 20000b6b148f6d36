"""Whether a loss is a mean over samples: that of a batch, from those of its two parts.

With n = n₁ + n₂ samples, f must be (n₁ f₁ + n₂ f₂)/n, or with weights (s₁ + s₂)/(w₁ + w₂). It is
not where the loss sums, where samples weigh differently and the loss does not say so, or where a
layer mixes the samples of a batch.
"""

import math
from typing import Any

import torch

from .data import Batch, Samples, spread
from .network import Network
from .parameters import Tensors
from .trees import tensors_of, tree_map

_TOLERANCES = {torch.float64: 1e-8, torch.float32: 2e-4}
_ROUGH = 2e-2
"""In half precision."""


def tolerance(network: Network, variables: Tensors) -> float:
    """How far two ways to one loss may differ, as a fraction of it."""
    if network.autocast is not None:
        return _ROUGH
    return max(_TOLERANCES.get(tensor.dtype, _ROUGH) for tensor in variables.values())


def check_mean(network: Network, samples: Samples, variables: Tensors, n_samples: int) -> bool:
    """Raise an error if the loss is no mean over samples, or not a function of its arguments.

    Parameters
    ----------
    network : Network
    samples : Samples
        Of which some are taken, spread over all.
    variables : dict of str to Tensor
        Parameters of one point; statistics are taken from the same samples.
    n_samples : int
        In the batch that is split.

    Returns
    -------
    bool
        Whether this point could tell: a loss that is NaN or infinite there says nothing.

    Raises
    ------
    ValueError
        With the likely cause and its cure.
    """
    chosen = spread(len(samples), n_samples)
    whole = samples.batch(chosen)
    variables = variables | quietly(network.statistics(whole), variables, whole)
    _check_loss_alone(network, variables, whole)
    if len(chosen) < 2:
        return True
    cut = max(1, len(chosen) // 3)
    parts = samples.batch(chosen[:cut]), samples.batch(chosen[cut:])
    (total, weight), *sums = (
        quietly(network.loss(batch), variables, batch) for batch in (whole, *parts)
    )
    together = sum(float(each) for each, _ in sums) / max(sum(float(w) for _, w in sums), 1e-30)
    mean = float(total) / max(float(weight), 1e-30)
    if not math.isfinite(mean):
        return False
    means = [float(each) / max(float(w), 1e-30) for each, w in sums]
    size = max(abs(mean), *(abs(each) for each in means))
    if abs(mean - together) <= tolerance(network, variables) * max(size, 1e-6):
        return True
    raise ValueError(_sentence(whole.size, mean, together, means, parts))


def quietly(function: Any, variables: Tensors, batch: Batch) -> Any:
    """What a function of the network gives, without a history wherever the module allows."""
    try:
        with torch.no_grad():
            return function(variables, *batch.tensors)
    except RuntimeError as error:
        if "does not require grad" not in str(error):
            raise
    with torch.enable_grad():
        return tree_map(lambda tensor: tensor.detach(), function(variables, *batch.tensors))


def _check_loss_alone(network: Network, variables: Tensors, batch: Batch) -> None:
    """Raise an error if the loss holds parameters of its own that could be trained."""
    with torch.enable_grad():
        output = network.output(variables, batch)
        constant = tree_map(lambda tensor: tensor.detach(), output)
        if tensors_of(constant) == () or any(t.requires_grad for t in tensors_of(constant)):
            return
        _, _, target = network.arguments(batch.tree)
        mean = network.reduction.mean(constant, target, batch.size)
    if mean.requires_grad:
        raise ValueError(
            "`loss` depends on parameters besides the output and the target: it holds those of one "
            "network, which are the same wherever the path is. Pass a regulariser of the "
            "parameters as `penalty=`, a function of the parameters by name; parameters that the "
            "loss has itself belong into the module, or need `requires_grad_(False)`"
        )


def _sentence(
    n: int,
    mean: float,
    together: float,
    means: list[float],
    parts: tuple[Batch, Batch],
) -> str:
    found = (
        f"`loss` is no mean over samples: {mean:.6g} for {n} samples, and {means[0]:.6g} and "
        f"{means[1]:.6g} for {parts[0].size} and {parts[1].size} of these"
    )
    if abs(sum(means) - mean) <= 1e-3 * abs(mean):
        return f"{found}; it sums over the samples, pass one that takes their mean"
    return (
        f"{found}, which makes {together:.6g}. Where samples weigh differently (weights of "
        "classes, ignored targets, padding), return the pair (sum over the batch, weight of the "
        "batch); a layer that mixes the samples of a batch has no such loss at all"
    )
