"""What the pictures share: colours, curves and where they are written."""

from typing import Any, TypeAlias

from .._extras import needs
from ..path import SinePath
from ..result import PathResult

AnyPath: TypeAlias = PathResult | SinePath

PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
"""Colours that stay apart for colour-blind readers (Okabe and Ito 2008)."""

N_CURVE = 513
"""Points of a drawn curve."""

PROFILE = "profile"
"""Marks the curves of profiles among the lines of an Axes."""


def sine_path(path: AnyPath) -> SinePath:
    """The path itself, also of a result."""
    return path.path if isinstance(path, PathResult) else path


def pyplot() -> Any:
    """Matplotlib's module of this name."""
    with needs("fourierpathfinder.plot", "matplotlib", "fourierpathfinder[plot]"):
        from matplotlib import pyplot as loaded
    return loaded


def new_axes() -> Any:
    """Axes of a new figure."""
    return pyplot().subplots(layout="constrained")[1]


def next_color(ax: Any) -> str:
    """The colour of the next profile of an Axes."""
    n_drawn = sum(line.get_gid() == PROFILE for line in ax.lines)
    return PALETTE[n_drawn % len(PALETTE)]


def write_above(ax: Any, place: tuple[float, float], text: str, color: str) -> None:
    """Write a text above a point, readable on any ground."""
    from matplotlib.patheffects import withStroke

    halo = [withStroke(linewidth=3, foreground="white")]
    style = {"ha": "center", "color": color, "path_effects": halo, "zorder": 5}
    ax.annotate(text, place, (0, 8), textcoords="offset points", **style)
