"""A landscape of many coordinates over a plane: the numbers first, then pictures of them.

The plane is the one through three points, such as three networks, or one spanned by two random
directions. Where the landscape has directions of its own (`random_direction`), as that of a network
has filter-normalised ones, these are taken.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arrays import Array, array_namespace, like, to_numpy
from ..landscapes.abilities import abilities_of
from ..landscapes.protocols import Landscape
from .drawing import PALETTE, AnyPath, new_axes, pyplot, sine_path
from .map import curve_of, draw_curve, draw_field, surroundings
from .plane import Plane

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False)
class Surface:
    """Values of a landscape over a plane.

    Parameters
    ----------
    x, y : ndarray (n,)
        Places along the two directions of the plane.
    values : ndarray (n, n)
        The values, rows along y.
    points : ndarray (K, 2)
        Where the points lie through which the plane was laid.
    plane : Plane
        Where the plane lies: `plane.places(points)` are those of any points (M, D).

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import random_surface
    >>> toy = lennard_jones(7)
    >>> surface = random_surface(toy, toy.start, extent=0.1, n_grid=3, rng=0)
    >>> surface.x
    array([-0.1,  0. ,  0.1])
    """

    x: np.ndarray
    y: np.ndarray
    values: np.ndarray
    points: np.ndarray
    plane: Plane


def surface_through(landscape: Landscape, points: Sequence[Any], *, n_grid: int = 31) -> Surface:
    """The values of a landscape over the plane through three points, and around these.

    Parameters
    ----------
    landscape : Landscape
        Of any number of coordinates.
    points : sequence of three points
        Arrays (D,), or what the landscape takes as an end of a path, such as three modules. The
        first two lie on the horizontal axis.
    n_grid : int
        Points of the grid along either axis; the landscape is evaluated at all of its squares.

    Returns
    -------
    Surface
        The numbers, and where they belong.

    Raises
    ------
    ValueError
        If there are not three points, or if these lie on one line.

    References
    ----------
    Garipov, Izmailov, Podoprikhin, Vetrov and Wilson, NeurIPS 2018, arXiv:1802.10026, Fig. 1.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import surface_through
    >>> toy = lennard_jones(7)
    >>> surface = surface_through(toy, [toy.start, toy.end, 1.02 * toy.start], n_grid=5)
    >>> surface.values.shape, surface.points.shape
    ((5, 5), (3, 2))
    """
    if len(points) != 3:
        raise ValueError(f"there are {len(points)} points; a plane is laid through three")
    coordinates = abilities_of(landscape).coordinates
    arrays = [coordinates(point) for point in points]
    stacked = array_namespace(arrays[0]).stack(arrays)
    plane = Plane.of_points(landscape, stacked)
    places = plane.places(stacked)
    return _surface(plane, surroundings([places]), places, n_grid)


def random_surface(
    landscape: Landscape,
    center: Any,
    *,
    extent: float = 1.0,
    n_grid: int = 31,
    rng: int | np.random.Generator | None = None,
) -> Surface:
    """The values of a landscape over a random plane around a point.

    Parameters
    ----------
    landscape : Landscape
        Of any number of coordinates. Of a network the two directions are filter-normalised; of
        others they have the norm of the point.
    center : array (D,), or what the landscape takes as an end of a path
        The point in the middle.
    extent : float
        How far the grid reaches to either side, in these directions.
    n_grid : int
        Points of the grid along either axis.
    rng : int or numpy.random.Generator, optional
        As NumPy's `default_rng` takes it.

    Returns
    -------
    Surface
        The numbers, and where they belong.

    References
    ----------
    Li, Xu, Taylor, Studer and Goldstein, NeurIPS 2018, arXiv:1712.09913.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import random_surface
    >>> toy = lennard_jones(7)
    >>> surface = random_surface(toy, toy.start, extent=0.05, n_grid=5, rng=0)
    >>> bool(surface.values.min() == surface.values[2, 2])
    True
    """
    rng = np.random.default_rng(rng)
    point = abilities_of(landscape).coordinates(center)
    directions = [_direction(landscape, point, rng) for _ in range(2)]
    plane = Plane(landscape, point, array_namespace(point).stack(directions))
    box = np.array([[-extent, extent]] * 2, dtype=float)
    return _surface(plane, box, np.zeros((1, 2)), n_grid)


def plot_contours(
    surface: Surface,
    ax: "Axes | None" = None,
    *,
    labels: Sequence[str] = (),
    paths: Sequence[AnyPath] = (),
    ceiling: float | None = None,
    logarithmic: bool | None = None,
) -> "Axes":
    """Draw a surface as a map, with the points marked through which it was laid.

    Parameters
    ----------
    surface : Surface
        From `surface_through` or `random_surface`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    labels : sequence of str
        The names of the points.
    paths : sequence of PathResult or SinePath
        What to project into the plane.
    ceiling : float, optional
        The value from which on the map is white; None takes the highest.
    logarithmic : bool, optional
        Whether contours are at 1, 2 and 5 of each decade; by default where values span more than a
        decade and a half.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import plot_contours, surface_through
    >>> from matplotlib.figure import Figure
    >>> toy = lennard_jones(7)
    >>> surface = surface_through(toy, [toy.start, toy.end, 1.02 * toy.start], n_grid=5)
    >>> ax = plot_contours(surface, Figure().subplots(), labels=["a", "b", "c"], ceiling=0.0)
    >>> [text.get_text() for text in ax.texts]
    ['a', 'b', 'c']
    """
    ax = new_axes() if ax is None else ax
    lowest = float(surface.values.min())
    highest = float(surface.values.max()) if ceiling is None else ceiling
    field = surface.x, surface.y, surface.values
    draw_field(ax, field, (lowest, highest), logarithmic=logarithmic)
    for index, path in enumerate(paths):
        curve = curve_of(surface.plane.projected(sine_path(path)))
        draw_curve(ax, curve, PALETTE[index % len(PALETTE)], "_")
    ax.plot(*surface.points.T, "o", color="black", markeredgecolor="white", markersize=8, zorder=5)
    _name_points(ax, surface.points, labels)
    ax.set(xlim=surface.x[[0, -1]], ylim=surface.y[[0, -1]], aspect="equal")
    ax.set(xlabel="first direction", ylabel="second direction")
    return ax


def plot_surface(
    surface: Surface,
    ax: Any = None,
    *,
    ceiling: float | None = None,
    logarithmic: bool = False,
) -> Any:
    """Draw a surface in three dimensions.

    Parameters
    ----------
    surface : Surface
        From `surface_through` or `random_surface`.
    ax : mpl_toolkits.mplot3d.Axes3D, optional
        Where to draw; None makes a new figure.
    ceiling : float, optional
        The value at which higher ones are cut off.
    logarithmic : bool
        Whether the decimal logarithm of the values is drawn.

    Returns
    -------
    mpl_toolkits.mplot3d.Axes3D
        The Axes drawn on.

    Examples
    --------
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import plot_surface, random_surface
    >>> from matplotlib.figure import Figure
    >>> toy = lennard_jones(7)
    >>> surface = random_surface(toy, toy.start, extent=0.05, n_grid=5, rng=0)
    >>> ax = plot_surface(surface, Figure().add_subplot(projection="3d"))
    >>> ax.get_zlabel()
    'value'
    """
    if ax is None:
        ax = pyplot().figure(layout="constrained").add_subplot(projection="3d")
    values = surface.values if ceiling is None else np.minimum(surface.values, ceiling)
    values = np.log10(values) if logarithmic else values
    x, y = np.meshgrid(surface.x, surface.y)
    ax.plot_surface(x, y, values, cmap="bone", rstride=1, cstride=1, edgecolor="0.3", linewidth=0.2)
    name = "log₁₀ value" if logarithmic else "value"
    ax.set(xlabel="first direction", ylabel="second direction", zlabel=name)
    ax.locator_params(nbins=5)
    ax.set_box_aspect(None, zoom=0.85)  # labels of the third axis are cut off otherwise
    return ax


def _direction(landscape: Any, point: Array, rng: np.random.Generator) -> Array:
    """A direction of the landscape's own, or one with the norm of the point."""
    own = abilities_of(landscape).directed
    if own is not None:
        return own.random_direction(point, rng)
    random = rng.normal(size=len(point))
    norm = np.linalg.norm(to_numpy(point).astype(float))
    return like(random * (norm / np.linalg.norm(random)), point)


def _surface(plane: Plane, box: np.ndarray, points: np.ndarray, n_grid: int) -> Surface:
    x, y = (np.linspace(low, high, n_grid) for low, high in box)
    places = np.stack(np.meshgrid(x, y), axis=-1)
    values = plane.value(places.reshape(-1, 2)).reshape(n_grid, n_grid)
    return Surface(x, y, np.asarray(values, dtype=float), points, plane)


def _name_points(ax: Any, points: np.ndarray, labels: Sequence[str]) -> None:
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    for label, point in zip(labels, points, strict=False):
        ax.annotate(label, point, (7, 7), textcoords="offset points", path_effects=halo, zorder=6)
