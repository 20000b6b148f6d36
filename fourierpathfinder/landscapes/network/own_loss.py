"""The loss of a module as torch computes it in the ordinary way, to hold the landscape against.

Nothing of this package takes part: a copy of the module in evaluation mode is called with batches.
Only running statistics are renewed before, by torch's own layers in training mode, as
`torch.optim.swa_utils.update_bn` does it.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch.nn.modules.batchnorm import _NormBase

from ..alignment.copies import evaluating
from ..trees import tensors_of
from .agreement import AMPLIFIED, MOST_ROUNDED, VARYING, is_close, refuse_difference
from .data import Batch
from .network import Network, in_single
from .parameters import Tensors


class OrdinaryModule:
    """A module as its owner calls it.

    Parameters
    ----------
    module : torch.nn.Module
        A copy, which is changed: put in evaluation mode.
    network : Network
        Whose loss and way to call are used.
    """

    def __init__(self, module: Any, network: Network) -> None:
        self.module = evaluating(module).requires_grad_(False)
        self._network = network

    def renew_statistics(self, batches: Sequence[Batch]) -> None:
        """Set running statistics to the mean of those of some batches, by training mode."""
        renewed = self._network.estimated
        named = [(n, m) for n, m in self.module.named_modules() if isinstance(m, _NormBase)]
        norms = [m for n, m in named if (f"{n}." if n else "") + "running_mean" in renewed]
        calls = {id(layer): 0 for layer in norms}

        def cumulate(layer: Any, inputs: Any) -> None:
            calls[id(layer)] += 1
            layer.momentum = 1 / calls[id(layer)]

        hooks = [layer.register_forward_pre_hook(cumulate) for layer in norms]
        momenta = [layer.momentum for layer in norms]
        for layer in norms:
            layer.train()
        try:
            for batch in batches:
                self.output(batch)
        finally:
            for layer, hook, momentum in zip(norms, hooks, momenta, strict=True):
                hook.remove()
                layer.eval()
                layer.momentum = momentum

    def loss(self, batches: Sequence[Batch]) -> float:
        """The loss over all samples of some batches."""
        total = weight = 0.0
        for batch in batches:
            found, share = self._total(batch)
            total, weight = total + found, weight + share
        return total / max(weight, 1e-30)

    def _total(self, batch: Batch) -> tuple[float, float]:
        with self._network.handing.handed(batch.tree) as tree:
            output, target = self._called(tree)
            with self._network.comparing(output, target):
                found, share = self._network.reduction.total(output, target, batch.size)
        return float(found.detach()), float(share)

    def output(self, batch: Batch) -> Any:
        """What the module returns."""
        with self._network.handing.handed(batch.tree) as tree:
            return self._called(tree)[0]

    def _called(self, tree: Any) -> tuple[Any, Any]:
        """What the module returns, and the target."""
        args, kwargs, target = self._network.arguments(tree)
        calling = self._network.calling(args, kwargs, self.module.parameters())
        try:
            with calling, torch.no_grad(), self._network.precision(), self._fetching():
                return in_single(self.module(*args, **kwargs)), target
        except RuntimeError as error:
            if "does not require grad" not in str(error):
                raise
        with torch.enable_grad(), self._network.precision(), self._fetching():
            return in_single(self.module(*args, **kwargs)), target

    def _fetching(self) -> Any:
        return self._network.fetching(self.module)


def check_own_loss(
    ordinary: OrdinaryModule,
    network: Network,
    variables: Tensors,
    batches: Sequence[Batch],
    found: float,
    tolerance: float,
    rounding: Callable[[], float] = lambda: 0.0,
) -> None:
    """Raise an error if the landscape's loss is not the module's own.

    Parameters
    ----------
    ordinary : OrdinaryModule
        With the parameters, and the statistics of `batches`.
    network : Network
    variables : dict of str to Tensor
        The same parameters and statistics.
    batches : sequence of Batch
    found : float
        The landscape's loss over the batches.
    tolerance : float
        Of the difference, as a fraction.
    rounding : callable
        Finds a larger one, where this module amplifies what it rounds.

    Raises
    ------
    ValueError
        With both, and the first layer that puts out something else; or if both are not finite.
    """
    own = ordinary.loss(batches)
    refuse_difference(own, ordinary.loss(batches), tolerance, VARYING)
    is_right = is_close(own, found, tolerance)
    rough = tolerance if is_right or tolerance >= MOST_ROUNDED else rounding()
    if is_right or is_close(own, found, min(rough, MOST_ROUNDED)):
        if math.isfinite(own):
            return
        raise ValueError(
            f"the loss there is {own:.6g} on some samples, though every parameter is finite; a "
            "path needs ends with a finite loss: check whether the data hold NaN, whether all "
            "targets of some samples are ignored (a mean over none is NaN, so return the pair "
            "(sum, weight)), how this network was trained, or whether its values overflow, and "
            "leave it out or pass it in double precision"
        )
    if rough > MOST_ROUNDED:
        where = AMPLIFIED.format(rough)
    else:
        where = _first_difference(ordinary, network, variables, batches[0], tolerance)
    raise ValueError(
        f"the network's own loss on some samples is {own:.6g}, but as a function of its parameters "
        f"it is {found:.6g}: {where}"
    )


def _first_difference(
    ordinary: OrdinaryModule,
    network: Network,
    variables: Tensors,
    batch: Batch,
    tolerance: float,
) -> str:
    """The first layer, in the order in which they finish, whose output is another."""
    theirs: list[tuple[str, str, list[Any]]] = []
    mine: list[tuple[str, str, list[Any]]] = []
    hooks = _noting(ordinary.module, theirs) + _noting(network.module, mine)
    try:
        ordinary.output(batch)
        with torch.no_grad():
            network.output(variables, batch)
    finally:
        for hook in hooks:
            hook.remove()
    for (name, kind, own), (other, _, found) in zip(theirs, mine, strict=False):
        if name != other or not _close(own, found, tolerance):
            layer = ordinary.module.get_submodule(name)
            frozen = (
                ". A layer whose running statistics stay as they are in training too needs "
                '`batch_norm="frozen"`, and the same ones in both ends'
            )
            return (
                f"the layer {name!r} ({kind}) is the first that puts out something else. It keeps "
                "or computes something that the parameters do not determine (a buffer or attribute "
                "of the end's own, statistics, a weight that a hook sets): give both ends the "
                "same, make it a parameter, or leave that layer out"
                f"{frozen if isinstance(layer, _NormBase) else ''}"
            )
    return (
        "each layer puts out the same, so what differs lies in the module's own `forward` (an "
        "attribute that is no parameter, such as a scale, or what it computes when parameters are "
        "loaded) or in the loss; give both ends the same"
    )


def _noting(module: Any, notes: list[tuple[str, str, list[Any]]]) -> list[Any]:
    def noting(name: str) -> Any:
        def note(layer: Any, inputs: Any, output: Any) -> None:
            tensors = [tensor.detach().clone() for tensor in tensors_of(output)]
            notes.append((name, type(layer).__name__, tensors))

        return note

    return [m.register_forward_hook(noting(n)) for n, m in module.named_modules() if n]


def _close(own: list[Any], found: list[Any], tolerance: float) -> bool:
    if len(own) != len(found):
        return False
    for a, b in zip(own, found, strict=True):
        if a.shape != b.shape:
            return False
        x, y = a.double(), b.double()
        apart = ~((x == y) | (x.isnan() & y.isnan()))  # infinity, as in a mask, may be in both
        size = float(x[x.isfinite()].norm())
        if not float((x - y)[apart].norm()) <= 10 * tolerance * size + 1e-6:
            return False
    return True
