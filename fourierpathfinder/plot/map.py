"""Maps of two-dimensional landscapes, with paths, points and saddles on them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arrays import to_numpy
from ..landscapes.base import Landscape
from ..result import PathResult
from .drawing import N_CURVE, PALETTE, AnyPath, new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_GRID = 151
"""Points of a map along either axis."""

_N_LEVELS = 24
"""The most contours of a map; the fewest that give round numbers are drawn."""

_MARGIN = 0.35
"""What a map shows around its paths, in sizes of their bounding box."""


def plot_landscape(
    landscape: Landscape | Callable[[np.ndarray], float],
    paths: AnyPath | Sequence[AnyPath] = (),
    ax: "Axes | None" = None,
    *,
    limits: Sequence[Sequence[float]] | None = None,
    ceiling: float | None = None,
    labels: Sequence[str] = (),
    points: np.ndarray | None = None,
    saddles: np.ndarray | None = None,
) -> "Axes":
    """Draw the map of a two-dimensional landscape with paths, points and saddles on it.

    Parameters
    ----------
    landscape : Landscape or callable (2,) -> float
        What to map; it is evaluated on a grid of 151 x 151 points.
    paths : PathResult, SinePath or a sequence of them
        What to draw on it; of a result, its saddle too.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    limits : ((x_low, x_high), (y_low, y_high)), optional
        What to show; None shows the surroundings of the paths.
    ceiling : float, optional
        The value from which on the map is white; None takes one well above the paths.
    labels : sequence of str
        The paths' names, for a legend.
    points : array (M, 2), optional
        Points to mark with dots, such as known minima.
    saddles : array (K, 2), optional
        Points to mark with crosses.

    Returns
    -------
    matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If a path is not of two coordinates, or nothing says what to show.

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.plot import plot_landscape
    >>> from matplotlib.figure import Figure
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> ax = plot_landscape(toy, result, Figure().subplots(), saddles=toy.saddles[:2])
    >>> ax.get_xlabel()
    '$x_1$'
    """
    chosen = [paths] if isinstance(paths, AnyPath) else list(paths)
    curves = [_curve(path) for path in chosen]
    box = _box(curves) if limits is None else np.array(limits, dtype=float)
    ax = new_axes() if ax is None else ax
    _draw_map(ax, landscape, box, curves, ceiling)
    for index, curve in enumerate(curves):
        label = labels[index] if index < len(labels) else "_"
        _draw_curve(ax, curve, PALETTE[index % len(PALETTE)], label)
    if points is not None:
        ax.plot(*np.asarray(points).T, **_mark("o"))
    for marked in [*_found_saddles(chosen), *([] if saddles is None else [saddles])]:
        ax.plot(*np.asarray(marked).T, **_mark("X"))
    ax.set(xlim=box[0], ylim=box[1], xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.locator_params(nbins=6)
    if labels:
        ax.legend()
    return ax


def _curve(path: AnyPath) -> np.ndarray:
    """Points to draw, (C, 2)."""
    sine_path = path.path if isinstance(path, PathResult) else path
    if sine_path.n_coordinates != 2:
        raise ValueError(
            f"a path has {sine_path.n_coordinates} coordinates; a map needs 2. `plot_profile` "
            "draws paths of any number"
        )
    return to_numpy(sine_path(np.linspace(0, 1, N_CURVE)))


def _box(curves: list[np.ndarray]) -> np.ndarray:
    """((x_low, x_high), (y_low, y_high)) around the curves, never a thin strip."""
    if not curves:
        raise ValueError("nothing says what to show: pass `paths` or `limits`")
    every = np.concatenate(curves)
    low, high = every.min(axis=0), every.max(axis=0)
    half = (0.5 + _MARGIN) * np.maximum(high - low, 0.6 * (high - low).max())
    middle = (low + high) / 2
    return np.stack([middle - half, middle + half], axis=1)


def _draw_map(
    ax: Any,
    landscape: Landscape | Callable[[np.ndarray], float],
    box: np.ndarray,
    curves: list[np.ndarray],
    ceiling: float | None,
) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap
    from matplotlib.ticker import MaxNLocator

    x, y = (np.linspace(low, high, _N_GRID) for low, high in box)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    values = _values(landscape, grid.reshape(-1, 2)).reshape(grid.shape[:-1])
    lowest = float(values.min())
    if ceiling is None and curves:
        ceiling = lowest + 1.6 * (float(_values(landscape, np.concatenate(curves)).max()) - lowest)
    highest = float(values.max()) if ceiling is None else ceiling
    levels = MaxNLocator(_N_LEVELS).tick_values(lowest, highest)
    shades = ListedColormap(colormaps["bone"](np.linspace(0.5, 0.96, 256)))
    filled = ax.contourf(
        x, y, values, levels, cmap=shades.with_extremes(over="white"), extend="max"
    )
    lines = {"colors": "black", "linewidths": 0.3, "linestyles": "solid", "alpha": 0.5}
    ax.contour(x, y, values, levels, **lines)
    ax.figure.colorbar(filled, cax=ax.inset_axes((1.03, 0, 0.035, 1)), label="value")


def _values(landscape: Landscape | Callable[[np.ndarray], float], points: np.ndarray) -> np.ndarray:
    """Values (M,) at points (M, 2), from whatever the landscape offers."""
    if hasattr(landscape, "value"):
        return to_numpy(landscape.value(points))
    if isinstance(landscape, Landscape):
        return to_numpy(landscape.value_and_grad(points)[0])
    return np.array([float(landscape(point)) for point in points])


def _draw_curve(ax: Any, curve: np.ndarray, color: str, label: str) -> None:
    from matplotlib.patheffects import Normal, Stroke

    casing = [Stroke(linewidth=4, foreground="white"), Normal()]
    ax.plot(*curve.T, color=color, linewidth=2, label=label, path_effects=casing)
    ax.plot(*curve[[0, -1]].T, "o", color=color, markeredgecolor="white", markersize=7, zorder=4)


def _found_saddles(paths: list[AnyPath]) -> list[np.ndarray]:
    results = [path for path in paths if isinstance(path, PathResult)]
    return [to_numpy(result.saddle.position) for result in results if result.saddle is not None]


def _mark(marker: str) -> dict[str, Any]:
    return {
        "marker": marker,
        "color": "black",
        "markeredgecolor": "white",
        "markersize": 9 if marker == "X" else 6,
        "linestyle": "none",
        "zorder": 5,
    }
