"""The loss and any metrics of a network along paths, measured in one pass over the data."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .drawing import PALETTE, AnyPath, pyplot, sine_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes


class Measurable(Protocol):
    """A landscape that measures several things at once, as `NetworkLandscape` does."""

    def measure(self, points: Any, metrics: Mapping[str, Any]) -> Mapping[str, np.ndarray]:
        """The loss and metrics at points (M, D)."""
        ...


def plot_metrics(
    paths: AnyPath | Sequence[AnyPath],
    landscape: Measurable,
    metrics: Mapping[str, Any],
    axes: "Sequence[Axes] | None" = None,
    *,
    labels: Sequence[str] = (),
    n_points: int = 41,
) -> "list[Axes]":
    """Draw the loss and metrics of a network along paths, a panel each.

    Parameters
    ----------
    paths : PathResult, SinePath or a sequence of them
        What to follow, one colour each.
    landscape : NetworkLandscape
        What measures; another one, of test data, may be taken where nothing is normalised by
        batches.
    metrics : mapping of str to callable
        `metric(output, target)`: the mean over a batch, or one value a sample, such as the error
        ``lambda output, target: (output.argmax(-1) != target).float()``.
    axes : sequence of matplotlib.axes.Axes, optional
        Where to draw, the loss first; None makes a new figure.
    labels : sequence of str
        The paths' names, for the legend.
    n_points : int
        Points of each path, evenly spaced in t.

    Returns
    -------
    list of matplotlib.axes.Axes
        The panels.

    Examples
    --------
    >>> import torch
    >>> from fourierpathfinder import SinePath
    >>> from fourierpathfinder.landscapes import NetworkLandscape
    >>> from fourierpathfinder.plot import plot_metrics
    >>> from matplotlib.figure import Figure
    >>> net, other = torch.nn.Linear(2, 3), torch.nn.Linear(2, 3)
    >>> data = torch.randn(8, 2), torch.randint(3, (8,))
    >>> landscape = NetworkLandscape(net, torch.nn.functional.cross_entropy, data)
    >>> line = SinePath.straight(landscape.coordinates(net), landscape.coordinates(other), 1)
    >>> error = {"error": lambda output, target: (output.argmax(-1) != target).float()}
    >>> axes = plot_metrics(line, landscape, error, Figure().subplots(1, 2), n_points=5)
    >>> [ax.get_ylabel() for ax in axes]
    ['loss', 'error']
    """
    names = ["loss", *metrics]
    panels = list(_new_panels(len(names)) if axes is None else axes)
    times = np.linspace(0, 1, n_points)
    listed = [paths] if isinstance(paths, AnyPath) else list(paths)
    for index, path in enumerate(listed):
        found = landscape.measure(sine_path(path)(times), metrics)
        label = labels[index] if index < len(labels) else "_"
        for name, ax in zip(names, panels, strict=True):
            ax.plot(times, found[name], color=PALETTE[index % len(PALETTE)], label=label)
            ax.set(xlabel="t", ylabel=name, xlim=(0, 1))
    if labels:
        panels[0].legend()
    return panels


def _new_panels(n_panels: int) -> Any:
    size = (4.5 * n_panels, 3.6)
    return pyplot().subplots(1, n_panels, figsize=size, layout="constrained", squeeze=False)[1][0]
