"""What is checked before anything is evaluated: that the loss is a mean, and that of the ends' own.

Some samples, spread over the data, suffice for both.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np
import torch

from ..alignment.copies import copied_where_it_moves
from ..trees import are_equal, tensors_of
from .agreement import rounding, tolerance
from .data import Batch, Samples
from .drawn_samples import spread
from .mean_check import check_gradient, check_mean, check_penalty, quietly
from .memory import is_out_of_memory
from .network import Network
from .own_loss import OrdinaryModule, check_own_loss
from .own_parameters import check_parameters
from .parameters import Layout, Tensors
from .reach import check_not_read, check_penalty_not_read
from .remembered import check_not_remembered

_N_SAMPLES = 48
"""Taken for a check; where memory runs out, half as many."""
_N_BATCHES = 2
_NUMBERS = (0, 1, 10_000)
"""That a buffer may hold, if it is to have no effect."""
_FEW = 4
"""For what does not depend on how many there are."""

_Found = TypeVar("_Found")


class Checks:
    """The checks of one landscape.

    Parameters
    ----------
    network : Network
    layout : Layout
    samples : Samples
    device : torch.device
    module : torch.nn.Module
        As it was given.
    """

    def __init__(
        self, network: Network, layout: Layout, samples: Samples, device: Any, module: Any
    ) -> None:
        self._given = module
        self._network = network
        self._layout = layout
        self._samples = samples
        self._device = device
        self._is_mean = False

    def check_loss(self, point: Any) -> None:
        """Raise an error if the loss is no mean over samples; until a point has told that it is."""
        with self._network.alone:
            if not self._is_mean:
                self._check_loss(point)

    def _check_loss(self, point: Any) -> None:
        refuse_inference_mode()
        variables = self._layout.tensors(point.clone())  # which a module may write over
        check_penalty(self._network, variables)
        check_penalty_not_read(self._network, self._given, variables)
        with self._network.explaining():
            is_mean = self._sparing(
                lambda n: check_mean(self._network, self._samples, variables, n)
            )
        check_parameters(self._network, *self._some(variables))
        check_not_read(self._network, self._given, *self._some(variables))
        check_not_remembered(self._given, self._ordinary, self._some(variables)[1])
        self._network.handing.settle()
        self._is_mean = is_mean

    def _ordinary(self) -> OrdinaryModule:
        copy = self._network.placed(copied_where_it_moves(self._given), self._device)
        return OrdinaryModule(copy, self._network)

    def check_gradient(self, point: Any) -> None:
        """Raise an error if the loss has no gradient (an accuracy has none), or another's."""
        refuse_inference_mode()
        variables = self._layout.tensors(point)
        with self._network.alone:
            self._sparing(lambda n: check_gradient(self._network, *self._some(variables, n)))

    def without_effect(self, state: Mapping[str, Any]) -> set[str]:
        """The buffers of one number that differ from the module's own, and do not matter.

        Such as one that counts calls: what the module returns is the same for several numbers.
        """
        own = dict(self._given.named_buffers())
        found = set()
        for name in own.keys() & state.keys():
            mine, other = own[name], state[name]
            if mine.numel() != 1 or mine.shape != getattr(other, "shape", None):
                continue
            if not bool(mine.cpu() == other.cpu()) and not self._has_effect(name, float(other)):
                found.add(name)
        return found

    def _has_effect(self, name: str, other: float) -> bool:
        batch = self._samples.batch(spread(len(self._samples), _N_SAMPLES))
        outputs = []
        with self._network.alone:
            for change in (None, other, *_NUMBERS):
                ordinary = self._ordinary()
                if change is not None:
                    ordinary.module.get_buffer(name).fill_(change)
                try:
                    outputs.append(tensors_of(ordinary.output(batch)))
                except Exception:  # which is said elsewhere, if it is so with the module's own
                    return True
        return not all(are_equal(outputs[0], each) for each in outputs[1:])

    def _some(self, variables: Tensors, n_samples: int = _FEW) -> tuple[Tensors, Batch]:
        """A few samples, and their statistics besides the parameters."""
        batch = self._samples.batch(spread(len(self._samples), n_samples))
        return self._with_statistics(variables, [batch]), batch

    def check_end(
        self, module: Any, point: Any, buffers: Mapping[str, Any] = MappingProxyType({})
    ) -> None:
        """Raise an error if the loss at a point (D,) is not finite, or not that of the module.

        Parameters
        ----------
        module : torch.nn.Module
            With the parameters of the point, or any, if it was built like that of the landscape;
            it stays as it is.
        point : Tensor (D,)
        buffers : mapping of str to Tensor
            What the end has in the place of the module's own.
        """
        self.check_loss(point)
        with self._network.alone, self._network.explaining():
            check_parameters(self._network, *self._some(self._layout.tensors(point)))
            self._sparing(lambda n: self._check_end(module, point, buffers, self._batches(n)))

    def _check_end(
        self, module: Any, point: Any, buffers: Mapping[str, Any], batches: list[Batch]
    ) -> None:
        network = self._network
        copy = network.placed(copied_where_it_moves(module), self._device)
        parameters = self._layout.tensors(point)
        _load(copy, parameters | dict(buffers), _tensors_of(self._given))
        self._set_vectors(copy)
        ordinary = OrdinaryModule(copy, network)
        if network.has_statistics:
            ordinary.renew_statistics(batches)
        variables = self._with_statistics(parameters, batches)
        found = self._loss(variables, batches)
        rough = tolerance(network, variables)
        check_own_loss(
            ordinary,
            network,
            variables,
            batches,
            found,
            rough,
            lambda: rounding(self._loss_of(batches), parameters, found),
        )

    def _loss_of(self, batches: list[Batch]) -> Callable[[Tensors], float]:
        """The loss over some samples as a function of the parameters alone."""
        return lambda parameters: self._loss(self._with_statistics(parameters, batches), batches)

    @staticmethod
    def _sparing(check: Callable[[int], _Found]) -> _Found:
        """Check with as many samples as memory allows."""
        n_samples = _N_SAMPLES
        while True:
            try:
                return check(n_samples)
            except Exception as error:
                if not is_out_of_memory(error) or n_samples == 1:
                    raise
                n_samples //= 2

    def _batches(self, n_samples: int) -> list[Batch]:
        chosen = spread(len(self._samples), n_samples)
        parts = np.array_split(chosen, min(_N_BATCHES, max(1, len(chosen) // 2)))
        return [self._samples.batch(part) for part in parts]

    def _set_vectors(self, module: Any) -> None:
        state = module.state_dict()
        for name, vector in self._network.vectors(state).items():
            state[name].copy_(vector)

    def _with_statistics(self, parameters: Tensors, batches: list[Batch]) -> Tensors:
        if not self._network.has_statistics:
            return parameters
        return parameters | self._statistics(parameters, batches)

    def _statistics(self, variables: Tensors, batches: list[Batch]) -> Tensors:
        parts = [quietly(self._network.statistics(b), variables, b) for b in batches]
        return {name: sum(part[name] for part in parts) / len(parts) for name in parts[0]}

    def _loss(self, variables: Tensors, batches: list[Batch]) -> float:
        sums = [quietly(self._network.loss(b), variables, b) for b in batches]
        weight = sum(float(weight) for _, weight in sums)
        return sum(float(total) for total, _ in sums) / max(weight, 1e-30)


def refuse_inference_mode() -> None:
    """Raise an error where torch notes nothing for a gradient, whatever is asked for."""
    if torch.is_inference_mode_enabled():
        raise RuntimeError(
            "no gradient can be taken within `torch.inference_mode()`; leave that, or put "
            "`torch.no_grad()` in its place"
        )


def _tensors_of(module: Any) -> Tensors:
    """Parameters and buffers, also those that are not saved."""
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def _load(module: Any, values: Tensors, like: Tensors) -> None:
    """Load these tensors, as a state dict is, once all have the types that those of another have.

    So whatever the module does when it is loaded is done, and what shares memory goes on doing so.
    """
    for name, tensor in _tensors_of(module).items():
        if name in like and tensor.is_floating_point() and tensor.dtype != like[name].dtype:
            tensor.data = tensor.data.to(like[name].dtype)
    module.load_state_dict(values, strict=False)
