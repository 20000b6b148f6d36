r"""Pictures of a path between two networks.

The plane is the one through both ends a, b and the point c of the path that lies farthest from the
line through them:

.. math:: x(u, v) = a + u\, \hat{e}_1 + v\, \hat{e}_2, \quad
   e_1 = b - a, \quad e_2 = (c - a) - \hat{e}_1 (\hat{e}_1 \cdot (c - a)).

A path of several terms leaves it; drawn is its projection, which is again a sine path.
"""

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..landscapes.protocols import Landscape
from ..path import SinePath
from ..result import PathResult
from .drawing import PALETTE, AnyPath, new_axes, sine_path
from .map import curve_of, draw_curve, draw_map, surroundings
from .plane import Plane, in_chunks

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Landscapes: TypeAlias = Landscape | Mapping[str, Landscape]
Curve: TypeAlias = PathResult | tuple[Sequence[float], Sequence[float]]

_STYLES = ("-", "--", ":", "-.")
"""Of the data sets, where the colours are the paths'."""

_MOST_MARKERS = 30
"""Points of a curve of heights that are marked one by one."""

_FEW_DECADES = 100.0
"""The span of heights up to which numbers other than powers of ten are written at an axis."""

_N_STRAIGHT = 64
"""Points of the straight line that say how high a map reaches."""


def plot_loss_and_accuracy(
    paths: AnyPath | Sequence[AnyPath],
    loss: Landscapes,
    accuracy: Landscapes,
    axes: "Sequence[Axes] | None" = None,
    *,
    labels: Sequence[str] = (),
    n_points: int = 41,
) -> "tuple[Axes, Axes]":
    """Draw the loss and the accuracy of a network along paths, one panel each.

    Parameters
    ----------
    paths : PathResult, SinePath or a sequence of them
        What to follow, one colour each; a straight line is ``SinePath.straight(a, b, 1)``.
    loss : Landscape or mapping of names to Landscapes
        The loss on one set of data, or on several by name, such as training and test.
    accuracy : Landscape or mapping of names to Landscapes
        The same for the fraction of right answers: a `NetworkLandscape` whose loss is that.
    axes : pair of matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    labels : sequence of str
        The paths' names, for the legend.
    n_points : int
        Points of each path to evaluate.

    Returns
    -------
    (matplotlib.axes.Axes, matplotlib.axes.Axes)
        The panels of the loss and of the accuracy.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import SinePath
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> from fourierpathfinder.plot import plot_loss_and_accuracy
    >>> from matplotlib.figure import Figure
    >>> toy = two_channels()
    >>> straight = SinePath.straight(toy.start, toy.end, 1)
    >>> axes = plot_loss_and_accuracy(straight, {"training": toy}, toy, Figure().subplots(1, 2))
    >>> [ax.get_ylabel() for ax in axes]
    ['loss', 'accuracy']
    """
    upper, lower = _two_axes() if axes is None else axes
    curves = [sine_path(path) for path in _listed(paths)]
    for ax, name, landscapes in ((upper, "loss", loss), (lower, "accuracy", accuracy)):
        _draw_along(ax, curves, _named(landscapes), n_points)
        ax.set(xlabel="t", ylabel=name, xlim=(0, 1))
    _add_legend(upper, labels, [*_named(loss)])
    return upper, lower


def plot_plane(
    landscape: Landscape,
    path: AnyPath,
    ax: "Axes | None" = None,
    *,
    others: Sequence[AnyPath] = (),
    labels: Sequence[str] = (),
    n_grid: int = 31,
    ceiling: float | None = None,
) -> "Axes":
    """Draw the plane through a path's two ends and its bend, with the path in it.

    Parameters
    ----------
    landscape : Landscape
        What to map, of any number of coordinates.
    path : PathResult or SinePath
        The path; it may not be straight.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    others : sequence of PathResult or SinePath
        Further paths to project into the plane, such as the straight line.
    labels : sequence of str
        The names of `path` and `others`, for a legend.
    n_grid : int
        Points of the grid along either axis; the landscape is evaluated at all of its squares.
    ceiling : float, optional
        The value from which on the map is white; None takes one well above the straight line.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Raises
    ------
    ValueError
        If the path is straight, which spans no plane.

    References
    ----------
    Garipov, Izmailov, Podoprikhin, Vetrov and Wilson, NeurIPS 2018, arXiv:1802.10026, Fig. 1.

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import lennard_jones
    >>> from fourierpathfinder.plot import plot_plane
    >>> from matplotlib.figure import Figure
    >>> toy = lennard_jones(7)
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> ax = plot_plane(toy, result, Figure().subplots(), n_grid=11, ceiling=0.0)
    >>> ax.get_xlabel()
    'along the straight line'
    """
    ax = new_axes() if ax is None else ax
    plane = Plane.of_path(landscape, sine_path(path))
    curves = [curve_of(plane.projected(sine_path(each))) for each in (path, *others)]
    straight = np.linspace(curves[0][0], curves[0][-1], _N_STRAIGHT)
    box = surroundings(curves)
    draw_map(ax, plane, box, [straight], ceiling, n_grid=n_grid, may_be_logarithmic=True)
    for index, curve in enumerate(curves):
        label = labels[index] if index < len(labels) else "_"
        draw_curve(ax, curve, PALETTE[index % len(PALETTE)], label)
    ax.set(xlim=box[0], ylim=box[1], aspect="equal")
    ax.set(xlabel="along the straight line", ylabel="towards the bend")
    if labels:
        ax.legend()
    return ax


def plot_height_against_budget(
    curves: Mapping[str, Curve], ax: "Axes | None" = None, *, floor: float | None = None
) -> "Axes":
    """Draw heights against the gradients that they cost, both on logarithmic axes.

    Parameters
    ----------
    curves : mapping of names to PathResult or (budgets, heights)
        A result's curve is its history: sample gradients where it counts them, else gradients.
    ax : matplotlib.axes.Axes, optional
        Where to draw; None makes a new figure.
    floor : float, optional
        A dotted line: the loss of the higher end, below which no path's height can be.

    Returns
    -------
    matplotlib.axes.Axes
        The Axes drawn on.

    Examples
    --------
    >>> from fourierpathfinder.plot import plot_height_against_budget
    >>> from matplotlib.figure import Figure
    >>> curves = {"straight": ([1e3, 1e5], [2.0, 2.0]), "bent": ([1e3, 1e5], [1.0, 0.1])}
    >>> ax = plot_height_against_budget(curves, Figure().subplots(), floor=0.05)
    >>> ax.get_xscale(), [line.get_label() for line in ax.lines]
    ('log', ['straight', 'bent', 'higher end'])
    """
    ax = new_axes() if ax is None else ax
    counts_samples = True
    for index, (name, curve) in enumerate(curves.items()):
        budgets, heights, samples = _budget_curve(curve)
        counts_samples = counts_samples and samples
        color = PALETTE[index % len(PALETTE)]
        marker = "o" if len(budgets) <= _MOST_MARKERS else None
        ax.plot(budgets, heights, marker=marker, color=color, markersize=4, label=name)
    if floor is not None:
        ax.axhline(floor, color="0.4", linewidth=1, linestyle=":", label="higher end")
    ax.set(xscale="log", yscale="log", ylabel="height")
    low, high = ax.get_ylim()
    if high < _FEW_DECADES * low:
        _label_round_numbers(ax.yaxis)
    ax.set_xlabel("sample gradients" if counts_samples else "gradients")
    ax.legend()
    return ax


def _draw_along(
    ax: Any, paths: list[SinePath], landscapes: Mapping[str, Landscape], n_points: int
) -> None:
    times = np.linspace(0, 1, n_points)
    for path, color in zip(paths, cycle(PALETTE), strict=False):
        for landscape, style in zip(landscapes.values(), cycle(_STYLES), strict=False):
            ax.plot(times, in_chunks(landscape, path, times), style, color=color)


def _add_legend(ax: Any, labels: Sequence[str], names: Sequence[str]) -> None:
    from matplotlib.lines import Line2D

    handles = [Line2D([], [], color=c, label=s) for c, s in zip(PALETTE, labels, strict=False)]
    if len(names) > 1:
        pairs = zip(_STYLES, names, strict=False)
        handles += [Line2D([], [], color="0.4", linestyle=s, label=name) for s, name in pairs]
    if handles:
        ax.legend(handles=handles)


def _two_axes() -> Any:
    from matplotlib import pyplot

    return pyplot.subplots(1, 2, figsize=(9, 3.6), layout="constrained")[1]


def _listed(paths: AnyPath | Sequence[AnyPath]) -> list[AnyPath]:
    return [paths] if isinstance(paths, AnyPath) else list(paths)


def _named(landscapes: Landscapes) -> Mapping[str, Landscape]:
    return landscapes if isinstance(landscapes, Mapping) else {"": landscapes}


def _label_round_numbers(axis: Any) -> None:
    """1, 2 and 5 in each decade."""
    from matplotlib.ticker import LogLocator, NullFormatter

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_major_formatter("{x:g}")
    axis.set_minor_formatter(NullFormatter())


def _budget_curve(curve: Curve) -> tuple[Any, Any, bool]:
    """Budgets, heights, and whether the budgets are of sample gradients."""
    if not isinstance(curve, PathResult):
        return *curve, True
    history = curve.history
    samples = getattr(history, "n_sample_gradients", None)
    budgets = history.n_gradients if samples is None else samples
    return budgets, history.heights, samples is not None
