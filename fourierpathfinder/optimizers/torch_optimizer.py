"""L-BFGS-GSS in the shape of a `torch.optim.Optimizer`: the parameters are one point x (P,)."""

from collections.abc import Callable, Iterable
from dataclasses import fields
from typing import Any

import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from .golden_section import GoldenSection
from .lbfgs import LBFGS, LBFGSState
from .lbfgs_gss import LBFGSGSS, LBFGSGSSState

Closure = Callable[[], torch.Tensor]

_KEPT = ("x", "gradient", "value", "reach", "n_steps")


class TorchLBFGSGSS(torch.optim.Optimizer):  # type: ignore[misc]
    """Train a module with L-BFGS and golden-section line search.

    The closure returns the loss and does nothing else: no `zero_grad`, no `backward`. A line search
    needs values alone, so a step costs one gradient and `n_evaluations` forward passes. The loss
    must be the same function at every call: the full batch, no dropout.

    Parameters
    ----------
    params : iterable of torch.Tensor
        The parameters, of one dtype and device.
    memory : int
        Pairs that are kept.
    n_evaluations : int
        Losses evaluated in a line search.
    first_step : float
        The first trial, in units of the direction's length.
    reset_cosine, curvature_shift : float
        See `LBFGS`; the defaults are the published notebook's.

    References
    ----------
    J. Yu and A. V. Morozov, Neural network optimization strategies and the topography of the
    loss landscape, arXiv:2602.21276, Algorithm 1.

    Examples
    --------
    >>> import torch
    >>> from fourierpathfinder.optimizers import TorchLBFGSGSS
    >>> x = torch.linspace(-1, 1, 50)[:, None]
    >>> line = torch.nn.Linear(1, 1)
    >>> optimizer = TorchLBFGSGSS(line.parameters())
    >>> for _ in range(30):
    ...     loss = optimizer.step(lambda: ((line(x) - 3 * x - 1) ** 2).mean())
    >>> bool(loss < 1e-6)
    True
    """

    def __init__(
        self,
        params: Iterable[torch.Tensor],
        *,
        memory: int = 10,
        n_evaluations: int = 6,
        first_step: float = 0.2,
        reset_cosine: float = 1e-4,
        curvature_shift: float = 1e-6,
    ) -> None:
        defaults = {
            "memory": memory,
            "n_evaluations": n_evaluations,
            "first_step": first_step,
            "reset_cosine": reset_cosine,
            "curvature_shift": curvature_shift,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            raise ValueError(
                f"`params` has {len(self.param_groups)} groups; a quasi-Newton step is one for all "
                "parameters, so pass a single group"
            )
        self._parameters: list[torch.Tensor] = self.param_groups[0]["params"]
        self._settings()

    @torch.no_grad()  # type: ignore[untyped-decorator]
    def step(self, closure: Closure) -> torch.Tensor:
        """Move the parameters by one step.

        Parameters
        ----------
        closure : callable, () -> torch.Tensor
            Returns the loss at the current parameters.

        Returns
        -------
        torch.Tensor
            The loss that the step began with.
        """
        algorithm = self._settings()
        start = parameters_to_vector(self._parameters)
        x = start[None]
        landscape = _ClosureLandscape(closure, self._parameters)
        state = self._state(algorithm, x)
        try:
            x, state = algorithm.step(landscape, x, state)
        except BaseException:
            vector_to_parameters(start, self._parameters)
            raise
        vector_to_parameters(x[0], self._parameters)
        self._keep(state)
        return landscape.first_loss

    def _settings(self) -> LBFGSGSS:
        group = self.param_groups[0]
        return LBFGSGSS(
            LBFGS(
                memory=group["memory"],
                curvature_shift=group["curvature_shift"],
                reset_cosine=group["reset_cosine"],
            ),
            GoldenSection(n_evaluations=group["n_evaluations"], first_step=group["first_step"]),
        )

    def _state(self, algorithm: LBFGSGSS, x: torch.Tensor) -> LBFGSGSSState:
        """What the last step left, put together again from tensors and numbers."""
        kept: dict[str, Any] = self.state[self._parameters[0]]
        if not kept:
            return algorithm.init(x)
        memory = LBFGSState(**{f.name: kept[f"memory.{f.name}"] for f in fields(LBFGSState)})
        others = {name: kept[name] for name in _KEPT}
        # A run that had stopped tries again: the closure may have become another one.
        return LBFGSGSSState(memory, active=kept["reach"] > 0, **others)

    def _keep(self, state: LBFGSGSSState) -> None:
        kept = self.state[self._parameters[0]]
        for name in _KEPT:
            kept[name] = getattr(state, name)
        for f in fields(LBFGSState):
            kept[f"memory.{f.name}"] = getattr(state.memory, f.name)


class _ClosureLandscape:
    """The loss of a closure as a landscape with one point at a time."""

    first_loss: torch.Tensor

    def __init__(self, closure: Closure, parameters: list[torch.Tensor]) -> None:
        self._closure = closure
        self._parameters = parameters

    def value(self, points: torch.Tensor) -> torch.Tensor:
        vector_to_parameters(points[0], self._parameters)
        return self._closure().reshape(1)

    def value_and_grad(self, points: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        vector_to_parameters(points[0], self._parameters)
        with torch.enable_grad():
            loss = self._closure()
            gradients = torch.autograd.grad(loss, self._parameters)
        self.first_loss = loss.detach()
        return self.first_loss.reshape(1), parameters_to_vector(gradients)[None]
