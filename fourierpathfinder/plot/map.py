"""Maps of two-dimensional landscapes, with paths, points and saddles on them."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .._arrays import Array, to_numpy
from ..landscapes.abilities import abilities_of
from ..landscapes.protocols import Landscape
from ..result import PathResult
from .drawing import N_CURVE, PALETTE, AnyPath, new_axes, sine_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_N_GRID = 151
"""Points of a map along either axis."""

_N_LEVELS = 24
"""The most contours of a map; the fewest that give round numbers are drawn."""

_MARGIN = 0.35
"""What a map shows around its paths, in sizes of their bounding box."""

_WIDEST = 30.0
"""The ratio of the highest to the lowest value from which on a logarithmic scale is better."""


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
        The Axes drawn on.

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
    curves = [curve_of(path) for path in chosen]
    box = surroundings(curves) if limits is None else np.array(limits, dtype=float)
    ax = new_axes() if ax is None else ax
    draw_map(ax, landscape, box, curves, ceiling)
    for index, curve in enumerate(curves):
        label = labels[index] if index < len(labels) else "_"
        draw_curve(ax, curve, PALETTE[index % len(PALETTE)], label)
    if points is not None:
        ax.plot(*np.asarray(points).T, **_mark("o"))
    for marked in [*_found_saddles(chosen), *([] if saddles is None else [saddles])]:
        ax.plot(*np.asarray(marked).T, **_mark("X"))
    ax.set(xlim=box[0], ylim=box[1], xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
    ax.locator_params(nbins=6)
    if labels:
        ax.legend()
    return ax


def curve_of(path: AnyPath) -> np.ndarray:
    """Points to draw, (C, 2)."""
    curve = sine_path(path)
    if curve.n_coordinates != 2:
        raise ValueError(
            f"a path has {curve.n_coordinates} coordinates; a map needs 2. `plot_profile` "
            "draws paths of any number"
        )
    return to_numpy(curve(np.linspace(0, 1, N_CURVE)))


def surroundings(curves: list[np.ndarray]) -> np.ndarray:
    """((x_low, x_high), (y_low, y_high)) around the curves, never a thin strip."""
    if not curves:
        raise ValueError("there is nothing to show: pass `paths` or `limits`")
    every = np.concatenate(curves)
    low, high = every.min(axis=0), every.max(axis=0)
    half = (0.5 + _MARGIN) * np.maximum(high - low, 0.6 * (high - low).max())
    middle = (low + high) / 2
    return np.stack([middle - half, middle + half], axis=1)


def draw_map(
    ax: Any,
    landscape: Any,
    box: np.ndarray,
    curves: list[np.ndarray],
    ceiling: float | None,
    *,
    n_grid: int = _N_GRID,
    may_be_logarithmic: bool = False,
) -> None:
    """Draw contours of a two-dimensional landscape, with a scale beside them.

    Without a ceiling the map is white well above the highest value on the curves.
    """
    x, y = (np.linspace(low, high, n_grid) for low, high in box)
    grid = np.stack(np.meshgrid(x, y), axis=-1)
    values = values_of(landscape, grid.reshape(-1, 2)).reshape(grid.shape[:-1])
    lowest = float(values.min())
    if ceiling is None and curves:
        top = float(values_of(landscape, np.concatenate(curves)).max())
        ceiling = lowest + 1.6 * (top - lowest)
    highest = float(values.max()) if ceiling is None else ceiling
    logarithmic = None if may_be_logarithmic else False
    draw_field(ax, (x, y, values), (lowest, highest), logarithmic=logarithmic)


def draw_field(
    ax: Any,
    field: tuple[np.ndarray, ...],
    span: tuple[float, float],
    *,
    logarithmic: bool | None,
) -> None:
    """Draw contours of numbers on a grid, (x, y, values), over a span of values.

    By default they are logarithmic where the span is wide.
    """
    lowest, highest = span
    if logarithmic is None:
        logarithmic = 0 < _WIDEST * lowest < highest
    if logarithmic:
        _fill(ax, field, _decades(lowest, highest), logarithmic=True)
    else:
        _fill(ax, field, _round_levels(lowest, highest), logarithmic=False)


def _fill(ax: Any, field: tuple[np.ndarray, ...], levels: np.ndarray, *, logarithmic: bool) -> None:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    greys = ListedColormap(colormaps["bone"](np.linspace(0.5, 0.96, 256)))
    shades = greys.with_extremes(over="white")
    norm = LogNorm(levels[0], levels[-1]) if logarithmic else None
    filled = ax.contourf(*field, levels, cmap=shades, norm=norm, extend="max")
    lines = {"colors": "black", "linewidths": 0.3, "linestyles": "solid", "alpha": 0.5}
    ax.contour(*field, levels, **lines)
    beside = ax.inset_axes((1.03, 0, 0.035, 1))
    scale = ax.figure.colorbar(filled, cax=beside, label="value")
    if logarithmic:
        scale.set_ticks(levels[1:-1:3], labels=[f"{level:.3g}" for level in levels[1:-1:3]])
        scale.ax.minorticks_off()


def _round_levels(lowest: float, highest: float) -> np.ndarray:
    from matplotlib.ticker import MaxNLocator

    return np.asarray(MaxNLocator(_N_LEVELS).tick_values(lowest, highest))


def _decades(lowest: float, highest: float) -> np.ndarray:
    """1, 2 and 5 in each decade, from just below the lowest to just above the highest."""
    decades = np.arange(np.floor(np.log10(lowest)), np.ceil(np.log10(highest)) + 1)
    levels = (10.0 ** decades[:, None] * np.array([1.0, 2.0, 5.0])).ravel()
    first, last = np.searchsorted(levels, [lowest, highest], side="right")
    return np.asarray(levels[max(first - 1, 0) : last + 1])


def values_of(landscape: Any, points: Array) -> np.ndarray:
    """Values (M,) at points (M, D), from whatever the landscape offers."""
    alone = abilities_of(landscape).values
    if alone is not None:
        return to_numpy(alone.value(points))
    if isinstance(landscape, Landscape):
        return to_numpy(landscape.value_and_grad(points)[0])
    return np.array([float(landscape(point)) for point in points])


def draw_curve(ax: Any, curve: np.ndarray, color: str, label: str) -> None:
    """Draw a path with its ends, readable on any ground."""
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
