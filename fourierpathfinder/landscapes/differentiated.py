"""Functions that a library differentiates: HIPS autograd on NumPy arrays, and torch.

Reverse mode gives the gradient for a few times the cost of the value, whatever D.
"""

import logging
from collections.abc import Callable
from typing import Any

import numpy as np

from .._arrays import Array, is_array
from .._extras import needs
from .conversion import back, to_doubles
from .function import check_answer

_log = logging.getLogger(__name__)


_OTHERWISE = 'or pass `gradient="finite-difference"`, or a gradient of its own'
_OF_TORCH = f"it must be computed by functions of torch, such as torch.exp for np.exp; {_OTHERWISE}"


class AutogradLandscape:
    """A landscape from a function written with `autograd.numpy`.

    Parameters
    ----------
    function : callable
        `function(x (D,)) -> float`, or with `batched` `function(points (M, D)) -> (M,)`, each
        value depending on its own point only.
    batched : bool
        Whether the function takes all points at once.
    stochastic : bool
        Whether two calls at the same point differ.

    References
    ----------
    https://github.com/HIPS/autograd

    Examples
    --------
    >>> import autograd.numpy as np
    >>> waves = AutogradLandscape(lambda x: np.sum(np.sin(x)))
    >>> waves.value_and_grad(np.array([[0.0, 0.0]]))
    (array([0.]), array([[1., 1.]]))
    """

    def __init__(
        self, function: Callable[[Any], Any], *, batched: bool = False, stochastic: bool = False
    ) -> None:
        self.function = function
        self.batched = batched
        self.stochastic = stochastic

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        x = to_doubles(points)
        try:
            pair = self._batch(x) if self.batched else self._one_by_one(x)
        except (TypeError, ValueError) as error:
            if "ArrayBox" not in f"{error} {error.__cause__}":  # what autograd passes for an array
                raise
            raise TypeError(
                f"`function` does with its argument what autograd cannot follow ({error}); it must "
                "be computed by functions of autograd.numpy, without float() or arrays that are "
                f"written to; {_OTHERWISE}"
            ) from error
        return back(*pair, points)

    def _batch(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with needs("AutogradLandscape", "autograd"):
            from autograd import make_vjp

        pull_back, values = make_vjp(self.function)(x)
        check_answer("function", values, (len(x),), x)
        return values, pull_back(np.ones(len(x)))

    def _one_by_one(self, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        with needs("AutogradLandscape", "autograd"):
            from autograd import value_and_grad

        values, gradients = np.empty(len(x)), np.empty_like(x)
        differentiated = value_and_grad(self.function)
        for m, point in enumerate(x):
            value, gradients[m] = differentiated(point)
            check_answer("function", value, (), point)
            values[m] = value
        return values, gradients


class TorchLandscape:
    """A landscape from a function of torch tensors, on any device and in any precision.

    A function of one point is vectorised over the points by `torch.func.vmap`. Where the
    function does what vmap does not allow (`.item()`, a branch on a value, ...) the points are
    done one after the other.

    Parameters
    ----------
    function : callable
        `function(x (D,)) -> scalar tensor`, or with `batched` `function(points (M, D)) -> (M,)`,
        each value depending on its own point only.
    batched : bool
        Whether the function takes all points at once.
    stochastic : bool
        Whether two calls at the same point differ.
    device : torch.device or str, optional
        Where to compute when the points are not tensors; by default torch's own default. Tensors
        stay where they are.
    dtype : torch.dtype, optional
        The precision to compute in; by default that of the points.

    Examples
    --------
    >>> import numpy as np
    >>> waves = TorchLandscape(lambda x: x.sin().sum())
    >>> waves.value_and_grad(np.array([[0.0, 0.0]]))
    (array([0.]), array([[1., 1.]]))
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        *,
        batched: bool = False,
        stochastic: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        self.function = function
        self.batched = batched
        self.stochastic = stochastic
        self.device = device
        self.dtype = dtype
        self._vectorises = True

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D)."""
        with needs("TorchLandscape", "torch"):
            import torch

        if isinstance(points, torch.Tensor):
            values, gradients = self._compute(points.detach().to(dtype=self.dtype))
            return values.to(points.dtype), gradients.to(points.dtype)
        tensor = torch.tensor(_as_numpy(points), device=self.device, dtype=self.dtype)
        values, gradients = self._compute(tensor)
        return back(values.double().cpu().numpy(), gradients.double().cpu().numpy(), points)

    def _compute(self, x: Any) -> tuple[Any, Any]:
        if self.batched:
            return _differentiate(self.function, x)
        if self._vectorises:
            try:
                return self._vectorised(x)
            except (RuntimeError, TypeError, ValueError, NotImplementedError) as error:
                self._vectorises = False
                _log.info("points are evaluated one by one, as vmap does not support: %s", error)
        return self._one_by_one(x)

    def _vectorised(self, x: Any) -> tuple[Any, Any]:
        from torch.func import grad_and_value, vmap

        gradients, values = vmap(grad_and_value(self.function))(x)
        if len(x) and not bool(gradients.any()):
            _differentiate(self.function, x[0])  # which tells a flat place from a lost trace
        return values.detach(), gradients.detach()

    def _one_by_one(self, x: Any) -> tuple[Any, Any]:
        import torch

        pairs = [_differentiate(self.function, point) for point in x]
        values, gradients = zip(*pairs, strict=True)
        return torch.stack(values), torch.stack(gradients)


def _differentiate(function: Callable[[Any], Any], x: Any) -> tuple[Any, Any]:
    """Values and gradients by one backward pass from their sum."""
    import torch

    with torch.enable_grad():
        x = x.detach().requires_grad_()
        try:
            values = function(x)
        except RuntimeError as error:
            if "numpy()" not in str(error):
                raise
            raise TypeError(
                f"`function` turns its argument into a NumPy array; {_OF_TORCH}"
            ) from error
        if not isinstance(values, torch.Tensor):
            raise TypeError(
                f"`function` returned a {type(values).__name__}; it must return a torch tensor, "
                "computed from its argument by functions of torch"
            )
        if not values.requires_grad:
            raise TypeError(
                f"`function` returned a tensor that torch cannot trace back to its argument; "
                f"{_OF_TORCH}"
            )
        (gradients,) = torch.autograd.grad(values.sum(), x)
    return values.detach(), gradients


def _as_numpy(points: Array) -> np.ndarray:
    if not is_array(points):
        raise TypeError(f"`points` must be an array (M, D), got {type(points).__name__}")
    return np.asarray(points)
