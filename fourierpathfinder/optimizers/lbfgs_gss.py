"""L-BFGS with golden-section line search, for one problem or an ensemble in lockstep.

One step at x, with g the gradient there and p = -H g from the last pairs (s, y), is

    x ← x + u p,    u = argmin f(x + u p) by golden-section search,

in one gradient and a fixed number of values. Only a strictly lower value is taken, so f never
rises. Where nothing lower is found along p, the member's memory is dropped and the next step goes
along -g; where that finds nothing either, along a shorter and shorter -g, until it is too short
to change x: then the member has stopped.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from .._arrays import Array, array_namespace
from ..landscapes.abilities import abilities_of
from ..landscapes.protocols import Landscape
from .golden_section import GoldenSection
from .lbfgs import LBFGS, LBFGSState
from .line_search import LineStart


@dataclass(frozen=True)
class LBFGSGSSState:
    """All that a run is made of beside the point itself.

    Parameters
    ----------
    memory : LBFGSState
        The pairs of each member.
    x, gradient : array (K, P)
        Where the last step began, and the gradient there.
    value : array (K,)
        f where the last step ended, infinite before the first.
    reach : array (K,)
        The factor by which the next plain gradient is shortened.
    active : boolean array (K,)
        Which members still move.
    n_steps : int
        Steps done.
    """

    memory: LBFGSState
    x: Array
    gradient: Array
    value: Array
    reach: Array
    active: Array
    n_steps: int


def _published_lbfgs() -> LBFGS:
    return LBFGS(memory=10, curvature_shift=1e-6, reset_cosine=1e-4)


@dataclass(frozen=True)
class LBFGSGSS:
    """The paper's full-batch optimizer (its Algorithm 1), for K members side by side.

    Each member has its own memory, step and line search; how it moves does not depend on the
    others. The defaults are the rules of the published notebook: ten pairs; 1e-6 added to the
    curvature s·y; the memory dropped, and the plain gradient taken, where cos(s, y) ≤ 1e-4 or
    something is not finite; six values a line search, the first at 0.2 p, doubled while the value
    falls, shrunk by 0.382 while it does not, then golden-section steps.

    Parameters
    ----------
    lbfgs : LBFGS
        Gives the directions.
    search : GoldenSection
        Gives the steps.

    References
    ----------
    J. Yu and A. V. Morozov, Neural network optimization strategies and the topography of the
    loss landscape, arXiv:2602.21276, Algorithm 1.

    Examples
    --------
    >>> import numpy as np
    >>> class Bowls:
    ...     def value_and_grad(self, points):
    ...         scaled = points * np.array([1.0, 30.0])
    ...         return (points * scaled).sum(-1) / 2, scaled
    >>> optimizer = LBFGSGSS()
    >>> x = np.array([[3.0, 1.0], [-1.0, 2.0]])
    >>> state = optimizer.init(x)
    >>> for _ in range(20):
    ...     x, state = optimizer.step(Bowls(), x, state)
    >>> bool((state.value < 1e-9).all())
    True
    """

    lbfgs: LBFGS = field(default_factory=_published_lbfgs)
    search: GoldenSection = field(default_factory=GoldenSection)

    def init(self, x: Array) -> LBFGSGSSState:
        """Return the state before the first step from `x` (K, P)."""
        xp = array_namespace(x)
        one = xp.ones_like(x[..., 0])
        infinity = one * float("inf")
        memory = self.lbfgs.init(x)
        return LBFGSGSSState(memory, x, xp.zeros_like(x), infinity, one, one > 0, 0)

    def step(
        self, landscape: Landscape, x: Array, state: LBFGSGSSState
    ) -> tuple[Array, LBFGSGSSState]:
        """Move every active member by one step.

        Parameters
        ----------
        landscape : Landscape
            f, evaluated at all members together; its `value`, if it has one, in the searches.
        x : array (K, P)
            Where the members are.
        state : LBFGSGSSState
            What `init` or the last step returned.

        Returns
        -------
        x : array (K, P)
            The new places.
        state : LBFGSGSSState
            To be passed to the next step; its `value` belongs to the new places.
        """
        xp = array_namespace(x)
        value, gradient = landscape.value_and_grad(x)
        memory = state.memory
        if state.n_steps:
            memory = self.lbfgs.update(memory, x - state.x, gradient - state.gradient)
        reach = xp.where(memory.is_empty, state.reach, xp.ones_like(value))
        direction = reach[..., None] * self.lbfgs.direction(gradient, memory)
        values = _values(landscape)

        def at(step: Array) -> Array:
            return x + step[..., None] * direction

        found = self.search(lambda step: values(at(step)), LineStart(value, gradient, direction))
        moves = found.accepted & state.active
        x_after = xp.where(moves[..., None], at(found.step), x)
        shortest = self.search.shrink**self.search.n_evaluations * reach
        hopeless = memory.is_empty & ~_differ(at(xp.full_like(reach, self.search.first_step)), x)
        after = LBFGSGSSState(
            memory,
            x,
            gradient,
            xp.where(moves, found.value, value),
            xp.where(memory.is_empty & ~moves, shortest, xp.ones_like(reach)),
            state.active & (moves | ~hopeless),
            state.n_steps + 1,
        )
        return x_after, after


def _differ(trial: Array, x: Array) -> Array:
    """Which trials (...) are points other than `x` at which something can be evaluated."""
    xp = array_namespace(x)
    return xp.any(trial != x, axis=-1) & xp.all(xp.isfinite(trial), axis=-1)


def _values(landscape: Landscape) -> Callable[[Array], Array]:
    alone = abilities_of(landscape).values
    if alone is not None:
        return alone.value
    return lambda points: landscape.value_and_grad(points)[0]
