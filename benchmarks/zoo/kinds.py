"""What one entry of the zoo is, and what it is held against: torch alone."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.swa_utils import update_bn

N_SAMPLES = 24


@dataclass(frozen=True)
class Kind:
    """An architecture with data and a loss.

    Parameters
    ----------
    name : str
    build : callable
        A module with random weights.
    data : callable
        What the landscape is given.
    loss : callable or None
        None where the module returns its own.
    options : dict
        Of the landscape.
    prepare : callable, optional
        What training would have done to a module.
    """

    name: str
    build: Callable[[], nn.Module]
    data: Callable[[], Any]
    loss: Callable[[Any, Any], Any] | None = functional.cross_entropy
    options: dict[str, Any] = field(default_factory=dict)
    prepare: Callable[[nn.Module], None] | None = None

    def module(self, seed: int) -> nn.Module:
        """A module whose weights are drawn from a seed."""
        torch.manual_seed(seed)
        module = self.build()
        if self.prepare is not None:
            self.prepare(module)
        return module


def images(channels: int = 3, size: int = 16, classes: int = 5) -> tuple[Any, Any]:
    torch.manual_seed(0)
    x = torch.randn(N_SAMPLES, channels, size, size)
    return x, torch.randint(classes, (N_SAMPLES,))


def vectors(features: int = 12, classes: int = 5) -> tuple[Any, Any]:
    torch.manual_seed(0)
    return torch.randn(N_SAMPLES, features), torch.randint(classes, (N_SAMPLES,))


def tokens(length: int = 10, vocabulary: int = 40, classes: int = 5) -> tuple[Any, Any]:
    torch.manual_seed(0)
    x = torch.randint(vocabulary, (N_SAMPLES, length))
    return x, torch.randint(classes, (N_SAMPLES,))


def series(length: int = 9, features: int = 4, classes: int = 5) -> tuple[Any, Any]:
    torch.manual_seed(0)
    x = torch.randn(N_SAMPLES, length, features)
    return x, torch.randint(classes, (N_SAMPLES,))


def own_loss(kind: Kind, module: nn.Module) -> float:
    """The module's own loss in evaluation mode, after `update_bn` where it normalises batches.

    The module is changed.
    """
    data = kind.data()
    inputs, target = (data, data) if isinstance(data, Mapping) else data
    if any(isinstance(layer, _BatchNorm) for layer in module.modules()):
        renew(module, inputs)
    module.eval()
    with torch.enable_grad(), _precision(kind):
        output = called(module, inputs)
    loss = output.loss if kind.loss is None else kind.loss(single(output), target)
    return float(loss.detach().mean())


def renew(module: nn.Module, inputs: Any) -> None:
    """Statistics of the data, by torch's own means; dropout is off."""

    class Called(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = module

        def forward(self, _: Any) -> Any:
            for layer in module.modules():
                if not isinstance(layer, _BatchNorm):
                    layer.training = False
            return called(module, inputs)

    update_bn([torch.zeros(1)], Called())


def called(module: nn.Module, inputs: Any) -> Any:
    if isinstance(inputs, Mapping):
        return module(**inputs)
    return module(*inputs) if isinstance(inputs, tuple) else module(inputs)


def single(output: Any) -> Any:
    half = isinstance(output, torch.Tensor) and output.dtype in (torch.float16, torch.bfloat16)
    return output.float() if half else output


def _precision(kind: Kind) -> Any:
    dtype = kind.options.get("autocast")
    return torch.autocast("cpu", dtype, enabled=dtype is not None)
