"""A module as pure functions of its parameters: loss, and statistics of its batch normalisation.

The module itself is never touched: a copy without parameters of its own is called with those of a
point (`torch.func.functional_call`). Dropout is off in it.
"""

import copy
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.func import functional_call

from .batch_norm import Mode, batch_norms, make_differentiable, noted_statistics, set_mode
from .memory import SavedBytes
from .parameters import Tensors


class Network:
    """The loss of a module as a function of its parameters.

    Parameters
    ----------
    module : torch.nn.Module
        Copied.
    loss : callable
        `loss(output, target)`, the mean over the samples of a batch, or one value a sample.
    device : torch.device
        Where to compute.
    autocast : torch.dtype, optional
        The lower precision for what bears it, such as `torch.bfloat16`.
    """

    def __init__(
        self, module: Any, loss: Callable[[Any, Any], Any], device: Any, autocast: Any = None
    ) -> None:
        self._module = copy.deepcopy(module).eval().requires_grad_(False).to(device)
        self._loss = loss
        self._device = device
        self._autocast = autocast
        self._norms = batch_norms(self._module)
        make_differentiable(self._norms)
        _let_recurrent_layers_backward(self._module)

    @property
    def estimated(self) -> set[str]:
        """The names of the buffers that are functions of the parameters, or count batches."""
        prefixes = [f"{name}." if name else "" for name in self._norms]
        kinds = ("running_mean", "running_var", "num_batches_tracked")
        return {prefix + kind for prefix in prefixes for kind in kinds}

    @property
    def has_batch_norm(self) -> bool:
        """Whether statistics have to be estimated at each point."""
        return bool(self._norms)

    def forget(self, names: Iterable[tuple[str, ...]]) -> None:
        """Free the memory of the copy's own parameters, each known by one or more names."""
        for aliases in names:
            parameter = self._module.get_parameter(aliases[0])
            empty = nn.Parameter(parameter.to("meta"), requires_grad=False)
            for name in aliases:
                owner, _, last = name.rpartition(".")
                setattr(self._module.get_submodule(owner), last, empty)

    def bytes_per_sample(self, variables: Tensors, inputs: tuple[Any, ...], targets: Any) -> float:
        """What a sample keeps for the backward pass, from a pass over a few."""
        leaves = {name: tensor.detach().requires_grad_() for name, tensor in variables.items()}
        with torch.enable_grad(), SavedBytes(leaves.values()) as saved:
            self.batch_loss(leaves, inputs, targets)
        return float(saved.total / targets.shape[0])

    def loss(self, variables: Tensors, inputs: tuple[Any, ...], targets: Any) -> Any:
        """The mean loss of samples; statistics are among the variables."""
        set_mode(self._norms, Mode.GIVEN)
        return self._mean_loss(variables, inputs, targets)

    def batch_loss(self, variables: Tensors, inputs: tuple[Any, ...], targets: Any) -> Any:
        """The mean loss of samples that are normalised with their own statistics."""
        set_mode(self._norms, Mode.BATCH)
        return self._mean_loss(variables, inputs, targets)

    def statistics(self, variables: Tensors, inputs: tuple[Any, ...]) -> Tensors:
        """The statistics of a batch, by the names of the buffers that hold them."""
        set_mode(self._norms, Mode.NOTE)
        self._output(variables, inputs)
        return noted_statistics(self._norms)

    def pulled_statistics(
        self, variables: Tensors, inputs: tuple[Any, ...], weights: Tensors
    ) -> Any:
        """Σ weight · statistic, whose gradient pulls one in the statistics back to parameters."""
        statistics = self.statistics(variables, inputs)
        return sum((weights[name] * statistics[name]).sum() for name in weights)

    def _mean_loss(self, variables: Tensors, inputs: tuple[Any, ...], targets: Any) -> Any:
        loss = self._loss(self._output(variables, inputs), targets)
        return loss.mean() if loss.ndim else loss

    def _output(self, variables: Tensors, inputs: tuple[Any, ...]) -> Any:
        with self._precision():
            output = functional_call(self._module, variables, inputs)
        return output.float() if self._autocast is not None else output

    def _precision(self) -> AbstractContextManager[Any]:
        if self._autocast is None:
            return nullcontext()
        context: AbstractContextManager[Any] = torch.autocast(self._device.type, self._autocast)
        return context


def _let_recurrent_layers_backward(module: Any) -> None:
    """Set training mode, without which cuDNN refuses to differentiate; dropout stays off."""
    for layer in module.modules():
        if isinstance(layer, nn.RNNBase):
            layer.dropout = 0.0
            layer.training = True
