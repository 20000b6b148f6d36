r"""Steepest descent on a surrogate, in the metric of the masses.

.. math:: \frac{dx}{dt} = -M^{-1} \nabla f(x)

is the path of steepest descent in the coordinates :math:`M^{1/2} x`; its form does not depend on
how fast it is run through. Stiff as it is (bonds are a hundred times stiffer than turns), it is
integrated by backward differentiation, for which the surrogate's Hessian is exact.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from .._lazy import cached_property
from ..gaussian_process import Model
from .policy import Following


@dataclass(frozen=True, eq=False)
class Metric:
    """What steepest means.

    Parameters
    ----------
    masses : array (D, D)
        M; the identity for plain coordinates.
    is_weighted : bool
        Whether these are masses.
    """

    masses: np.ndarray
    is_weighted: bool = False

    def lowest_mode(self, hessian: np.ndarray) -> np.ndarray:
        """A unit vector (D,) along the lowest mode of M^(-1/2) H M^(-1/2), in the coordinates."""
        from scipy.linalg import eigh  # costs a third of the package's import

        _, modes = eigh(hessian, self.masses, subset_by_index=[0, 0])
        return np.asarray(modes[:, 0] / np.linalg.norm(modes[:, 0]))

    def lengths(self, points: np.ndarray) -> np.ndarray:
        """Lengths (K,) along the points (K, D), from the first one."""
        steps = np.diff(points, axis=0)
        squared = np.einsum("kd,de,ke->k", steps, self.masses, steps, optimize=True)
        return np.concatenate([[0.0], np.cumsum(np.sqrt(np.maximum(squared, 0.0)))])

    def downhill(self, gradients: np.ndarray) -> np.ndarray:
        """-M⁻¹ g (..., D) of gradients (..., D)."""
        return np.asarray(-gradients @ self._inverse)

    @cached_property
    def _inverse(self) -> np.ndarray:
        return np.asarray(np.linalg.inv(self.masses))


@dataclass(frozen=True, eq=False)
class Descent:
    """A descent on a surrogate.

    Parameters
    ----------
    points : ndarray (K, D)
        From beside the saddle on.
    is_at_rest : bool
        Whether it ends at a minimum of the surrogate, or where it was to end.
    """

    points: np.ndarray
    is_at_rest: bool


def descended(
    model: Model,
    start: np.ndarray,
    metric: Metric,
    rest: float,
    fine: float,
    gap: Callable[[np.ndarray], float],
    numbers: Following,
) -> Descent:
    """Go down from a point to a minimum of the surrogate.

    Parameters
    ----------
    model : Model
        The surrogate.
    start : array (D,)
        Where to begin.
    metric : Metric
        What steepest means.
    rest : float
        What the gradient at a minimum may leave to its value.
    fine : float
        Error allowed in one step, in the unit of the coordinates.
    gap : callable (D,) -> float
        How far a point is from where the descent is to end; infinite where it is not near.
    numbers : Following
        The policy.
    """
    points, largest, nearest = [start], 0.0, np.inf
    for here in _steps(model, start, metric, fine, numbers):
        speed = float(np.linalg.norm(_velocity(model, metric, here)))
        largest = max(largest, speed)
        if speed < numbers.slow * largest:
            away = gap(here)
            if np.isfinite(nearest) and away >= nearest:  # the last point was the nearest one
                return Descent(np.array(points), is_at_rest=True)
            nearest = away
            points.append(here)
            if _left(model, here, numbers.flat) < rest:
                return Descent(np.array(points), is_at_rest=True)
            if speed < numbers.still * largest:  # on a ridge, which symmetry keeps it on
                break
        else:
            points.append(here)
    return Descent(np.array(points), is_at_rest=False)


def _steps(
    model: Model, start: np.ndarray, metric: Metric, fine: float, numbers: Following
) -> Iterator[np.ndarray]:
    """The points (D,) of the steepest descent from `start`, until a step fails."""
    from scipy.integrate import BDF  # costs a third of the package's import

    solver = BDF(
        lambda _, y: _velocity(model, metric, start + y), 0.0, np.zeros_like(start), np.inf,
        rtol=numbers.relative_step_error, atol=fine,
        jac=lambda _, y: metric.downhill(model.hessian(start + y)).T,
    )  # fmt: skip
    for _ in range(numbers.most_steps):
        solver.step()
        if solver.status == "failed":
            return
        yield start + solver.y


def _velocity(model: Model, metric: Metric, x: np.ndarray) -> np.ndarray:
    return metric.downhill(model.predict(x[None])[1][0])


def _left(model: Model, x: np.ndarray, flat: float) -> float:
    """What the gradient leaves to the value of a minimum; infinite where the mean curves down."""
    curvatures, modes = np.linalg.eigh(model.hessian(x))
    components = modes.T @ model.predict(x[None])[1][0]
    least = flat * np.abs(curvatures).max()
    if (curvatures < -least).any():
        return float("inf")
    return float(0.5 * (components**2 / np.maximum(curvatures, least)).sum())


def evenly(points: np.ndarray, lengths: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The points (M, D) at the lengths `at` (M,) of a line through `points` (K, D)."""
    from scipy.interpolate import PchipInterpolator

    kept = np.concatenate([[True], np.diff(lengths) > 0])
    return np.asarray(PchipInterpolator(lengths[kept], points[kept])(at))
