"""When a saddle counts as one, and a path as known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Certify:
    """When a saddle counts as one, and a path as known."""

    path_tolerance: float = 1e-3
    """Tolerance, in E, of everything but the saddle itself: a sharper saddle needs no more
    checks."""
    stationary: float = 0.3
    """What a saddle's gradient may leave to its value, in tolerances: the rest is for the
    curvature, which is the surrogate's."""
    flat: float = 0.5
    """Largest gradient at a saddle, in E per chord, whatever the surrogate makes of it: a slope
    is no saddle."""
    noise_deviations: float = 2.0
    """Standard deviations of noise that a tolerance, or a gradient component, may be due to:
    two cover 95 in 100."""
    assurance: float = 2.0
    """Deviations that a certified path must stay below its height with: calibrated ones, so
    that two are seldom exceeded."""
    far_assurance: float = 6.0
    """Deviations in choosing what to check: what is high even so far off is where a surprise
    would matter; below the height with these, fewer checks will do."""
    slope: float = 0.2
    """Share of the largest slope near by, without unit, at which a path may rise unseen between
    two records: smooth hills rise at about a third of their steepest."""
    reach: float = 0.1
    """How far from a record, in chords, its gradient tells what to expect: a hill that is
    narrower than that would be a surprise of its own."""
    covered: float = 0.25
    """How far, in chords, a certified path may lie from all evaluations: in a gap of a third a
    reaction (t1x_2692) hid a hill, ten deviations above what was expected, in nine of 24 last-bit
    changes. Checks go there first."""
    behind_dips: float = 4.0
    """Deviations that a path must stay below its height with behind a dip: there the surrogate was
    led by what lies on the other side."""
    dip: float = 0.02
    """How far, in E, a path must have risen again from a dip for that to be reckoned with: as
    deep as a minimum on the way must be."""
    few_checks: int = 2
    """Checks in a row that must pass then: one could be luck."""
    checks: int = 3
    """Checks in a row that must pass otherwise: two once missed a narrow hill between them."""
    prior_checks: int = 1
    """Checks in a row that must pass then upon a landscape that is asked wherever the path goes:
    hills show there, whatever their height. On 198 landscapes of hills, upon others in which five
    of twelve are missing and the rest are off by half, none was certified wrongly with one check or
    with two."""
    more_checks: int = 2
    """Checks more for each time that the path was given terms: it has more places for a rise."""
    without_saddle: int = 1
    """Checks more where a path rises nowhere above its higher end: it is known by fewer
    evaluations than one with a saddle, and two checks of a landscape with hills missed one in a
    hundred."""
    limit: float = 0.5
    """How far above its crest a certified path may be expected to rise, in path tolerances: the
    other half is for what the surrogate gets wrong."""
    higher: float = 3.0
    """How far above the crest, in path tolerances, a check takes the saddle out of the path:
    less is put right by moving the path."""
    sure: float = 5.0
    """Deviations, in path tolerances, up to which a check would tell nothing: the neighbourhood
    of what is known."""
    blocked_first: float = 4.5
    """How far above the limit, in path tolerances, what blocks a path goes before its top: once
    the path is nearly well, it is what keeps it from being so."""
    largest_error: float = 0.01
    """How far a certified path may rise above its crest, in E, with as many deviations as
    `height_error` reckons with: a hundredth is what a barrier is quoted to."""
    fine_times: int = 256
    """Places at which that is looked at: some for each term of the longest path."""
    half_margin: float = 0.5
    """Part of its margin that a check may use up without having been foreseen: another miss of
    that size would use up the rest."""
    error_deviations: float = 3.0
    """Deviations above the mean up to which `height_error` reckons with surprises: one more
    than for a certificate."""
