"""What the surrogate sees, and how far it is believed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class See:
    """What the surrogate sees of a point, and how closely it follows what it observes."""

    powers: tuple[float, ...] = (1.0, 0.5, 2.0, 3.0, 4.0)
    """Powers of inverse distances to choose from, in units of one, the first to begin with:
    where bonds are made and broken the half or the first suits, where forces are short-ranged
    the third or fourth."""
    longest: float = 1.5
    """Largest length scale, in units of the extent of the points, where something was known before
    the search: what is known of two minima alone is likeliest to be one parabola that goes on for
    ever, and a path that it leads astray does not come back."""
    nugget: float = 1e-10
    """Variance of its own in units of the prior's: small, so that a tolerance of 1e-6 E can be
    reached."""


@dataclass(frozen=True)
class Trust:
    """How far the surrogate is believed beyond what is known; deviations here are its own."""

    warp_width: float = 4.0
    """Scale of the warp, in units of the range that it leaves alone: exact landscapes bear a
    gentle one, under noise the variance of high walls would drown everything else."""
    first_level: float = 0.05
    """Share of the rise known at first that the first warp leaves alone above the higher end: the
    middle of a first guess mostly lies on a wall."""
    above_saddle: float = 2.0
    """Where the warp begins above a found saddle, in path tolerances: the saddle itself and
    what a certificate compares with it are left alone."""
    above_top: float = 1.0
    """How far above the path's top, in E, its saddle may be foreseen: the one climbs to the other
    along the path alone, so a higher one belongs to something else."""
    at_saddle: float = 0.5
    """Largest deviation, in E, at which the surrogate's saddle is worth an evaluation: beyond
    it the top of the path tells more."""
    on_path: float = 0.3
    """Largest deviation, in E, that the path may move into: beyond it the mean is a guess, and
    the surrogate's own deviations are several times too small at first."""
    saddles_in_a_row: bool = True
    """Whether one saddle may be asked for right after another: each one puts right what the
    last one got wrong, unless noise does."""
    remembered: int = 8
    """Misses by which deviations are calibrated: enough for a mean, few enough to follow."""
    least_rise: float = 1e-3
    """Share of the range from the lowest value to the least above the ends, below which E never
    falls: a flat path has units too."""
    least_miss: float = 0.1
    """Deviations below this many path tolerances count as that large in the calibration:
    nothing depends on how they turn out."""


@dataclass(frozen=True)
class Exclude:
    """How wide a region a failed evaluation excludes."""

    radius: float = 0.1
    """Radius of the ball around a lone failure, in chords: what failed once mostly fails near
    by."""
    growth: float = 0.5
    """By which part of that every other failure near by widens the ball: a wide region is left in a
    few steps."""
    near: float = 3.0
    """How near that is, in radii of a lone failure's ball: neighbours whose balls touch, and a
    little more."""
    smallest: float = 0.02
    """Balls smaller than this, in chords, are left out: what is known around them tells
    enough."""
    core: float = 0.5
    """Part of the radius within which nothing is asked: the rest only repels, so that the rim
    can be found."""
