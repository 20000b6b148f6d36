r"""The mean loss of a neural network over data, as a function of its parameters.

.. math:: f(\omega) = \frac{1}{n} \sum_{i=1}^{n} \ell(\mathrm{net}_\omega(x_i), y_i)

Where the network has batch normalisation, its statistics s are functions of ω as well: those of
the data at that ω, as `torch.optim.swa_utils.update_bn` takes them. So f is one function of ω
alone, and its gradient is the whole one, that through s included (`mean_loss`).
"""

from collections.abc import Callable, Mapping
from copy import deepcopy
from typing import Any

import torch

from .data import as_samples
from .identity import N_SAMPLES, is_same_network
from .mean_loss import MeanLoss
from .network import Network
from .parameters import Layout, Tensors
from .points import Points, is_fast_vectorised


class NetworkLandscape:
    """The loss of an unmodified `nn.Module` over its parameters.

    Points are tensors (D,): all parameters with `requires_grad`, flattened, in the order of
    `module.parameters()`. Dropout is off. Statistics of batch normalisation are estimated at each
    point from the data, in batches of `batch_size` (by default 250), so that the value at an end
    is the loss of that network after `update_bn` over the same batches.

    Parameters
    ----------
    module : torch.nn.Module
        The network; it is copied, and stays as it is.
    loss : callable
        `loss(output, target)`: the mean over the samples of a batch, or one value a sample.
    data : pair of tensors, Dataset or DataLoader
        (inputs, targets); the inputs may be a tuple of tensors, with which the module is called.
        Of a `DataLoader`, its data set and its `collate_fn` are used.
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
        loss: Callable[[Any, Any], Any],
        data: Any,
        *,
        batch_size: int | None = None,
        device: Any = None,
        memory: int | None = None,
        vectorize: bool | None = None,
        autocast: Any = None,
    ) -> None:
        _check(module, loss, batch_size)
        self.device = _device_of(module) if device is None else torch.device(device)
        self._given = module
        self._layout = Layout.of(module)
        self._samples = as_samples(data, self.device)
        self._network = Network(module, loss, self.device, autocast)
        self._network.forget(self._layout.names)
        if vectorize is None:
            vectorize = is_fast_vectorised(module, self.device)
        self._mean_loss = MeanLoss(
            self._network,
            self._layout,
            self._samples,
            Points(vectorised=vectorize),
            device=self.device,
            batch_size=batch_size,
            memory=memory,
        )

    @property
    def description(self) -> str:
        """What a checkpoint knows this landscape by."""
        kind = type(self._given).__name__
        return f"loss of {kind}, {self.n_coordinates} parameters, {self.n_samples} samples"

    @property
    def n_samples(self) -> int:
        """Samples in the data."""
        return len(self._samples)

    @property
    def n_coordinates(self) -> int:
        """Parameters that can move, D."""
        return self._layout.n_coordinates

    def coordinates(self, end: Any) -> Any:
        """The point (D,) of a module, of a state dict, or of a vector as it is.

        Raises
        ------
        TypeError, ValueError
            If it is none of these, or of another architecture; the message names what differs.
        """
        if isinstance(end, torch.nn.Module):
            end = end.state_dict()
        if isinstance(end, Mapping):
            return self._layout.vector(end, self.device, self._network.estimated)
        if not isinstance(end, torch.Tensor):
            end = torch.tensor(end)
        if end.shape != (self.n_coordinates,):
            raise ValueError(
                f"the vector has shape {tuple(end.shape)}; the module's {len(self._layout.shapes)} "
                f"trainable parameters make ({self.n_coordinates},)"
            )
        return end.detach().to(device=self.device, dtype=self._layout.dtype)

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
        return self._layout.state_dict(point, {name: tensor[0] for name, tensor in found.items()})

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
        module = deepcopy(self._given).eval().to(self.device)
        module.load_state_dict(self.state_dict(point))
        return module

    def value_and_grad(self, points: Any, samples: Any = None) -> tuple[Any, Any]:
        """Mean losses (M,) and their gradients (M, D) at `points` (M, D).

        Parameters
        ----------
        points : Tensor (M, D)
        samples : array of int (M, B), optional
            The samples to take at each point; by default all. Batch normalisation then uses the
            statistics of these B samples, as in training.
        """
        return self._mean_loss.value_and_grad(self._checked(points), samples)

    def value(self, points: Any, samples: Any = None) -> Any:
        """Mean losses (M,) alone, which cost about a third."""
        return self._mean_loss.value(self._checked(points), samples)

    def same(self, a: Any, b: Any) -> bool:
        """Whether two points (D,) are one network, its hidden units in whatever order.

        For `connect`, which merges equal minima. Units are found as `align_units` finds them; other
        networks, such as residual ones, are compared parameter by parameter.
        """
        inputs = self._samples.batch(slice(0, N_SAMPLES)).inputs
        points = self.coordinates(a), self.coordinates(b)
        return is_same_network(self, *points, inputs[0] if len(inputs) == 1 else None)

    def _checked(self, points: Any) -> Any:
        if not isinstance(points, torch.Tensor):
            raise TypeError(f"`points` must be a torch tensor (M, D), got {type(points).__name__}")
        if points.ndim != 2 or points.shape[1] != self.n_coordinates:
            raise ValueError(
                f"`points` has shape {tuple(points.shape)}; it must be (M, {self.n_coordinates})"
            )
        return points.detach().to(self.device)


def _device_of(module: Any) -> Any:
    devices = {parameter.device for parameter in module.parameters()}
    if len(devices) > 1:
        raise ValueError(f"`module` is spread over {sorted(map(str, devices))}; pass `device`")
    return next(iter(devices), torch.device("cpu"))


def _check(module: Any, loss: Any, batch_size: int | None) -> None:
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"`module` is a {type(module).__name__}; pass an instance of nn.Module")
    if not callable(loss):
        raise TypeError(f"`loss` is a {type(loss).__name__}; pass a function of output and target")
    if getattr(loss, "reduction", "mean") == "sum":
        raise ValueError("`loss` sums over the samples; pass one that takes their mean")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"`batch_size` is {batch_size}; it must be at least 1")
