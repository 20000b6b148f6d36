"""Whether a loss is a mean over samples: that of a batch, from those of small parts of it.

With n = Σₖ nₖ samples, f must be Σₖ nₖ fₖ/n, or with weights Σₖ sₖ/Σₖ wₖ. It is not where the loss
sums, where samples weigh differently and the loss does not say so, where it is a root or another
function of a mean, or where a layer mixes the samples of a batch. In parts of three samples these
differ most: in large ones a root, say, is nearly the mean of roots.
"""

import logging
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch

from ..trees import tensors_of, tree_map
from .agreement import VARYING, is_close, refuse_difference, tolerance
from .data import Batch, Samples
from .network import HALF, Network
from .own_parameters import history
from .parameters import Tensors
from .telling_samples import telling

_log = logging.getLogger(__name__)

_SINGLE = 1e-6
"""Rounding of sums in single precision, as a fraction."""
_IN_A_PART = 3
"""Samples."""


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
    chosen = telling(samples, n_samples)
    whole = samples.batch(chosen)
    variables = variables | quietly(network.statistics(whole), variables, whole)
    _check_loss_alone(network, variables, whole)
    total, weight = _sums(network, variables, whole)
    limit = tolerance(network, variables)
    again, _ = _sums(network, variables, whole)
    mean, mean_again = (each / max(weight, 1e-30) for each in (total, again))
    refuse_difference(mean, mean_again, limit, VARYING)
    if len(chosen) < 2:
        return True
    n_parts = max(2, len(chosen) // _IN_A_PART)
    neighbours = np.array_split(chosen, n_parts)
    others = [chosen[k::n_parts] for k in range(n_parts)]
    for split in (neighbours, others):  # by chance one alone may agree
        parts = [samples.batch(part) for part in split]
        means = _check_parts(network, variables, whole, parts, (total, weight))
    _say_if_rounded(means, variables)
    return math.isfinite(mean)


def _check_parts(
    network: Network,
    variables: Tensors,
    whole: Batch,
    parts: list[Batch],
    of_whole: tuple[float, float],
) -> list[float]:
    """The means of parts; an error if sums and weights do not add up to those of the batch."""
    limit = tolerance(network, variables)
    total, weight = of_whole
    mean = total / max(weight, 1e-30)
    sums = [_sums(network, variables, batch) for batch in parts]
    added, weights = (sum(numbers) for numbers in zip(*sums, strict=True))
    means = [each / max(w, 1e-30) for each, w in sums]
    if not math.isfinite(mean):
        return means
    if abs(weight - weights) > limit * weights:
        raise ValueError(
            f"the pair that `loss` returned is ({total:.6g}, {weight:.6g}) for {whole.size} "
            f"samples, but those of {len(parts)} parts of these add up to ({added:.6g}, "
            f"{weights:.6g}); both must be sums over the samples of a batch. If the second is no "
            "weight, but something else that was measured, return the first alone"
        )
    size = max(abs(mean), *(abs(each) for each in means))
    if not abs(total - added) <= limit * max(size, 1e-6) * weights:
        found = _sentence(whole.size, mean, added / max(weights, 1e-30), means)
        raise ValueError(found + _likely(network, variables, whole))
    return means


def _say_if_rounded(means: list[float], variables: Tensors) -> None:
    """Say in the log that losses come in half precision, in which the module calculated them."""
    for dtype in {tensor.dtype for tensor in variables.values()} & set(HALF):
        rounded = torch.tensor(means).to(dtype).double()
        apart = (torch.tensor(means).double() - rounded).abs()
        if len(means) > 2 and bool((apart <= _SINGLE * rounded.abs()).all() and rounded.any()):
            _log.warning(
                "the loss of each batch comes rounded to %s, to two or three digits, so heights "
                "are no better: let the module calculate it in single precision "
                "(`logits.float()`), or pass a `loss` that takes the module's output",
                dtype,
            )


def _sums(network: Network, variables: Tensors, batch: Batch) -> tuple[float, float]:
    """The sum and the weight of a batch."""
    total, weight = quietly(network.loss(batch), variables, batch)
    return float(total), float(weight)


def check_penalty(network: Network, variables: Tensors) -> None:
    """Raise an error if what is added to the loss depends on other parameters than those given."""
    if network.penalty is None:
        return
    with torch.enable_grad():
        found = network.penalty({name: tensor.detach() for name, tensor in variables.items()})
    if found.requires_grad:
        raise ValueError(
            "`penalty` depends on parameters besides those that it is given, which are the same "
            "wherever the path is; take them from its argument, a dict of tensors by name"
        )
    leaves, doubled = (
        {name: (factor * tensor.detach()).requires_grad_() for name, tensor in variables.items()}
        for factor in (1, 2)
    )
    with torch.enable_grad():
        again, other = network.penalty(leaves), network.penalty(doubled)
    rough = tolerance(network, variables)
    if not is_close(float(found), float(again.detach()), rough):
        raise ValueError(
            f"`penalty` of the same parameters is {float(found):.6g} at one call and "
            f"{float(again.detach()):.6g} at the next; a path needs one function of the parameters"
        )
    if not again.requires_grad and not is_close(float(found), float(other.detach()), rough):
        raise ValueError(
            "`penalty` depends on the parameters, but not in a way that torch could differentiate: "
            "it detaches them (`.data`, `.item()`), or calculates with numbers outside torch"
        )


def check_gradient(network: Network, variables: Tensors, batch: Batch) -> None:
    """Raise an error if no way leads from the loss to the parameters, or one from another loss."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in variables.items()}
    with torch.enable_grad(), _no_parts_without_gradient():
        total, weight = network.loss(batch)(leaves, *batch.tensors)
    # a part that is calculated again in the way that needs `backward()`
    if any(node.name() == "CheckpointFunctionBackward" for node in history(total.grad_fn)):
        raise ValueError(_AGAIN)
    if not total.requires_grad:
        raise ValueError(
            "the loss does not depend on the parameters in a way that torch could differentiate: "
            "the module or `loss` detaches, counts (as an accuracy does), or calculates with "
            "numbers outside torch. A path needs gradients: pass a loss that has one, and measure "
            "the other by `landscape.measure`"
        )
    sums = total.detach(), quietly(network.loss(batch), variables, batch)[0]
    found, alone = (float(each) / max(float(weight), 1e-30) for each in sums)
    if not is_close(found, alone, tolerance(network, variables)):
        raise ValueError(
            f"the network's loss on some samples is {found:.6g} where a gradient is asked for, and "
            f"{alone:.6g} within `torch.no_grad()`: the module calculates something else there, so "
            "that gradients and values would be those of two functions. `nn.TransformerEncoder` "
            "does so where it is given a padding mask, and sets what is padded to zero: build it "
            "with `enable_nested_tensor=False`, or let only what is not padded count afterwards"
        )


_AGAIN = (
    "the module calls `torch.utils.checkpoint` with `use_reentrant=True`, through which no "
    "gradient of the parameters alone can be taken, and none at all where its inputs need none; "
    "pass `use_reentrant=False` there (`gradient_checkpointing_kwargs` in transformers)"
)


@contextmanager
def _no_parts_without_gradient() -> Iterator[None]:
    """Raise an error where torch warns that a part which is calculated again has no gradient."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for each in caught:
        if "None of the inputs have requires_grad=True" in str(each.message):
            raise ValueError(_AGAIN)
        warnings.warn_explicit(each.message, each.category, each.filename, each.lineno)


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


def _as_variable(tensor: Any) -> Any:
    """A variable that is no leaf, so that a loss may write over it as over an output."""
    return tensor.clone().requires_grad_().clone() if tensor.is_floating_point() else tensor


def _check_loss_alone(network: Network, variables: Tensors, batch: Batch) -> None:
    """Raise an error if the loss holds parameters of its own that could be trained."""
    with torch.enable_grad():
        output = network.output(variables, batch)
        constant = tree_map(lambda tensor: tensor.detach(), output)
        if tensors_of(constant) == () or any(t.requires_grad for t in tensors_of(constant)):
            return
        kept = tree_map(lambda tensor: tensor.clone(), constant)
        variable = tree_map(_as_variable, kept)
        with network.handed_target(batch) as target, network.comparing(constant, target):
            mean = network.reduction.mean(constant, target, batch.size)
        with network.handed_target(batch) as target:
            _, weight = network.reduction.total(variable, target, batch.size)
    if weight.requires_grad:
        raise ValueError(
            "the weight in the pair (sum, weight) that `loss` returns depends on the output of the "
            "network; it must be that of the samples alone. If the second is no weight, but "
            "something else that was measured, return the first alone"
        )
    if mean.requires_grad:
        raise ValueError(
            "`loss` depends on parameters besides the output and the target: it holds those of one "
            "network, which are the same wherever the path is. Pass a regulariser of the "
            "parameters as `penalty=`, a function of the parameters by name; parameters that the "
            "loss has itself belong into the module, or need `requires_grad_(False)`"
        )


def _likely(network: Network, variables: Tensors, batch: Batch) -> str:
    """What else may be said of a loss that is no mean, or nothing."""
    if network.reduction.loss is None:
        return (
            ". It is the loss that the module returns by itself, as `loss` is None: pass as `loss` "
            "a function of its output and the batch, which calculates it from the logits"
        )
    with torch.no_grad():
        compared = network.output_and_target(variables, batch)
    shapes = [tuple(x.shape) if isinstance(x, torch.Tensor) else () for x in compared]
    if {(batch.size,), (batch.size, 1)} == set(shapes):
        return (
            f". The output has the shape {shapes[0]} and the target {shapes[1]}, of which torch "
            "compares each with each; give both the same shape, as by `squeeze(1)`"
        )
    return ""


def _sentence(n: int, mean: float, together: float, means: list[float]) -> str:
    found = (
        f"`loss` is no mean over samples: {mean:.6g} for {n} samples, but {together:.6g} from "
        f"{len(means)} parts of these"
    )
    if abs(sum(means) - mean) <= 1e-3 * abs(mean):
        return f"{found}; it sums over the samples, pass one that takes their mean"
    if math.isnan(together):
        return (
            f"{found}: check whether all targets of some samples are ignored, or a layer cannot do "
            "with a few samples. A mean over none is NaN, so return the pair (sum over the batch, "
            "weight of the batch)"
        )
    return (
        f"{found}. Where samples weigh differently (weights of classes, ignored targets, padding), "
        "return the pair (sum over the batch, weight of the batch); of a root of a mean pass the "
        "mean itself. A layer or loss that mixes the samples of a batch (contrastive, over pairs) "
        "has a mean over fixed groups alone: make each group one sample"
    )
