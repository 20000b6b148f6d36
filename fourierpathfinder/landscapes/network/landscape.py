r"""The mean loss of a neural network over data, as a function of its parameters.

.. math:: f(\omega) = \frac{1}{n} \sum_{i=1}^{n} \ell(\mathrm{net}_\omega(x_i), y_i)

Where the network has batch normalisation, its statistics s are functions of ω as well: those of
the data at that ω, as `torch.optim.swa_utils.update_bn` takes them. So f is one function of ω
alone, and its gradient is the whole one, that through s included (`mean_loss`).
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import numpy as np
import torch

from ...storage.content import digest
from ..alignment.copies import copied, evaluating
from ..alignment.refusals import refuse_meta
from ..alignment.wrapped import within
from ..trees import tree_map
from .bad_samples import spoiling
from .both_ends import BothEnds
from .checks import Checks, refuse_inference_mode
from .content import identity
from .data import known_by
from .drawn_samples import spread
from .given_data import as_samples
from .given_options import check_loss, check_module, check_options, device_of
from .given_points import GivenPoints
from .mean_loss import MeanLoss
from .measures import N_TRIED, Metric, check_metrics, filter_normalised, measured
from .network import Network
from .parameters import Layout, Tensors
from .points import Points, is_fast_vectorised
from .reduction import n_arguments
from .same_network import N_SAMPLES, is_same_network
from .telling_samples import telling


class NetworkLandscape:
    """The loss of an unmodified `nn.Module` over its parameters.

    Points are tensors (D,): all parameters with `requires_grad`, flattened, in the order of
    `module.parameters()`, in single precision at least. Dropout is off. Running statistics of batch
    normalisation (and of tracked instance normalisation) are estimated at each point from the data,
    in batches of about `batch_size` (by default 250) drawn at random once, so that the value at an
    end is the loss of that network after `update_bn` over the same batches; singular vectors of
    spectral normalisation are exact at each point.

    Before the first evaluation it is checked on some samples that the loss is a mean over samples,
    and before a path is looked for that the loss at both ends is what their modules give when they
    are called in the ordinary way.

    Parameters
    ----------
    module : torch.nn.Module
        The network, or one around it of `DataParallel`, `AveragedModel` or `torch.compile`; it is
        copied, and stays as it is. Frozen parameters (without `requires_grad`)
        are shared with it rather than copied, so leave them as they are.
    loss : callable or None
        `loss(output, target)`: the mean over the samples of a batch, one value a sample, or the
        pair (sum over the batch, weight of the batch), whose quotient over all data is the loss.
        A loss of more arguments is given each part of the target. None takes the `loss` that the
        module itself returns.
    data : structure of tensors, Dataset, DataLoader, or sequence or iterable of samples
        A pair (inputs, target): the inputs are one tensor, a tuple of several, with which the
        module is called, or a dict of named ones; the target may be a structure of tensors. Or a
        dict: its entries are passed to the module by name, as far as it knows them, and the dict is
        the target. Or a dataclass, with which the module is called, and which is the target. Of a
        `DataLoader`, the data set, the `collate_fn` and the choice of the sampler are used. Where
        the loss takes more than two arguments, as many parts may stand in the place of the pair.
    batch_size : int, optional
        Samples computed at once in a pass over all data; by default what memory allows, halved
        where it runs out.
    device : torch.device or str, optional
        Where to compute; by default where the module is.
    memory : int, optional
        Bytes that the passes may use, in place of what is measured to be free.
    vectorize : bool, optional
        Whether several points are computed by `vmap` (where the module allows it) or one after
        the other; by default the way that measured faster for such modules.
    autocast : torch.dtype, optional
        Lower precision for what bears it, such as `torch.bfloat16`.
    penalty : callable, optional
        A regulariser that is added to the loss: a function of the trainable parameters, a dict of
        tensors by name, that returns one number.
    batch_norm : {"estimate", "frozen"}
        Whether running statistics (and singular vectors) are estimated at each point, or stay as
        they are in `module`, as in the fine-tuning of a frozen backbone.
    collate : callable, optional
        Makes a batch of a list of samples; by default the loader's own, or torch's. Tensors, which
        hold all samples, need none.
    n_samples : int, optional
        How many samples to take: of an iterable data set the first, which are then kept, and of
        other data so many that are drawn at random, always the same ones; by default all.
    offload : bool
        Whether parameters, and so points and paths, are kept on the processor and copied to
        `device` for one operation at a time, forward and backward, and for that alone. It takes
        longer, but the device then holds hardly more than activations. With `autocast` copies in
        lower precision stay there from the forward to the backward pass.

    Attributes
    ----------
    stochastic : bool
        True: the loss is a mean over samples, and a few of them are an estimate.
    n_samples : int
        Samples in the data.
    n_coordinates : int
        D.

    Examples
    --------
    >>> import torch
    >>> _ = torch.manual_seed(0)
    >>> net = torch.nn.Linear(2, 1)
    >>> data = torch.ones(8, 2), torch.zeros(8, 1)
    >>> landscape = NetworkLandscape(net, torch.nn.functional.mse_loss, data)
    >>> values, gradients = landscape.value_and_grad(torch.tensor([[1.0, 1.0, 0.5]]))
    >>> values, gradients
    (tensor([6.2500]), tensor([[5., 5., 5.]]))
    """

    stochastic = True

    def __init__(
        self,
        module: Any,
        loss: Callable[[Any, Any], Any] | None,
        data: Any,
        *,
        batch_size: int | None = None,
        device: Any = None,
        memory: int | None = None,
        vectorize: bool | None = None,
        autocast: Any = None,
        penalty: Callable[[Tensors], Any] | None = None,
        batch_norm: str = "estimate",
        collate: Callable[[list[Any]], Any] | None = None,
        n_samples: int | None = None,
        offload: bool = False,
    ) -> None:
        module = within(module)
        check_module(module)
        check_loss(loss)
        check_options(batch_size, batch_norm, autocast, penalty, offload, vectorize)
        self.device = device_of(module, device)
        self._home = torch.device("cpu") if offload else self.device
        self._given = module
        self._loss = loss
        self._layout = Layout.of(module)
        for name, tensor in module.state_dict(keep_vars=True).items():
            refuse_meta(tensor, f"{name!r} of `module`")
        self._samples = as_samples(
            data, self.device, collate=collate, n_samples=n_samples, n_parts=n_arguments(loss)
        )
        self._network = Network(
            module,
            loss,
            self.device,
            autocast,
            penalty,
            frozen=batch_norm == "frozen",
            home=self._home if offload else None,
        )
        self._network.forget(self._layout.names)
        checks = Checks(self._network, self._layout, self._samples, self.device, module)
        self._given_points = GivenPoints(module, self._network, self._layout, checks, self._home)
        self._settings = {
            "batch_size": batch_size if self._network.has_statistics else "any",
            "batch_norm": batch_norm,
            "autocast": autocast,
            "penalty": digest(penalty),
        }
        if vectorize is None:
            vectorize = not offload and is_fast_vectorised(module, self.device)
        self._mean_loss = MeanLoss(
            self._network,
            self._layout,
            self._samples,
            Points(vectorised=vectorize, holding=self._network.holding),
            device=self.device,
            batch_size=batch_size,
            memory=memory,
        )
        self._both_ends = BothEnds(
            module, self._network, self._layout, self.n_samples, checks, self._mean_loss
        )

    @property
    def description(self) -> str:
        """What a checkpoint knows this landscape by: the module, the loss and the data."""
        kind = type(self._given).__name__
        return (
            f"loss of {kind}, {self.n_coordinates} parameters, {self.n_samples} samples "
            f"({known_by(self._samples)}, {self._network.reduction.known_by})"
        )

    @property
    def identity(self) -> dict[str, str]:
        """Part by part, what a file that is kept of this landscape must agree with."""
        fixed = {
            name: tensor
            for name, tensor in self._layout.fixed.items()
            if name not in self._network.estimated
        }
        return identity(self._given, self._loss, self._samples, fixed, self._settings)

    @property
    def n_samples(self) -> int:
        """Samples in the data."""
        return len(self._samples)

    @property
    def n_coordinates(self) -> int:
        """Parameters that can move, D."""
        return self._layout.n_coordinates

    def coordinates(self, end: Any) -> Any:
        """The point (D,) of an end in any of the ways in which networks are kept.

        Parameters
        ----------
        end : torch.nn.Module, mapping, path-like, iterable of tensors or arrays, or array (D,)
            A module; a state dict, also within a checkpoint, or with names that begin otherwise;
            the name of a file (of torch, of safetensors, NumPy's `.npz`, an index of several) or of
            a folder of `save_pretrained`; the trainable parameters in their order
            (`module.parameters()`); or a point as it is.

        Raises
        ------
        TypeError, ValueError
            If it is none of these, or of another architecture, or if a module's own loss is not
            that of its point; the message names what differs.
        """
        return self._given_points.end(end)

    def ends(self, a: Any, b: Any) -> tuple[Any, Any]:
        """Two ends (D,) as they are, if the losses there are what their modules give.

        Raises
        ------
        ValueError
            If they are not; the message says which, and where the difference arises.
        """
        self._both_ends.check(a, b)
        return a, b

    def state_dict(self, point: Any) -> Tensors:
        """The state dict of a point, including the statistics of batch normalisation.

        Parameters
        ----------
        point : array (D,) or module or state dict
            A point of the landscape.

        Returns
        -------
        dict of str to Tensor
            As the module's own `state_dict` has it.
        """
        point = self.coordinates(point)
        found = self._mean_loss.statistics(self._layout.tensors(point[None]))
        statistics = {name: tensor[0] for name, tensor in found.items()}
        state = self._layout.state_dict(point, self._network.by_all_names(statistics))
        return state | self._network.vectors(state)

    def module(self, point: Any) -> Any:
        """A new module with the parameters of a point.

        Parameters
        ----------
        point : array (D,) or module or state dict
            A point of the landscape.

        Returns
        -------
        torch.nn.Module
            A copy of the module that was given, in evaluation mode.
        """
        module = evaluating(copied(self._given)).to(self._home)
        module.load_state_dict(self.state_dict(point))
        return module

    def suitable_batch(self, point: Any) -> int:
        """Choose how many samples a step of `Stochastic()` takes by default: 64 to 512.

        On a processor up to 256, as many as keep 1 MiB for their backward pass. Where a sample
        keeps little, a network does little with it, and a step takes hardly longer with more of
        them. With statistics of batch normalisation at least 128, as these are those of the
        mini-batch, unless that keeps more than 64 MiB. On a GPU up to 512, as many as keep 64 MiB:
        a step of a small network takes no longer with them.

        Parameters
        ----------
        point : Tensor (D,)
            Any point; what a sample keeps is the same at all.

        Returns
        -------
        int
            It depends on nothing that is measured in time or in free memory.
        """
        return self._mean_loss.suitable_batch(point)

    def value_and_grad(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """Mean losses (M,) and their gradients (M, D) at `points` (M, D).

        Parameters
        ----------
        points : Tensor (M, D)
        samples : array of int (M, B), optional
            The samples to take at each point; by default all. Batch normalisation then uses the
            statistics of these B samples, as in training.
        """
        refuse_inference_mode()
        points = self._given_points.points(points)
        return self._mean_loss.value_and_grad(points, samples)

    def value_and_grad_over(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """Find the same as `value_and_grad`, at points that nobody needs afterwards.

        Of a network so large that one point is done at a time, each gradient by samples is written
        over its point, which saves the memory of one; otherwise the points stay.

        Parameters
        ----------
        points : Tensor (M, D)
            Where; each may become the gradient there.
        samples : array of int (M, B), optional
            The samples to take at each point; by default all.

        Returns
        -------
        (Tensor (M,), Tensor (M, D))
            Values and gradients; these may be in the memory of `points`.
        """
        refuse_inference_mode()
        return self._mean_loss.value_and_grad_over(self._given_points.points(points), samples)

    def not_finite(self, point: Any, samples: Any = None) -> str:
        """Find out which samples make the loss at a point NaN or infinite.

        Parameters
        ----------
        point : Tensor (D,)
            Where.
        samples : array of int (B,), optional
            Those that were taken; by default all.

        Returns
        -------
        str
            Which these are, and what to do; empty where none are found.
        """
        indices = np.arange(self.n_samples) if samples is None else np.asarray(samples)
        with suppress(Exception), self._network.alone:  # this is for a message about another error
            variables = self._mean_loss.variables(point)
            return spoiling(self._network, self._samples, variables, indices)
        return ""

    def value(self, points: Any, samples: Any = None) -> Any:
        """Mean losses (M,) alone, which cost about a third."""
        points = self._given_points.points(points)
        return self._mean_loss.value(points, samples)

    def outputs(self, point: Any) -> Iterator[tuple[Any, Any]]:
        """What the network puts out for all data, and the targets, a part of the data at a time.

        Parameters
        ----------
        point : array (D,) or module or state dict
            A point of the landscape.

        Yields
        ------
        (object, object)
            The output of the module, and the target, in the order of the data.
        """
        for output, target, _ in self._mean_loss.outputs(self.coordinates(point)):
            yield output, target

    def measure(self, points: Any, metrics: Mapping[str, Metric]) -> dict[str, np.ndarray]:
        """The loss and any metrics at some points, in one pass over the data for each.

        Parameters
        ----------
        points : array (M, D)
            Such as some of a path, `result.path(times)`.
        metrics : mapping of str to callable
            `metric(output, target)`: the mean over the samples of a batch, one value a sample, or
            the pair (sum over the batch, weight of the batch).

        Returns
        -------
        dict of str to ndarray (M,)
            Means over the data by the names of the metrics, and the "loss", without a penalty.

        Raises
        ------
        TypeError, ValueError
            If these are no metrics by name, or one is no mean over samples.
        """
        check_metrics(metrics)
        tried = telling(self._samples, N_TRIED)
        points = self._given_points.points(points)
        outputs = [self._mean_loss.outputs(point, tried) for point in points]
        return measured(outputs, self._network.reduction, metrics)

    def random_direction(self, point: Any, rng: Any = None) -> Any:
        """A random direction (D,), each filter of which has the norm of the filter of the point.

        Biases and other parameters of one axis do not move.

        Parameters
        ----------
        point : array (D,) or module or state dict
            A point of the landscape.
        rng : int or numpy.random.Generator, optional
            As NumPy's `default_rng` takes it.

        Returns
        -------
        Tensor (D,)
            The direction.

        References
        ----------
        Li, Xu, Taylor, Studer and Goldstein, NeurIPS 2018, arXiv:1712.09913.
        """
        return filter_normalised(self._layout, self.coordinates(point), rng)

    def same(self, a: Any, b: Any) -> bool:
        """Whether two points (D,) are one network, its hidden units in any order.

        For `connect`, which merges equal minima. Units are found as `align_units` finds them.
        """
        batch = self._samples.batch(spread(self.n_samples, N_SAMPLES))
        tree = tree_map(lambda tensor: tensor.to(self._home), batch.tree)
        points = self.coordinates(a), self.coordinates(b)
        return is_same_network(self, *points, tree)
