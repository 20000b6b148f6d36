"""The profile of a landscape along a path.

It is drawn through the values that a result holds, by cubics that are monotone between them
(Fritsch and Carlson 1980, DOI 10.1137/0717021): it never shows a peak that the result lacks.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from scipy.integrate import cumulative_simpson
from scipy.interpolate import PchipInterpolator

from .._arrays import to_numpy
from ..path import SinePath
from ..result import PathResult
from .drawing import N_CURVE, PROFILE, new_axes, next_color, write_above

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_profile(
    result: PathResult,
    ax: "Axes | None" = None,
    *,
    arc_length: bool = False,
    relative: bool = False,
    unit: str = "",
    length_unit: str = "",
    label: str = "",
    color: str | None = None,
    annotate: bool = True,
) -> "Axes":
    """Draw the landscape along a path, with the height marked.

    Parameters
    ----------
    result : PathResult
        What `find_path` returned.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    arc_length : bool
        Draw against the arc length instead of t.
    relative : bool
        Measure values from the start, so that the height becomes the barrier.
    unit, length_unit : str
        The landscape's units, for the labels of the axes.
    label : str
        The name of the path in a legend.
    color : str, optional
        The colour of the path; None takes the next one of `PALETTE`, as the maps do.
    annotate : bool
        Write the height above its mark, on a dotted line.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.plot import plot_profile
    >>> from matplotlib.figure import Figure
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> ax = plot_profile(result, Figure().subplots())
    >>> ax.get_ylabel(), ax.texts[0].get_text()
    ('value', '0.6244')
    """
    ax = new_axes() if ax is None else ax
    color = color or next_color(ax)
    origin = result.start_value if relative else 0.0
    times, values = _known_values(result)
    place = _arc_length_at(result.path) if arc_length else _identity
    fine = np.union1d(np.linspace(0, 1, N_CURVE), times)
    curve = PchipInterpolator(times, values - origin)
    ax.plot(place(fine), curve(fine), color=color, label=label or "_", zorder=3, gid=PROFILE)
    ax.plot(place(times), values - origin, ".", color=color, markersize=4, zorder=3)
    top = (place(np.array([result.height_time]))[0], result.height - origin)
    ax.plot(*top, "o", color=color, markeredgecolor="white", markersize=8, zorder=4)
    if annotate:
        ax.axhline(top[1], color=color, linewidth=0.8, linestyle=":", zorder=2)
        write_above(ax, top, f"{top[1]:.4g} {unit}".strip(), color)
    ax.margins(y=0.12)
    ax.set_xlabel(_with_unit("arc length", length_unit) if arc_length else "t")
    ax.set_ylabel(_with_unit("value above the start" if relative else "value", unit))
    return ax


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def _identity(times: np.ndarray) -> np.ndarray:
    return times


def _known_values(result: PathResult) -> tuple[np.ndarray, np.ndarray]:
    """All times at which the path's value is known, ascending and each once, and the values."""
    times = np.concatenate([result.times, [0.0, 1.0, result.height_time]])
    values = np.concatenate([result.heights, [result.start_value, result.end_value, result.height]])
    times, first = np.unique(times, return_index=True)
    return times, values[first]


def _arc_length_at(path: SinePath) -> Callable[[np.ndarray], np.ndarray]:
    """The arc length as a function of t."""
    fine = np.linspace(0, 1, 64 * (path.n_terms + 1) + 1)
    lengths = cumulative_simpson(to_numpy(path.speed(fine)), x=fine, initial=0.0)
    return lambda times: np.interp(times, fine, lengths)
