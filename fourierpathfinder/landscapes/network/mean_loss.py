"""Passes over the data: the mean loss and its gradient at several points, within memory.

All data are taken in batches, each with its share in the mean. Where the network has batch
normalisation, its statistics s at the parameters ω take a pass of their own, and

    df/dω = ∂f/∂ω + (∂s/∂ω)ᵀ ∂f/∂s

one for f with its gradients in ω and s, and one that pulls the latter back. Mini-batches are
normalised with their own statistics, as in training, in one pass.
"""

import logging
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import torch

from ..trees import tree_map
from .data import Batch, Samples
from .drawn_samples import mixed_batches
from .memory import SamplesAtOnce, is_out_of_memory
from .network import Network
from .overwriting import is_alike, overwritten
from .parameters import Layout, Tensors
from .points import Points, n_points
from .suitable_batch import suitable_batch

_log = logging.getLogger(__name__)

_STATISTICS_BATCH = 250
"""Samples whose statistics are taken together; a part of what f is, so memory has no say in it."""
_LARGEST_GRADIENTS = 2**24
"""Numbers in the gradients of points that are computed together."""


class MeanLoss:
    """The mean loss of a network over samples, at points (M, D).

    Parameters
    ----------
    network : Network
    layout : Layout
        Of the points.
    samples : Samples
    points : Points
        How several points are evaluated.
    batch_size : int, optional
        Samples computed at once; by default what memory allows.
    memory : int, optional
        Bytes to use, in place of what is measured to be free.
    """

    def __init__(
        self,
        network: Network,
        layout: Layout,
        samples: Samples,
        points: Points,
        *,
        device: Any,
        batch_size: int | None = None,
        memory: int | None = None,
    ) -> None:
        self._network = network
        self._layout = layout
        self._samples = samples
        self._points = points
        self._device = device
        self._batch_size = batch_size
        self._memory = memory
        self._at_once: SamplesAtOnce | None = None
        self._overwrites: bool | None = None

    def value_and_grad(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """Values (M,) and gradients (M, D), over all data or over own samples (M, B)."""
        pair: tuple[Any, Any] = self._sparing(self._value_and_grad, points, samples)
        return pair

    def value(self, points: Any, samples: Any = None) -> Any:
        """Values (M,) alone."""
        return self._sparing(self._value, points, samples)

    def suitable_batch(self, point: Any) -> int:
        """Samples whose gradients cost about what else there is in a step, within bounds."""
        each, normalised = self._bytes_per_sample(point), self._network.has_statistics
        return suitable_batch(each, normalised=normalised, parallel=self._device.type != "cpu")

    def try_overwriting(self, point: Any, samples: Any) -> None:
        """From now on overwrite points that are large, if that does not change a gradient (D,)."""
        if self._overwrites is not None or 2 * self._layout.n_coordinates <= _LARGEST_GRADIENTS:
            return
        self._overwrites = False
        points = point.detach().clone()[None]
        try:
            values = self._overwritten(points, samples)
        except Exception as error:
            _log.info("gradients are not written over points: %s", error)
            return
        gradients = torch.empty_like(points)
        self._own_batches(point[None], values, gradients, samples)
        self._overwrites = is_alike(gradients, points)

    def value_and_grad_over(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """The same as `value_and_grad`, of points that nobody needs afterwards."""
        if samples is None or not self._overwrites:
            return self.value_and_grad(points, samples)
        return self._overwritten(points, samples), points

    def statistics(self, parameters: Tensors) -> Tensors:
        """Running statistics over all data, at several points."""
        if not self._network.has_statistics:
            return {}
        total: Tensors = {}
        for batch, share in self._statistics_batches():
            with self._network.alone:
                found = self._points.values(
                    self._network.statistics(batch), parameters, batch.tensors, own=False
                )
            for name, tensor in found.items():
                total[name] = total.get(name, 0.0) + share * tensor
        return total

    def variables(self, point: Any) -> Tensors:
        """The parameters of a point (D,), and the running statistics there."""
        parameters = self._layout.tensors(point[None])
        found = parameters | self.statistics(parameters)
        return {name: tensor[0] for name, tensor in found.items()}

    def try_statistics(self, point: Any) -> None:
        """Take the statistics of one batch, so that batches too small for any are said at once."""
        if self._network.has_statistics:
            smallest = mixed_batches(len(self._samples), self._statistics_size)[-1]
            batch = self._samples.batch(smallest)
            one = self._layout.tensors(point[None])
            with self._network.alone:
                self._points.values(self._network.statistics(batch), one, batch.tensors, own=False)

    def outputs(self, point: Any, first: Any = None) -> Iterator[tuple[Any, Any, int]]:
        """Outputs of the network at a point (D,), targets and numbers of samples, in parts.

        Parameters
        ----------
        point : Tensor (D,)
        first : array of int (B,), optional
            Samples whose outputs come first, besides all in their order.
        """
        variables = self.variables(point)
        extra = () if first is None else (self._samples.batch(first),)
        for batch in chain(extra, (batch for batch, _ in self._batches(point[None]))):
            with self._network.alone, torch.no_grad():
                output, target = self._network.output_and_target(variables, batch)
            yield output, target, batch.size

    def _value_and_grad(self, points: Any, samples: Any) -> tuple[Any, Any]:
        values = points.new_zeros(len(points))
        gradients = torch.zeros_like(points) if samples is None else torch.empty_like(points)
        for part in self._parts_of_points(points, samples):
            place = points[part], values[part], gradients[part]
            if samples is None:
                self._all_data(*place)
            else:
                self._own_batches(*place, samples[part])
        return values, gradients

    def _overwritten(self, points: Any, samples: Any) -> Any:
        """Values (M,) over own samples; the points (M, D) become their gradients."""
        values = points.new_zeros(len(points))
        for p, row in enumerate(samples):
            batch = self._samples.batch(row)
            loss = self._network.batch_loss(batch)
            with self._network.alone:
                values[p] = overwritten(
                    loss, self._layout, points[p], batch.tensors, self._network.holding
                )
        return values

    def _own_batches(self, points: Any, values: Any, gradients: Any, samples: Any) -> None:
        """Each point with its own samples, written into `values` and `gradients`."""
        for rows, batch in self._own(samples):
            function = self._network.batch_loss(batch)
            found, grads = self._points.values_and_grads(
                function, self._layout.tensors(points[rows]), batch.tensors, own=True
            )
            values[rows] = found.to(values.dtype)
            for name, view in self._layout.views(gradients[rows]).items():
                view.copy_(grads[name])

    def _all_data(self, points: Any, values: Any, gradients: Any) -> None:
        """Each point with all data, written into `values` and `gradients`."""
        parameters = self._layout.tensors(points)
        statistics = self.statistics(parameters)
        pulls = {name: torch.zeros_like(tensor) for name, tensor in statistics.items()}
        weights = torch.zeros_like(values)
        for batch, _ in self._batches(points):
            (found, weight), grads = self._points.values_and_grads(
                self._network.loss(batch), parameters | statistics, batch.tensors, own=False
            )
            values.add_(found)
            weights.add_(weight)
            self._add(gradients, grads, 1.0)
            for name, pull in pulls.items():
                pull.add_(grads[name])
        self._divide(weights, values, gradients, *pulls.values())
        if pulls:
            self._pull_statistics_back(parameters, pulls, gradients)
        self._penalise(parameters, values, gradients)

    def _divide(self, weights: Any, *sums: Any) -> None:
        """Make means of sums, in place."""
        if not bool((weights > 0).all()):
            raise ValueError("all samples of `data` together have no weight in `loss`")
        for array in sums:
            array.div_(weights.reshape(-1, *[1] * (array.ndim - 1)))

    def _penalise(self, parameters: Tensors, values: Any, gradients: Any = None) -> None:
        penalty = self._network.penalty
        if penalty is None:
            return
        if gradients is None:
            values.add_(self._points.values(penalty, parameters, (), own=False))
            return
        found, grads = self._points.values_and_grads(penalty, parameters, (), own=False)
        values.add_(found)
        self._add(gradients, grads, 1.0)

    def _pull_statistics_back(self, parameters: Tensors, pulls: Tensors, gradients: Any) -> None:
        for batch, share in self._statistics_batches():
            pulled = self._network.pulled_statistics(batch)
            for p in range(n_points(parameters)):  # each with its own weights of the statistics
                one = {name: tensor[p : p + 1] for name, tensor in parameters.items()}
                weights = {name: pull[p] for name, pull in pulls.items()}
                _, grads = self._points.values_and_grads(
                    pulled, one, (weights, *batch.tensors), own=False
                )
                self._add(gradients[p : p + 1], grads, share)

    def _value(self, points: Any, samples: Any) -> Any:
        values = points.new_zeros(len(points))
        for part in self._parts_of_points(points, samples):
            if samples is None:
                self._values_over_all(points[part], values[part])
                continue
            for rows, batch in self._own(samples[part]):
                parameters = self._layout.tensors(points[part][rows])
                loss = self._network.batch_loss(batch)
                values[part][rows] = self._points.values(
                    loss, parameters, batch.tensors, own=True
                ).to(values.dtype)
        return values

    def _values_over_all(self, points: Any, values: Any) -> None:
        parameters = self._layout.tensors(points)
        variables = parameters | self.statistics(parameters)
        weights = torch.zeros_like(values)
        for batch, _ in self._batches(points):
            found, weight = self._points.values(
                self._network.loss(batch), variables, batch.tensors, own=False
            )
            values.add_(found)
            weights.add_(weight)
        self._divide(weights, values)
        self._penalise(parameters, values)

    def _add(self, gradients: Any, grads: Tensors, share: float) -> None:
        for name, view in self._layout.views(gradients).items():
            view.add_(grads[name].to(view.dtype), alpha=share)

    def _own(self, samples: Any) -> Iterator[tuple[slice, Batch]]:
        """Points and their samples (P, B, ...): all points together, or one after the other."""
        together = self._points.vectorised and len(samples) > 1
        batch = self._samples.batches(samples) if together else None
        if batch is not None:
            yield slice(0, len(samples)), batch
            return
        for p, row in enumerate(samples):
            one = self._samples.batch(row)
            yield slice(p, p + 1), Batch(tree_map(lambda tensor: tensor[None], one.tree), one.size)

    def _parts_of_points(self, points: Any, samples: Any) -> Iterator[slice]:
        """Points that are computed together."""
        size = max(1, _LARGEST_GRADIENTS // self._layout.n_coordinates)
        if self._points.vectorised:
            n_each = len(self._samples) if samples is None else samples.shape[1]
            size = min(size, self._samples_at_once(points).points(len(points), n_each))
        return (slice(p, p + size) for p in range(0, len(points), size))

    def _batches(self, points: Any) -> Iterator[tuple[Batch, float]]:
        """All data in batches, and the share of each."""
        together = len(points) if self._points.vectorised else 1
        size = self._samples_at_once(points).samples(together, len(self._samples))
        size = min(size, self._batch_size or size)
        n = len(self._samples)
        for first in range(0, n, size):
            last = min(first + size, n)
            yield self._samples.batch(slice(first, last)), (last - first) / n

    def _statistics_batches(self) -> Iterator[tuple[Batch, float]]:
        n = len(self._samples)
        for chosen in mixed_batches(n, self._statistics_size):
            yield self._samples.batch(chosen), len(chosen) / n

    @property
    def _statistics_size(self) -> int:
        return min(len(self._samples), self._batch_size or _STATISTICS_BATCH)

    def _samples_at_once(self, points: Any) -> SamplesAtOnce:
        if self._at_once is None:
            per_sample = self._bytes_per_sample(points[0])
            self._at_once = SamplesAtOnce(per_sample, self._device, self._memory)
        return self._at_once

    def _bytes_per_sample(self, point: Any) -> float:
        few = self._samples.batch(slice(0, 4))
        return self._network.bytes_per_sample(self._layout.tensors(point), few)

    def _sparing(self, evaluate: Callable[[Any, Any], Any], points: Any, samples: Any) -> Any:
        """Evaluate with fewer samples at once, as often as memory runs out."""
        while True:
            try:
                with self._network.alone:
                    return evaluate(points, samples)
            except Exception as error:
                if not is_out_of_memory(error) or not self._spare(points, samples):
                    raise

    def _spare(self, points: Any, samples: Any) -> bool:
        n_together = len(points) if self._points.vectorised else 1
        if samples is not None:  # a batch of its own is not divided
            least, n_each = samples.shape[1], samples.shape[1]
        else:
            least = self._statistics_size if self._network.has_statistics else 1
            n_each = min(len(self._samples), self._batch_size or len(self._samples))
        return self._samples_at_once(points).halve(n_together * n_each, least)
