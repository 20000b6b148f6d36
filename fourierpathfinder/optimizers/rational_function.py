"""First-order saddles by partitioned rational-function optimisation.

In the eigenvectors v_i of the Hessian, with eigenvalues w_i and gradient components c_i, the
step climbs along the followed mode and descends along all others,

    s_i = -c_i / (w_i - λ),

λ being λ_p = ½ (w + √(w² + 4c²)) for the mode, and for the others the lowest root of
λ = Σ c_i² / (λ - w_i), the lowest eigenvalue of the bordered matrix [[diag w, c], [cᵀ, 0]].
The step is cut to a trust radius. After each gradient the Hessian takes Bofill's mixture of the
symmetric rank-one and Powell's updates, with e = y - H s:

    H ← H + φ e eᵀ/(s·e) + (1-φ) [(e sᵀ + s eᵀ)/s² - (s·e) s sᵀ/s⁴],   φ = (s·e)²/(s² e²).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

ValueAndGrad = Callable[[np.ndarray], tuple[float, np.ndarray]]
Project = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class StationaryPoint:
    """The result of a search for a saddle.

    Parameters
    ----------
    position, gradient, mode : ndarray (D,)
        The point, the gradient there and the unit vector that was followed uphill.
    value : float
        The value at the point.
    hessian : ndarray (D, D)
        The updated Hessian: good along the way taken, not a substitute for the true one.
    n_gradients : int
        Evaluations in all.
    converged : bool
        Whether the gradient is within its tolerance and the curvature along the mode negative.
    message : str
        Why the search ended.
    """

    position: np.ndarray
    value: float
    gradient: np.ndarray
    mode: np.ndarray
    hessian: np.ndarray
    n_gradients: int
    converged: bool
    message: str


def find_saddle(
    value_and_grad: ValueAndGrad,
    x: np.ndarray,
    mode: np.ndarray,
    *,
    hessian: np.ndarray | None = None,
    gradient_tolerance: float = 1e-4,
    max_gradients: int = 100,
    max_step: float = 0.1,
    project: Project | None = None,
) -> StationaryPoint:
    """Climb along one mode and descend along all others to a first-order saddle.

    Parameters
    ----------
    value_and_grad : callable, x (D,) -> (value, gradient (D,))
        The landscape at one point. A value or gradient that is not finite shortens the step.
    x : ndarray (D,)
        Where to start: near the saddle, such as a path's highest point.
    mode : ndarray (D,)
        The direction to climb, such as the path's tangent; its length does not matter.
    hessian : ndarray (D, D), optional
        The Hessian at `x`. If left out, one gradient more tells the curvature along the mode,
        and all others are taken as alike.
    gradient_tolerance : float
        The largest component of the gradient at which to stop.
    max_gradients : int
        Evaluations at most.
    max_step : float
        The first trust radius (Euclidean, unit of x), which may grow threefold.
    project : callable, x (D,) -> (k, D), optional
        Orthonormal directions along which the value cannot change, such as overall
        translations and rotations; they are taken out of gradients and steps.

    Returns
    -------
    StationaryPoint
        The last point; `converged` says whether the tolerance was reached.

    Raises
    ------
    ValueError
        If `mode` vanishes, or the shapes of `x` and `mode` differ.

    References
    ----------
    A. Banerjee, N. Adams, J. Simons, R. Shepard, Search for stationary points on surfaces,
    J. Phys. Chem. 89, 52 (1985), DOI 10.1021/j100247a015.

    J. M. Bofill, Updated Hessian matrix and the restricted step method for locating transition
    structures, J. Comput. Chem. 15, 1 (1994), DOI 10.1002/jcc.540150102.

    Examples
    --------
    >>> import numpy as np
    >>> def ridge(x):
    ...     return x[0] ** 2 - x[1] ** 2 + x[1] ** 4, np.array([2 * x[0], 4 * x[1] ** 3 - 2 * x[1]])
    >>> found = find_saddle(ridge, np.array([0.1, 0.2]), np.array([0.0, 1.0]))
    >>> found.converged, np.abs(found.position).max() < 1e-3
    (True, np.True_)
    """
    x, mode = np.asarray(x, float), np.asarray(mode, float)
    if x.shape != mode.shape or x.ndim != 1:
        raise ValueError(f"`x` has shape {x.shape}, `mode` {mode.shape}; both must be (D,)")
    search = _Search(value_and_grad, x, project)
    mode = search.allowed(mode)
    norm = float(np.linalg.norm(mode))
    if not 0 < norm < math.inf:
        raise ValueError(f"`mode` has length {norm} once the null directions are taken out of it")
    mode = mode / norm
    if hessian is None and math.isfinite(search.value):
        hessian = search.hessian_from_one_difference(mode, 0.01 * max_step)
    if hessian is None:
        zeros = np.zeros((x.size, x.size))
        return search.ended(mode, zeros, False, "The value or gradient at the start is not finite.")
    return _climb(
        search, mode, np.array(hessian, float), gradient_tolerance, max_gradients, max_step
    )


_AT_SADDLE = "The gradient is within its tolerance."
_NO_SADDLE = "The gradient is within its tolerance, but the mode does not curve down."


def _climb(
    search: "_Search",
    mode: np.ndarray,
    hessian: np.ndarray,
    gradient_tolerance: float,
    max_gradients: int,
    max_step: float,
) -> StationaryPoint:
    radius = max_step
    while True:
        curvatures, modes = search.spectrum(hessian)
        followed = _followed(curvatures, np.abs(modes.T @ mode))
        mode = modes[:, followed]
        gradient = search.allowed(search.gradient)
        if np.abs(gradient).max() <= gradient_tolerance:
            # The updated Hessian may be wrong about the mode: measure before giving up.
            is_saddle = bool(curvatures[followed] < 0) or search.curves_down(mode, 0.01 * max_step)
            message = _AT_SADDLE if is_saddle else _NO_SADDLE
            return search.ended(mode, hessian, is_saddle, message)
        if search.n_gradients >= max_gradients:
            message = f"The limit of {max_gradients} gradients was reached."
            return search.ended(mode, hessian, False, message)
        if radius < 1e-8 * max_step:
            message = "No finite value was found, however short the step."
            return search.ended(mode, hessian, False, message)
        step = modes @ _rational_step(curvatures, modes.T @ gradient, followed)
        length = float(np.linalg.norm(step))
        step = step * min(1.0, radius / length)
        predicted = float(gradient @ step + 0.5 * step @ hessian @ step)
        before, value = search.gradient, search.value
        if not search.move(step):
            radius = 0.25 * min(radius, length)
            continue
        hessian = bofill_update(hessian, step, search.gradient - before)
        radius = _trust_radius(radius, length, search.value - value, predicted, max_step)


class _Search:
    """The current point, and how many evaluations it took to get there."""

    def __init__(
        self, value_and_grad: ValueAndGrad, x: np.ndarray, project: Project | None
    ) -> None:
        self._value_and_grad = value_and_grad
        self._project = project
        self.n_gradients = 0
        self.x = x
        self.value, self.gradient = self._evaluate(x)

    def _evaluate(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return value and gradient at x; the value is NaN where either is not finite."""
        self.n_gradients += 1
        value, gradient = self._value_and_grad(x)
        gradient = np.asarray(gradient, float)
        return (float(value) if np.isfinite(gradient).all() else math.nan), gradient

    def move(self, step: np.ndarray) -> bool:
        """Go to x + step unless the value there is not finite."""
        value, gradient = self._evaluate(self.x + step)
        if not math.isfinite(value):
            return False
        self.x, self.value, self.gradient = self.x + step, value, gradient
        return True

    def allowed(self, vector: np.ndarray) -> np.ndarray:
        """Return `vector` without its part along the null directions at x."""
        if self._project is None:
            return vector
        null = self._project(self.x)
        return np.asarray(vector - null.T @ (null @ vector))

    def spectrum(self, hessian: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return eigenvalues and vectors (columns), the null directions far up and out of reach."""
        if self._project is not None:
            null = self._project(self.x)
            keep = np.eye(self.x.size) - null.T @ null
            far = 1 + 1e3 * np.abs(hessian).max()
            hessian = keep @ hessian @ keep + far * null.T @ null
        curvatures, modes = np.linalg.eigh(hessian)
        return curvatures, modes

    def hessian_from_one_difference(self, mode: np.ndarray, distance: float) -> np.ndarray | None:
        """Return H with the measured curvature along the mode and one scale for all others."""
        for signed in (distance, -distance):
            value, gradient = self._evaluate(self.x + signed * mode)
            if math.isfinite(value):
                break
        else:
            return None
        column = self.allowed((gradient - self.gradient) / signed)
        curvature = mode @ column
        others = max(abs(curvature), float(np.linalg.norm(column)))
        cross = np.outer(column, mode)
        along = np.outer(mode, mode)
        hessian = others * (np.eye(mode.size) - along) + cross + cross.T - curvature * along
        return np.asarray(hessian)

    def curves_down(self, mode: np.ndarray, distance: float) -> bool:
        """Whether the measured curvature along the mode is negative."""
        value, gradient = self._evaluate(self.x + distance * mode)
        return math.isfinite(value) and bool(mode @ (gradient - self.gradient) < 0)

    def ended(
        self, mode: np.ndarray, hessian: np.ndarray, converged: bool, message: str
    ) -> StationaryPoint:
        return StationaryPoint(
            self.x, self.value, self.gradient, mode, hessian, self.n_gradients, converged, message
        )


def _followed(curvatures: np.ndarray, overlaps: np.ndarray) -> int:
    """Return the mode most like the last one, among those that curve down if there are any."""
    down = curvatures < 0
    return int(np.argmax(np.where(down, overlaps, -1.0) if down.any() else overlaps))


def _rational_step(curvatures: np.ndarray, components: np.ndarray, followed: int) -> np.ndarray:
    """Return the step in the eigenvectors: up along `followed`, down along the others."""
    up, slope = curvatures[followed], components[followed]
    others = np.arange(curvatures.size) != followed
    bordered = np.diag(np.append(curvatures[others], 0.0))
    bordered[-1, :-1] = bordered[:-1, -1] = components[others]
    shift = np.linalg.eigvalsh(bordered)[0]
    tiny = 1e-12 * (1e-300 + np.abs(bordered).max())
    step = np.empty_like(components)
    step[others] = -components[others] / np.maximum(curvatures[others] - shift, tiny)
    # λ_p - w, which cannot vanish: a flat or convex mode is climbed with the longest step.
    denominator = 0.5 * (math.hypot(up, 2 * slope) - up)
    step[followed] = slope / max(denominator, tiny)
    return step


def bofill_update(hessian: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Return the Hessian (D, D) updated by a step (D,) and the gradient's change (D,) over it."""
    error = change - hessian @ step
    step_error, step_squared = float(step @ error), float(step @ step)
    error_squared = float(error @ error)
    if error_squared == 0 or step_squared == 0:
        return hessian
    # φ e eᵀ/(s·e) written without the division by s·e, which may vanish.
    rank_one = step_error / (step_squared * error_squared) * np.outer(error, error)
    mixed = np.outer(error, step)
    powell = (mixed + mixed.T) / step_squared - step_error / step_squared**2 * np.outer(step, step)
    weight = step_error**2 / (step_squared * error_squared)
    return hessian + rank_one + (1 - weight) * powell


def _trust_radius(
    radius: float, length: float, actual: float, predicted: float, max_step: float
) -> float:
    """Return a longer radius where the model foretold the change, a shorter one where not."""
    ratio = actual / predicted if predicted else 1.0
    if 0.6 < ratio < 1.6 and length > 0.9 * radius:
        return min(1.5 * radius, 3 * max_step)
    if not 0.2 < ratio < 3.0:
        return max(0.3 * min(length, radius), 0.02 * max_step)
    return radius
