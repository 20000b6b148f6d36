"""Every number of the search on a surrogate, grouped by the question that it answers.

Lengths are in chords (the distance of the path's ends) and values in E (the path's rise above the
lowest value known), unless a field says otherwise, so that no unit of the landscape enters.
`BOLD` suits landscapes that are exact, `WARY` those with noise. What halving and doubling each
number does to the count of gradients is measured by `python benchmarks/sensitivities.py`.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class See:
    """What the surrogate sees of a point, and how closely it follows what it is told."""

    powers: tuple[float, ...] = (1.0, 0.5, 2.0, 3.0, 4.0)
    """Powers of inverse distances to choose from, in units of one, the first to begin with:
    where bonds are made and broken the half or the first suits, where forces are short-ranged
    the third or fourth."""
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
    at_saddle: float = 0.5
    """Largest deviation, in E, at which the surrogate's saddle is worth an evaluation: beyond
    it the top of the path tells more."""
    on_path: float = 0.4
    """Largest deviation, in E, that the path may move into: further on the mean is a guess."""
    saddles_in_a_row: bool = True
    """Whether one saddle may be asked for right after another: each one puts right what the
    last one got wrong, unless noise does."""
    remembered: int = 8
    """Misses by which deviations are calibrated: enough for a mean, few enough to follow."""
    least_rise: float = 1e-3
    """Share of the range of all values below which E never falls: a flat path has units too."""
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


@dataclass(frozen=True)
class Move:
    """How the lowest path on the surrogate is looked for."""

    beta: float = 30.0
    """Sharpness of the smoothed maximum, in 1/E: its bias is a few ln(M)/β, and a sharper one
    is harder to minimise."""
    speed_penalty: float = 1.0
    """Weight of uneven speed, in E: as much as the height itself keeps points evenly spread."""
    tension: float = 0.02
    """Weight of the mean squared speed, in E: just enough to keep a path from wandering where
    nothing else holds it, as a molecule's overall rotation."""
    n_points: int = 32
    """Points of the objective, or two for each term of the path if those are more: fewer miss a
    narrow top."""
    iterations: int = 25
    """Iterations of L-BFGS between two looks at the deviation: deviations cost more than
    means."""
    rounds: int = 6
    """Looks at the deviation in one move: a path that has not settled by then waits for what
    the next evaluation tells."""
    settled: float = 1e-3
    """Movement in a round, in chords, below which the path has settled: no candidate depends on
    less."""
    largest: float = 0.15
    """Furthest that a point of the path may move at once, in chords: what it passes by must be
    looked at."""
    fractions: tuple[float, ...] = (0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)
    """Parts of a move that leads too far, tried in turn: the largest that is trusted is made."""
    worst: int = 3
    """How many of the least known points of the whole move such a part is judged by: deviations
    at all points cost too much."""
    beyond: float = 1.5
    """How far along the move, in units of its trusted part, the point that blocks the path lies:
    near enough to be expected, far enough to tell something."""
    slack: float = 1.05
    """How far a path that begins beyond the limit of trust may go, in units of its deviation there:
    else it could never move."""
    rough_gain: float = 1e-5
    """What an iteration must gain, in E, while the saddle is sought: the surrogate will change
    anyway."""
    fine_gain: float = 1e-6
    """The same, in E, once it is found: then the rest of the path decides about the certificate."""
    memory: int = 15
    """Pairs that L-BFGS keeps: more do not pay for a few dozen coefficients."""
    settling: int = 20
    """Moves in a row on a surrogate alone, by a further start: it is seen then whether it runs
    into a path that is known."""
    most_terms: int = 40
    """Sine terms that a path may be given: a path that needs more is not held back by them."""
    stuck: int = 3
    """How often in a row a path may refuse to come down before it is given more terms: once or
    twice the surrogate was at fault."""
    sharpened: int = 3
    """How often the objective is sharpened, where its smoothness is all that holds a path back:
    the bias is a few tolerances then."""
    sharper: float = 2.0
    """By what β, in 1/E, is then multiplied: in small steps, each from the path before; the
    tension is divided by its square."""


@dataclass(frozen=True)
class Climb:
    """How the surrogate's saddle is found from the path's top."""

    reach: float = 0.1
    """How far from the top the saddle is looked for, in chords: beyond that it is another
    one."""
    steps: int = 20
    """Steps of eigenvector following: it converges in few or not at all."""
    longest_step: float = 0.3
    """Longest step, in units of the reach: the Hessian changes on the way."""
    settled: float = 1e-6
    """Length of a step, in units of the reach, at which the search ends: far below what a value
    can tell."""
    extensions: int = 4
    """How often the reach is doubled where the search ends at it and nothing new is there: to
    ask again would tell nothing."""
    known: float = 0.01
    """Nearer than this to a record, in units of the reach, nothing is new: values and gradients
    are known there."""
    flat: float = 1e-4
    """Curvature, relative to the largest, below which a direction is left alone: a rotation has
    none, but for rounding."""


@dataclass(frozen=True)
class Ask:
    """What is evaluated next."""

    n_times: int = 64
    """Places at which the path is looked at, at least: no wider apart than what a surrogate can
    tell."""
    times_per_term: int = 4
    """Places for each of a path's terms: what bends more is looked at more closely."""
    optimism: float = 0.5
    """Deviations added to the mean in looking for the path's top: a little, for the top may be
    where less is known."""
    near_top: float = 0.3
    """How well the top must be known, in E, before saddles are looked for: a climb from
    elsewhere leads elsewhere."""
    sure_top: float = 3.0
    """How well, in path tolerances, where saddles may not follow one another: then only the
    saddle can tell something new."""
    close: float = 0.01
    """Nearer than this to a record, in chords, a point of the path is not worth an evaluation:
    its gradient tells of the surroundings."""
    same: float = 1e-3
    """Nearer than this to a record, in chords, a point is that record: two so close make the
    covariance singular."""
    foreseen: float = 1.0
    """A saddle whose value is known this well, in tolerances, is foreseen: to ask tells nothing,
    unless it is a stationary point that has not been looked at."""
    refused: int = 6
    """How often in a row a saddle may be foreseen and yet not be stationary in truth: after
    that it is something else that keeps it from being found."""
    repeats: int = 3
    """How often another point may be taken for one that is known already: a path that stays
    unsure after that is given up."""
    apart: float = 0.07
    """How far from points under way, in chords, a further worker's must be: nearer by it will
    be known in a moment."""
    worth_a_worker: float = 0.01
    """How unsure the surrogate must be there, in E: a gradient that is not needed costs as much
    as another."""
    early: float = 0.2
    """How well, in E, the last two evaluations must have turned out for checks to be made
    early: else the path will still move away from them."""


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
    few_checks: int = 2
    """Checks in a row that must pass then: one could be luck."""
    checks: int = 3
    """Checks in a row that must pass otherwise: two once missed a narrow hill between them."""
    more_checks: int = 2
    """Checks more for each time that the path was given terms: it has more places for a rise."""
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


@dataclass(frozen=True)
class Stop:
    """When a run is given up."""

    iterations: int = 300
    """Rounds of evaluations in all: where thirty are common, something is wrong by then."""
    one_start: int = 40
    """Rounds that one start may take before another is tried: nine in ten need fewer."""
    handovers: int = 3
    """Other starts that are tried where none can be certified: each knows all of the others."""
    closing: int = 2
    """Evaluations of a path's likely top that are kept for the end of a run without certificate:
    one, and another where that was a surprise."""
    without_progress: int = 30
    """Rounds in a row in which the height does not move and no certificate comes of it: as many
    as a whole search mostly takes."""
    failures: int = 10
    """Failed evaluations after which, if they outnumber the others, a run has failed: fewer may
    lie in one region."""


@dataclass(frozen=True)
class Split:
    """When there are several paths, or several parts of one."""

    bend: float = 0.35
    """Size of the random bends that further starts have, in chords: enough to leave a channel,
    too little to begin among walls."""
    alike: float = 0.1
    """Paths nearer than this to each other, in chords, are one channel: they will settle to the
    same."""
    same_saddle: float = 0.05
    """Channels whose saddles are nearer than this, in chords, are one: a saddle is known far
    better."""
    depth: float = 0.02
    """How far, in E, a dip must lie below the path's tops on either side: a shallower one
    changes no rate."""
    n_times: int = 256
    """Places at which a path is searched for dips, and cut: dips are no narrower."""
    n_fitted: int = 64
    """Points of a path that its part is fitted to: more than it has terms."""
    same_stop: float = 0.02
    """Minima nearer than this to a stop before them, in chords, are no new stops: they are that
    one, relaxed less well."""
    same_place: float = 0.02
    """How near, in chords, a symmetry must bring both ends of a segment to those of another:
    both were relaxed to some tolerance."""
    relaxing: int = 12
    """Evaluations that one minimum on the way may cost: most take two or three."""
    reach: float = 0.3
    """How far from its dip a minimum is looked for, in chords: beyond that it is another
    one."""
    relaxed: float = 0.1
    """What a minimum's gradient may leave to its value, in path tolerances: as little as not to
    show in a barrier."""


@dataclass(frozen=True)
class Policy:
    """All of them."""

    see: See = field(default_factory=See)
    trust: Trust = field(default_factory=Trust)
    exclude: Exclude = field(default_factory=Exclude)
    move: Move = field(default_factory=Move)
    climb: Climb = field(default_factory=Climb)
    ask: Ask = field(default_factory=Ask)
    certify: Certify = field(default_factory=Certify)
    stop: Stop = field(default_factory=Stop)
    split: Split = field(default_factory=Split)


BOLD = Policy()
"""For exact landscapes: over the systems of the benchmark of barriers boldness saves a seventh of
the gradients, and certifies no more wrong paths."""

WARY = replace(
    BOLD, trust=Trust(warp_width=0.5, at_saddle=0.25, on_path=0.25, saddles_in_a_row=False)
)
"""For values and gradients with noise: a step too far is not put right by the next one."""
