r"""The eigenvalues of the Hessian at points of a landscape of many coordinates, by Lanczos.

The Hessian is never built. Its product with a direction v is the difference of two gradients,

.. math:: H v \approx \frac{g(x + h v) - g(x - h v)}{2h},

exact but for terms of h², whatever the gradient is made of: statistics of batch normalisation that
follow the parameters are in it.
"""

from collections.abc import Callable

import numpy as np

from ._arrays import Array, array_namespace, like, to_numpy
from .landscapes.abilities import abilities_of
from .landscapes.protocols import Landscape
from .landscapes.resolve import landscape_alone

_ACCURACY = 1e-3
"""Of an eigenvalue, relative: that of products by differences in single precision."""
_SHORTER, _ALIKE, _MOST = 0.1, 0.01, 20
"""A step serves where one this much shorter gives the same product, to within this part of it; so
often it is made shorter."""
_ROUNDED = 2.0
"""Products that differ by this much more than the longer ones before differ by rounding."""


def hessian_eigenvalues(
    landscape: Landscape,
    points: Array,
    *,
    n_values: int = 1,
    lowest: bool = False,
    step: float | None = None,
) -> np.ndarray:
    """The largest (or lowest) eigenvalues of the Hessian at each of some points.

    Parameters
    ----------
    landscape : Landscape
        Each product with the Hessian takes two gradients of it; an eigenvalue takes some twenty to
        a hundred products.
    points : array (M, D)
        Such as some of a path, `result.path(times)`.
    n_values : int
        How many at each point.
    lowest : bool
        Whether the lowest are looked for, rather than the largest.
    step : float, optional
        The length h of a step; by default the cube root of the precision, times the largest
        coordinate where that is above 1, or shorter where that is too long for the landscape, as in
        units in which all of it is small.

    Returns
    -------
    ndarray (M, n_values)
        Descending, or ascending where the lowest are looked for.

    Raises
    ------
    TypeError, ValueError
        If the landscape is none, if these are no points (M, D), or have not so many coordinates, if
        `step` is not positive, or where a gradient is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import hessian_eigenvalues
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> toy = lennard_jones(7)
    >>> values = hessian_eigenvalues(toy, np.stack([toy.start, toy.end]), n_values=2)
    >>> values.shape, bool((values > 0).all())
    ((2, 2), True)
    """
    landscape = landscape_alone(landscape)
    _check(points, step)
    points = _as_ends(landscape, points)
    n_coordinates = int(points.shape[1])
    if not 1 <= n_values <= n_coordinates:
        raise ValueError(
            f"`n_values` is {n_values}; a point of {n_coordinates} coordinates has between 1 and "
            f"{n_coordinates} of them"
        )
    steps = [step] * len(points) if step is not None else _steps(landscape, points)
    return np.array(
        [_at(landscape, points[m : m + 1], n_values, lowest, h) for m, h in enumerate(steps)]
    )


def _check(points: Array, step: float | None) -> None:
    if getattr(points, "ndim", None) != 2:
        shape = getattr(points, "shape", None)
        found = "no array" if shape is None else f"of shape {tuple(shape)}"
        raise ValueError(
            f"`points` is {found}; it must be an array (M, D): of one point pass `point[None]`"
        )
    numbers = to_numpy(points)
    if not np.issubdtype(numbers.dtype, np.floating):
        raise ValueError(f"`points` holds numbers of {numbers.dtype}; pass floating-point ones")
    if not np.isfinite(numbers).all():
        raise ValueError("`points` holds numbers that are not finite; leave those points out")
    if step is not None and not 0 < step < np.inf:
        raise ValueError(f"`step` is {step}; it must be a positive length")


def _as_ends(landscape: Landscape, points: Array) -> Array:
    """NumPy's points, as of a loaded path, in the library and precision of the landscape's ends."""
    own = abilities_of(landscape).own_ends
    if own is None or not isinstance(points, np.ndarray) or not len(points):
        return points
    arrays = [own.coordinates(point) for point in points]
    return array_namespace(arrays[0]).stack(arrays)


def _steps(landscape: Landscape, points: Array) -> list[float]:
    """The lengths of the steps at points (M, D), made shorter until they serve at the first one."""
    numbers = to_numpy(points)
    usual = float(np.finfo(numbers.dtype).eps ** (1 / 3))
    steps = [usual * max(1.0, float(np.abs(place).max())) for place in numbers.astype(float)]
    part = _part_that_serves(landscape, points[:1], steps[0]) if steps else 1.0
    return [part * step for step in steps]


def _part_that_serves(landscape: Landscape, point: Array, step: float) -> float:
    """All of a step if a shorter one gives the same, else so little that it does; or all again."""
    direction = np.random.default_rng(0).normal(size=int(point.shape[1]))
    longer, before = _product(landscape, point, direction, step), np.inf
    for part in _SHORTER ** np.arange(1, _MOST):
        shorter = _product(landscape, point, direction, part * step)
        apart = float(np.linalg.norm(longer - shorter) / (np.linalg.norm(shorter) or 1.0))
        if apart <= _ALIKE:
            return 1.0 if np.isinf(before) else float(part)
        if apart > _ROUNDED * before:
            break
        longer, before = shorter, apart
    return 1.0


def _product(landscape: Landscape, point: Array, direction: np.ndarray, step: float) -> np.ndarray:
    """The Hessian at `point` (1, D) times a direction (D,); NaN where a gradient is not finite."""
    place = to_numpy(point)[0].astype(float)
    size = float(np.linalg.norm(direction)) or 1.0
    moved = step / size * direction
    pair = like(np.stack([place + moved, place - moved]), point)
    gradients = to_numpy(landscape.value_and_grad(pair)[1]).astype(float)
    if not np.isfinite(gradients).all():
        return np.full(len(place), np.nan)
    return np.asarray((gradients[0] - gradients[1]) * (size / (2 * step)))


def _at(landscape: Landscape, point: Array, n_values: int, lowest: bool, step: float) -> np.ndarray:
    def product(direction: np.ndarray) -> np.ndarray:
        found = _product(landscape, point, np.ravel(direction), step)
        if not np.isfinite(found).all():
            raise ValueError(
                f"the gradient is not finite within {step:.2g} of a point, which therefore has no "
                "Hessian there; leave that point out, or pass a shorter `step`"
            )
        return found

    n = int(point.shape[1])
    if n_values > n // 2:  # too many for Lanczos, and few enough to be built
        hessian = np.stack([product(direction) for direction in np.eye(n)])
        found = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    else:
        found = _by_lanczos(product, n, n_values, "SA" if lowest else "LA")
    ascending = np.sort(found)
    return ascending[:n_values] if lowest else ascending[::-1][:n_values]


def _by_lanczos(
    product: Callable[[np.ndarray], np.ndarray], n: int, n_values: int, end: str
) -> np.ndarray:
    # would double the package's import
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    operator = LinearOperator((n, n), matvec=product, dtype=np.dtype(float))
    start = np.random.default_rng(0).normal(size=n)
    try:
        found = eigsh(
            operator, n_values, which=end, tol=_ACCURACY, v0=start, return_eigenvectors=False
        )
    except ArpackError:
        if product(start).any():
            raise
        found = np.zeros(n_values)  # a landscape that is linear there
    return np.asarray(found)
