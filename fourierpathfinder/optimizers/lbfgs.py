"""Limited-memory BFGS: a quasi-Newton direction from the last few steps.

Each pair of a step s and the gradient's change y over it tells the curvature s·y along s. The
direction -H g follows from the pairs, newest first, then oldest first:

    q = g;       α_i = s_i·q / s_i·y_i;  q ← q - α_i y_i
    r = H₀ q;    β_i = y_i·r / s_i·y_i;  r ← r + (α_i - β_i) s_i;     direction = -r

with H₀ = s·y / y·y of the newest pair, or a diagonal given by the caller.

Vectors have shape (..., P): the last axis is the variable, the axes before it are independent
members of an ensemble. Where a member has no pair in a slot of the memory 1/s·y is 0 and the pair
drops out of both loops, which is how members with different memories share the same slots.
"""

from dataclasses import dataclass

from .._arrays import Array, array_namespace


def dot(x: Array, y: Array) -> Array:
    """Inner product over the last axis: (..., P), (..., P) -> (...)."""
    return array_namespace(x).linalg.vecdot(x, y)


@dataclass(frozen=True)
class LBFGSState:
    """The memory: slots of plain arrays, newest pair last.

    To remember a pair is to hand its arrays on, whatever the number of variables.

    Parameters
    ----------
    steps, gradient_changes : tuple of arrays (..., P)
        The pairs s and y.
    inverse_curvatures : tuple of arrays (..., 1)
        1 / s·y, zero for members to which a pair does not belong.
    scale : array (..., 1)
        H₀: s·y / y·y of the newest pair, 1 for an empty memory.
    """

    steps: tuple[Array, ...]
    gradient_changes: tuple[Array, ...]
    inverse_curvatures: tuple[Array, ...]
    scale: Array

    @property
    def is_empty(self) -> Array:
        """Which members (...) have no pair, so that their direction is the plain -gradient."""
        if not self.inverse_curvatures:
            return self.scale[..., 0] > 0
        return self.inverse_curvatures[-1][..., 0] == 0


@dataclass(frozen=True)
class LBFGS:
    """Quasi-Newton directions from the last few steps, for one problem or an ensemble.

    Parameters
    ----------
    memory : int
        How many pairs are kept.
    curvature_tolerance : float
        A pair is skipped unless s·y > curvature_tolerance |s||y|.
    curvature_shift : float
        A small constant added to s·y before it is inverted (unit of the value).
    reset_cosine : float
        The memory is dropped, and the plain gradient taken, where s·y ≤ reset_cosine |s||y|;
        that includes a step of length zero, which is what a failed line search leaves. A pair
        that is not finite always drops the memory.

    References
    ----------
    J. Nocedal and S. J. Wright, Numerical Optimization, 2nd ed., Algorithm 7.4,
    DOI 10.1007/978-0-387-40065-5.

    Examples
    --------
    >>> import numpy as np
    >>> curvature = np.array([1.0, 100.0])
    >>> x = np.array([1.0, 1.0])
    >>> optimizer = LBFGS()
    >>> state = optimizer.init(x)
    >>> optimizer.direction(curvature * x, state)
    array([  -1., -100.])
    >>> step = np.array([0.0, 0.5])
    >>> state = optimizer.update(state, step, curvature * step)
    >>> optimizer.direction(curvature * x, state)
    array([-0.01, -1.  ])
    """

    memory: int = 10
    curvature_tolerance: float = 1e-10
    curvature_shift: float = 0.0
    reset_cosine: float = -1.0

    def __post_init__(self) -> None:
        if self.memory < 1:
            raise ValueError(f"`memory` is {self.memory}; it must be at least 1 pair")
        if self.curvature_shift < 0:
            raise ValueError(
                f"`curvature_shift` is {self.curvature_shift}; it must not be negative"
            )

    def init(self, x: Array) -> LBFGSState:
        """Return the empty memory for vectors like `x` (..., P)."""
        return LBFGSState((), (), (), array_namespace(x).ones_like(x[..., :1]))

    def direction(
        self, gradient: Array, state: LBFGSState, preconditioner: Array | None = None
    ) -> Array:
        """Return the quasi-Newton step -H g.

        Parameters
        ----------
        gradient : array (..., P)
            The gradient here.
        state : LBFGSState
            The memory; where it is empty the direction is -H₀ g.
        preconditioner : array that broadcasts against `gradient`, optional
            The diagonal of H₀, used exactly as given in place of the scale in the memory.

        Returns
        -------
        array (..., P)
            The step to take.
        """
        pairs = list(
            zip(state.steps, state.gradient_changes, state.inverse_curvatures, strict=True)
        )
        vecdot = array_namespace(gradient).linalg.vecdot
        q, weights = -gradient, []
        for step, change, inverse in reversed(pairs):
            weight = inverse * vecdot(step, q)[..., None]
            weights.append(weight)
            q -= weight * change
        r = q * (state.scale if preconditioner is None else preconditioner)
        for (step, change, inverse), weight in zip(pairs, reversed(weights), strict=True):
            r += (weight - inverse * vecdot(change, r)[..., None]) * step
        return r

    def update(self, state: LBFGSState, step: Array, gradient_change: Array) -> LBFGSState:
        """Remember a step and what it did to the gradient.

        Parameters
        ----------
        state : LBFGSState
            The memory so far.
        step, gradient_change : array (..., P)
            s = x_new - x and y = g_new - g.

        Returns
        -------
        LBFGSState
            The new memory; member by member the pair is added, skipped, or the memory dropped.
        """
        xp = array_namespace(step)
        curvature = dot(step, gradient_change)[..., None]
        change_squared = dot(gradient_change, gradient_change)[..., None]
        lengths = xp.sqrt(dot(step, step)[..., None]) * xp.sqrt(change_squared)
        finite = xp.isfinite(curvature) & xp.isfinite(lengths)
        reset = ~finite | (curvature <= self.reset_cosine * lengths)
        accept = ~reset & (curvature > self.curvature_tolerance * lengths)

        one = xp.ones_like(curvature)
        inverse = one / xp.where(accept, curvature + self.curvature_shift, one)
        scale = xp.where(accept, curvature, one) / xp.where(accept, change_squared, one)

        inverse = xp.where(accept, inverse, xp.zeros_like(inverse))
        scale = xp.where(accept, scale, xp.where(reset, one, state.scale))
        steps, changes = (*state.steps, step), (*state.gradient_changes, gradient_change)
        inverses = (*state.inverse_curvatures, inverse)
        if not bool(xp.all(accept)):
            steps, changes = _pushed(steps, accept), _pushed(changes, accept)
            left = _pushed(inverses, accept)
            inverses = tuple(xp.where(reset, xp.zeros_like(kept), kept) for kept in left)
        m = self.memory
        return LBFGSState(steps[-m:], changes[-m:], inverses[-m:], scale)


def _pushed(slots: tuple[Array, ...], accept: Array) -> tuple[Array, ...]:
    """Slots with a new one at their end for members that accept it; others find theirs moved on."""
    xp = array_namespace(accept)
    moved_on = (xp.zeros_like(slots[0]), *slots[:-1])
    return tuple(
        xp.where(accept, with_new, without)
        for with_new, without in zip(slots, moved_on, strict=True)
    )
