"""Every number of what follows a saddle down, with its unit and its reason.

Values are in E, how far the saddle lies above the lowest value known, unless a field says
otherwise, so that no unit of the landscape enters.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Following:
    """How a reaction path is followed on the surrogate, and when it is believed.

    Parameters
    ----------
    trusted : float
        Largest deviation, in E, up to which a descent is followed: beyond it leads anywhere.
    assurance : float
        Calibrated deviations that the stated errors are made of: two are seldom exceeded.
    remembered : int
        Misses by which deviations are calibrated: enough for a mean, few enough to follow.
    least_miss : float
        Deviations below this many tolerances count as that large in the calibration: nothing
        depends on how they turn out.
    above_saddle : float
        Where the surrogate's warp begins above the saddle, in E: all of the path lies below.
    warp_width : float
        Scale of the warp, in E, as in the search.
    first_drop : float
        By how many tolerances the first step from the saddle leads down: less is lost in what the
        saddle's gradient still is, more would be off the path.
    longest_first_step : float
        That step in chords at most: where the saddle is flat the first step would leave it behind.
    n_looks : int
        Places of each branch at which the surrogate is asked how sure it is: they are nearer to
        each other than what a surrogate can tell.
    same : float
        Nearer than this to what is known, in lengths of a branch, an evaluation tells nothing.
    relaxed : float
        What a minimum's true gradient may leave to its value, in tolerances.
    rest : float
        The same of the surrogate's, at which a descent ends: to go on costs nothing.
    flat : float
        Curvature, relative to the largest, below which a direction has none.
    relative_step_error : float
        Error of one step of the integration, in lengths of what was descended so far.
    step_error : float
        The same in lengths of the first step from the saddle.
    slow : float
        Below this fraction of its largest speed a descent may be near its end.
    still : float
        Below this one it will move no more.
    most_steps : int
        Steps of one integration: a descent takes fifty.
    most_rounds : int
        Rounds of evaluations: a path takes ten.
    sure_beneath : float
        Deviation of a cheaper landscape's surrogate, in tolerances, from which that is asked for
        more: well below the tolerance the difference's own deviation counts for more.
    rounds : int
        How often it is asked between two evaluations of the expensive landscape.
    """

    trusted: float = 0.1
    assurance: float = 2.0
    remembered: int = 8
    least_miss: float = 0.1
    above_saddle: float = 2e-3
    warp_width: float = 4.0
    first_drop: float = 1.0
    longest_first_step: float = 0.03
    n_looks: int = 48
    same: float = 2e-3
    relaxed: float = 0.1
    rest: float = 0.01
    flat: float = 1e-4
    relative_step_error: float = 1e-3
    step_error: float = 0.03
    slow: float = 0.3
    still: float = 1e-6
    most_steps: int = 500
    most_rounds: int = 80
    sure_beneath: float = 0.1
    rounds: int = 12


DEFAULTS = Following()
"""What is used unless something else is asked for."""


@dataclass(frozen=True)
class Relaxing:
    """How a minimum is looked for.

    Parameters
    ----------
    first_curvature : float
        The first step is as long as if this were the curvature, in eV/Å² where there are atoms:
        that of a weak bond.
    first_step : float
        Its largest length, in units of `longest_step`.
    longest_step : float
        How far a coordinate may change between the best point known and the next one, in the
        landscape's unit of length.
    left : float
        What the surrogate may still foresee to gain where the force is small, beyond its own
        deviation, in units of `longest_step` times the force asked for: a soft mode goes far down
        with hardly a force.
    trusted : float
        Deviations, in units of what a step is to gain, up to which it is made as it is.
    sure : float
        Deviations, in units of the range of all values, up to which nothing is unsure: near the
        minimum steps gain less than any deviation.
    shorter : float
        By what it is multiplied otherwise, again and again.
    shortest : float
        The least part of it that is made.
    same : float
        Nearer than this to what is known, in units of `longest_step`, a point tells nothing.
    precise : float
        Relative change of the surrogate's value at which its minimum is found.
    failures : int
        Failed evaluations in a row after which there is no going on.
    rounds : int
        How often a cheaper landscape beneath is asked at the surrogate's minimum before the
        expensive one is: by then it stays where it is.
    known : float
        Nearer than this to what the cheaper landscape has told, in units of `longest_step`, it is
        not asked again: its surrogate says the same there.
    cheap : int
        Most gradients of its own relaxation: what needs more is rough.
    """

    first_curvature: float = 70.0
    first_step: float = 0.2
    longest_step: float = 0.5
    left: float = 0.03
    trusted: float = 1.0
    sure: float = 1e-4
    shorter: float = 0.7
    shortest: float = 0.1
    same: float = 1e-6
    precise: float = 1e-12
    failures: int = 5
    rounds: int = 12
    known: float = 2e-3
    cheap: int = 60


RELAXING = Relaxing()
"""What is used unless something else is asked for."""
