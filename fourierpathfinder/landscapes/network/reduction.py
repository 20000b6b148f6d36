"""What a loss returns, as a sum over samples and the weight of these: the mean is their quotient.

    f = Σ_batches sum / Σ_batches weight

A plain mean of B samples is the sum B·mean of weight B. Where samples weigh differently (weights of
classes, targets that are ignored, padding), a mean of means over batches is not the mean over all;
torch's own losses of classes are known, others return the pair (sum, weight) themselves.
"""

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn import functional

Loss = Callable[[Any, Any], Any] | None

_OF_CLASSES = (nn.CrossEntropyLoss, nn.NLLLoss)
_FUNCTIONS: dict[Any, Any] = {
    functional.cross_entropy: nn.CrossEntropyLoss,
    functional.nll_loss: nn.NLLLoss,
}


class Reduction:
    """A user's loss, with the weight of what it is a mean over.

    Parameters
    ----------
    loss : callable or None
        `loss(output, target)`: the mean over a batch, one value a sample, or (sum, weight); None
        takes what the module itself returns as `loss`.
    """

    def __init__(self, loss: Loss) -> None:
        self._given = loss
        self._classes = _of_classes(loss)
        self._n_arguments = n_arguments(loss)

    @property
    def loss(self) -> Loss:
        """As it was given."""
        return self._given

    @property
    def known_by(self) -> str:
        """A short name of the loss that tells it from others."""
        return known_function(self._given)

    def mean(self, output: Any, target: Any, size: int) -> Any:
        """The mean over the samples of one batch."""
        if self._classes is not None:  # where all are ignored, nothing
            total, weight = self.total(output, target, size)
            return total / torch.where(weight > 0, weight, 1)
        found = self._value(output, target)
        if isinstance(found, tuple):
            total, weight = found
            weight = torch.as_tensor(weight, dtype=total.dtype, device=total.device)
            return total.sum() / torch.where(weight > 0, weight, 1).sum().clamp(min=1e-30)
        return found.mean() if found.ndim else found

    def total(self, output: Any, target: Any, size: int) -> tuple[Any, Any]:
        """The sum over the samples of one batch, and their weight."""
        if self._classes is not None:
            weight = _weight_of_classes(self._classes, output, target)
            summed = _summed(self._classes)
            return summed(output, target), weight.to(output.dtype)
        found = self._value(output, target)
        if isinstance(found, tuple):
            total, weight = found
            weight = torch.as_tensor(weight, dtype=total.dtype, device=total.device)
            return total.sum(), weight.sum()
        mean = found.mean() if found.ndim else found
        return mean * size, mean.new_full((), size)

    def _compared(self, output: Any, target: Any) -> Any:
        parts = target if type(target) in (tuple, list) else ()
        if len(parts) == self._n_arguments - 1 > 1:
            return self._given(output, *parts)  # type: ignore[misc]
        return self._given(output, target)  # type: ignore[misc]

    def _value(self, output: Any, target: Any) -> Any:
        found = _own(output) if self._given is None else self._compared(output, target)
        if "loss" in getattr(found, "_fields", ()):
            raise TypeError(
                f"`loss` returned a {type(found).__name__} of {', '.join(found._fields)}; return "
                "its `.loss` alone"
            )
        pair = isinstance(found, tuple) and len(found) == 2
        if not isinstance(found[0] if pair else found, torch.Tensor):
            several = isinstance(found, dict | list | tuple)
            raise TypeError(
                f"`loss` returned a {type(found).__name__}; it must return a tensor (the mean over "
                "the batch, or one value a sample), or the pair (sum, weight)"
                f"{'; of several losses return what was trained, such as their sum' * several}"
            )
        if pair:
            _require_weight(found[1])
        value = found[0] if pair else found
        if not value.is_floating_point():
            if self._given is None:
                raise TypeError(_NO_LOSS.format(f"numbers of {value.dtype}"))
            raise TypeError(
                f"`loss` returned numbers of {value.dtype}; it must return real ones, of a "
                "floating-point type"
            )
        return tuple(found) if pair else found


def n_arguments(loss: Loss) -> int:
    """How many arguments a loss needs; two where that cannot be seen."""
    function: Any = getattr(loss, "forward", loss)
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return 2
    places = inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD
    needed = [p for p in parameters if p.kind in places and p.default is p.empty]
    return max(2, len(needed))


def _require_weight(second: Any) -> None:
    """Raise an error if the second part of a pair is no number."""
    try:
        torch.as_tensor(second)
    except (TypeError, ValueError, RuntimeError) as error:
        raise TypeError(
            f"`loss` returned a pair whose second part is a {type(second).__name__}; a pair must "
            "be (sum over the batch, weight of the batch). Return the first part alone, and "
            "measure anything else by `landscape.measure`"
        ) from error


class Penalty:
    """A user's regulariser: one number of the parameters by name.

    Parameters
    ----------
    function : callable
    """

    def __init__(self, function: Callable[[dict[str, Any]], Any]) -> None:
        self._function = function

    def __call__(self, parameters: dict[str, Any]) -> Any:
        """The number at some parameters."""
        found = self._function(parameters)
        if not isinstance(found, torch.Tensor) or found.numel() != 1:
            kind = type(found).__name__
            shape = f" of shape {tuple(found.shape)}" if isinstance(found, torch.Tensor) else ""
            raise TypeError(
                f"`penalty` returned a {kind}{shape}; it must return a tensor of one number, "
                "calculated from the parameters it is given"
            )
        return found.reshape(())


def known_function(function: Any) -> str:
    """A function's name, and a hash of what it does as far as that can be seen."""
    name = getattr(function, "__qualname__", type(function).__name__)
    if isinstance(function, nn.Module):
        seen = repr(function) + repr(sorted(function.state_dict().items()))
    elif isinstance(function, partial):
        inner = known_function(function.func)
        seen = f"{inner}{function.args!r}{sorted(function.keywords.items())!r}"
    elif hasattr(function, "__code__"):
        code = function.__code__
        constants = [c for c in code.co_consts if isinstance(c, int | float | str | None)]
        seen = f"{code.co_code.hex()}{constants!r}{code.co_names!r}"
    else:
        seen = name
    return f"{name} {hashlib.sha256(seen.encode()).hexdigest()[:8]}"


def _own(output: Any) -> Any:
    """The loss that a module returns by itself."""
    if isinstance(output, dict) and "loss" in output:
        return output["loss"]
    if getattr(output, "loss", None) is not None:
        return output.loss
    parts = list(output) if isinstance(output, tuple | list) else [output]
    tensors = [part for part in parts if isinstance(part, torch.Tensor)]
    numbers = [tensor for tensor in tensors if not tensor.ndim and tensor.is_floating_point()]
    if len(numbers) == 1:  # also of (logits, loss)
        return numbers[0]
    if tensors and tensors[0] is parts[0] and tensors[0].ndim <= 1:
        return tensors[0]
    raise TypeError(_NO_LOSS.format(f"a {type(output).__name__} without a `loss`"))


_NO_LOSS = (
    "`loss` is None, but in evaluation mode the module returns {}; pass a function of output and "
    "target, or data with labels under the names by which the module takes them, such as "
    "dict(x=inputs, labels=labels) or ((inputs, labels), labels)"
)


def _of_classes(loss: Any) -> Any:
    """The module that stands for a loss of classes, if it does not sum; None where it is another.

    One that gives a value for each sample has weighted them: their mean is by weight, as torch's.
    """
    if isinstance(loss, partial) and loss.func in _FUNCTIONS and not loss.args:
        loss = _FUNCTIONS[loss.func](**loss.keywords)
    elif loss in _FUNCTIONS if callable(loss) and loss.__hash__ else False:
        loss = _FUNCTIONS[loss]()
    if type(loss) in _OF_CLASSES and loss.reduction in ("mean", "none"):
        return loss
    return None


def _summed(loss: Any) -> Callable[[Any, Any], Any]:
    options = {"weight": loss.weight, "ignore_index": loss.ignore_index, "reduction": "sum"}
    if isinstance(loss, nn.NLLLoss):
        return partial(functional.nll_loss, **options)
    return partial(functional.cross_entropy, label_smoothing=loss.label_smoothing, **options)


def _weight_of_classes(loss: Any, output: Any, target: Any) -> Any:
    """Σ of what the mean is divided by: weights of the targets, those ignored having none."""
    if target.is_floating_point():  # probabilities of classes
        n_classes = output.shape[1] if output.ndim > 1 else output.shape[0]
        return target.new_full((), target.numel() // n_classes)
    counted = target != loss.ignore_index
    if loss.weight is None:
        return counted.sum()
    return (loss.weight[torch.where(counted, target, 0)] * counted).sum()
