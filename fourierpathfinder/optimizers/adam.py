"""Adam: steps scaled elementwise by running moments of the gradient.

With m_k = β₁ m_{k-1} + (1-β₁) g and v_k = β₂ v_{k-1} + (1-β₂) g², step k is

    x ← x - η · m_k/(1-β₁ᵏ) / (√(v_k/(1-β₂ᵏ)) + ε).

By Nesterov's rule m_k/(1-β₁ᵏ) is what it will be when the same gradient comes once more,

    β₁ m_k/(1-β₁ᵏ⁺¹) + (1-β₁) g/(1-β₁ᵏ).

The state keeps m/(1-β₁) and v/(1-β₂), and every factor that is the same for all elements is
folded into a few scalars, so that a step costs ten array operations, by Nesterov's rule thirteen.
"""

import math
from dataclasses import dataclass

from .._arrays import Array, array_namespace


@dataclass(frozen=True)
class AdamState:
    """Running sums of the gradient and of its square, and the number of steps taken.

    Parameters
    ----------
    gradient_sum : array, any shape
        Σ β₁^(k-j) g_j over the steps j ≤ k so far, in the unit of the gradient.
    square_sum : array, same shape
        Σ β₂^(k-j) g_j², in the unit of the squared gradient.
    n_steps : int
        The number k of steps taken.
    """

    gradient_sum: Array
    square_sum: Array
    n_steps: int


@dataclass(frozen=True)
class Adam:
    """First-order optimizer for noisy or badly scaled gradients, elementwise over any shape.

    Parameters
    ----------
    learning_rate : float
        η, the length that an element moves in a step of steady gradient (unit of x).
    beta1, beta2 : float
        Decay of the running means of the gradient and of its square.
    epsilon : float
        ε, added to the root mean square gradient (unit of the gradient).
    nesterov : bool
        Whether the mean looks one step ahead.

    References
    ----------
    D. P. Kingma and J. Ba, Adam: a method for stochastic optimization, ICLR 2015,
    arXiv:1412.6980, Algorithm 1. T. Dozat, Incorporating Nesterov momentum into Adam, ICLR 2016
    workshop.

    Examples
    --------
    >>> import numpy as np
    >>> adam = Adam(learning_rate=0.1)
    >>> x = np.array([1.0, -2.0])
    >>> state = adam.init(x)
    >>> x, state = adam.step(x, 2 * x, state)
    >>> x.round(6)
    array([ 0.9, -1.9])
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    nesterov: bool = False

    def __post_init__(self) -> None:
        for name in ("beta1", "beta2"):
            beta = getattr(self, name)
            if not 0 <= beta < 1:
                raise ValueError(f"`{name}` is {beta}; it must lie in [0, 1)")

    def init(self, x: Array) -> AdamState:
        """Return the state before the first step from `x` (any shape)."""
        zeros = array_namespace(x).zeros_like(x)
        return AdamState(zeros, zeros, 0)

    def step(
        self, x: Array, gradient: Array, state: AdamState, learning_rate: Array | None = None
    ) -> tuple[Array, AdamState]:
        """Move `x` by one step.

        Parameters
        ----------
        x, gradient : array, any shape
            Where we are, and the gradient there.
        state : AdamState
            What `init` or the last step returned.
        learning_rate : float or array that broadcasts against `x`, optional
            Used for this step in place of the one in the settings: a schedule (float) or a
            scale for each term (array of the library and dtype of `x`).

        Returns
        -------
        x : array
            The new place.
        state : AdamState
            To be passed to the next step.
        """
        n_steps = state.n_steps + 1
        gradient_sum = self.beta1 * state.gradient_sum + gradient
        square_sum = self.beta2 * state.square_sum + gradient * gradient
        rate = self.learning_rate if learning_rate is None else learning_rate
        scale, epsilon = self._scales(n_steps)
        root = array_namespace(x).sqrt(square_sum) + epsilon
        x = x - (rate * scale) * self._ahead(gradient_sum, gradient, n_steps) / root
        return x, AdamState(gradient_sum, square_sum, n_steps)

    def step_in_place(
        self, x: Array, gradient: Array, state: AdamState, learning_rate: Array
    ) -> None:
        """The same step, written into `x` and the sums of `state`, whose count stays as it is.

        For arrays so large that no further one fits beside them; each sum must be one of its own.
        """
        scale, epsilon = self._scales(state.n_steps + 1)
        sums, squares = state.gradient_sum, state.square_sum
        sums *= self.beta1
        sums += gradient
        squares *= self.beta2
        squares += gradient * gradient
        root = array_namespace(x).sqrt(squares)
        root += epsilon
        move = self._ahead(sums, gradient, state.n_steps + 1)
        move = move / root
        move *= learning_rate * scale
        x -= move

    def _scales(self, n_steps: int) -> tuple[float, float]:
        """What the sums' quotient is multiplied by, and ε for the root of the sum of squares."""
        # The root of the unbiased second moment is root_scale · √square_sum.
        root_scale = math.sqrt((1 - self.beta2) / (1 - self.beta2**n_steps))
        mean_scale = (1 - self.beta1) / (1 - self.beta1**n_steps)
        return mean_scale / root_scale, self.epsilon / root_scale

    def _ahead(self, gradient_sum: Array, gradient: Array, n_steps: int) -> Array:
        """The sum, or by Nesterov's rule the next one if the gradient stays, in the same unit."""
        if not self.nesterov:
            return gradient_sum
        left = self.beta1 * (1 - self.beta1**n_steps) / (1 - self.beta1 ** (n_steps + 1))
        ahead = left * gradient_sum
        ahead += gradient
        return ahead
