"""Every number of the search on a surrogate, grouped by the question that it answers.

Lengths are in chords (the distance of the path's ends) and values in E (the path's rise above the
lowest value known), unless a field says otherwise, so that no unit of the landscape enters.
`BOLD` suits landscapes that are exact, `WARY` those with noise. What halving and doubling each
number does to the count of gradients stands in the documentation's table of sensitivities.
"""

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class See:
    """What the surrogate sees of a point, and how closely it follows what it is told."""

    powers: tuple[float, ...] = (1.0, 0.5, 2.0, 3.0, 4.0)
    """Of inverse distances, in units of one, the first one to begin with: where bonds are made
    and broken the half or the first suits, where forces are short-ranged the third or fourth."""
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
    """Where the warp begins above a found saddle, in path tolerances."""
    at_saddle: float = 0.5
    """Largest deviation, in E, at which the surrogate's saddle is worth an evaluation."""
    on_path: float = 0.4
    """Largest deviation, in E, that the path may move into."""
    saddles_in_a_row: bool = True
    """Whether one saddle may be asked for right after another."""
    remembered: int = 8
    """Misses by which deviations are calibrated: enough for a mean, few enough to follow."""
    least_rise: float = 1e-3
    """Share of the range of all values below which E never falls: a flat path has units too."""
    least_miss: float = 0.1
    """Deviations below this many path tolerances count as that large in the calibration."""


@dataclass(frozen=True)
class Exclude:
    """How wide a region a failed evaluation excludes."""

    radius: float = 0.1
    """Of the ball around a lone failure, in chords."""
    growth: float = 0.5
    """By which part of that every other failure near by widens the ball: a wide region is left in a
    few steps."""
    near: float = 3.0
    """How near that is, in radii of a lone failure's ball."""
    smallest: float = 0.02
    """Balls smaller than this, in chords, can be told from what is known around them."""
    core: float = 0.5
    """Part of the radius within which nothing is asked."""


@dataclass(frozen=True)
class Move:
    """How the lowest path on the surrogate is looked for."""

    beta: float = 30.0
    """Sharpness of the smoothed maximum, in 1/E: its bias is a few ln(M)/β."""
    speed_penalty: float = 1.0
    """Weight of uneven speed, in E."""
    tension: float = 0.02
    """Weight, in E, of the mean squared speed: just enough to keep a path from wandering where
    nothing else holds it, as a molecule's overall rotation."""
    n_points: int = 32
    """Points of the objective; a path has at least two for each of its terms."""
    iterations: int = 25
    """Of L-BFGS between two looks at the deviation."""
    rounds: int = 6
    """Looks at the deviation in one move."""
    settled: float = 1e-3
    """Movement in a round, in chords, below which the path has settled."""
    largest: float = 0.15
    """Furthest that a point of the path may move at once, in chords."""
    fractions: tuple[float, ...] = (0.7, 0.5, 0.35, 0.25, 0.15, 0.1, 0.05)
    """Parts of a move that leads too far, tried in turn: the largest that is trusted is made."""
    worst: int = 3
    """How many of the least known points of the whole move such a part is judged by."""
    beyond: float = 1.5
    """How far along the move, in units of its trusted part, the point that blocks the path lies:
    near enough to be expected, far enough to tell something."""
    slack: float = 1.05
    """How far a path that begins beyond the limit of trust may go, in units of its deviation there:
    else it could never move."""
    rough_gain: float = 1e-5
    """What an iteration must gain, in E, while the saddle is sought."""
    fine_gain: float = 1e-6
    """The same, in E, once it is found: then the rest of the path decides about the certificate."""
    memory: int = 15
    """Pairs that L-BFGS keeps."""
    settling: int = 20
    """Moves in a row on a surrogate alone, by a further start."""
    most_terms: int = 40
    """Sine terms that a path may be given."""
    stuck: int = 3
    """How often in a row a path may refuse to come down before it is given more terms."""
    sharpened: int = 3
    """How often the objective is sharpened where its smoothness is all that holds a path back."""
    sharper: float = 2.0
    """By what β, in 1/E, is then multiplied; the tension is divided by its square."""


@dataclass(frozen=True)
class Climb:
    """How the surrogate's saddle is found from the path's top."""

    reach: float = 0.1
    """How far from the top it is looked for, in chords."""
    steps: int = 20
    """Steps of eigenvector following: it converges in few or not at all."""
    longest_step: float = 0.3
    """Of one step, in units of the reach."""
    settled: float = 1e-6
    """Length of a step, in units of the reach, at which the search ends."""
    extensions: int = 4
    """How often the reach is doubled where the search ends at it and nothing new is there."""
    known: float = 0.01
    """Nearer than this to a record, in units of the reach, nothing is new."""
    flat: float = 1e-4
    """Curvature, relative to the largest, below which a direction is left alone."""


@dataclass(frozen=True)
class Ask:
    """What is evaluated next."""

    n_times: int = 64
    """Places at which the path is looked at, at least."""
    times_per_term: int = 4
    """Places for each of its terms: a sharper path is looked at more closely."""
    optimism: float = 0.5
    """Deviations added to the mean in looking for the path's top."""
    near_top: float = 0.3
    """How well the top must be known, in E, before saddles are looked for."""
    sure_top: float = 3.0
    """How well, in path tolerances, where saddles may not follow one another."""
    close: float = 0.01
    """Nearer than this to a record, in chords, a point of the path is not worth an evaluation."""
    same: float = 1e-3
    """Nearer than this to a record, in chords, a point is that record."""
    foreseen: float = 1.0
    """A saddle whose value is known this well, in tolerances, is foreseen: to ask tells nothing,
    unless it is a stationary point that has not been looked at."""
    refused: int = 6
    """How often in a row a saddle may be foreseen and yet not be stationary in truth, before it is
    something else that keeps it from being found."""
    repeats: int = 3
    """How often another point may be taken for one that is known already."""
    apart: float = 0.07
    """How far from points under way, in chords, a further worker's must be."""
    worth_a_worker: float = 0.01
    """How unsure the surrogate must be there, in E."""
    early: float = 0.2
    """How well, in E, the last two evaluations must have turned out for checks to be made early."""


@dataclass(frozen=True)
class Certify:
    """When a saddle counts as one, and a path as known."""

    path_tolerance: float = 1e-3
    """Tolerance, in E, of everything but the saddle itself."""
    stationary: float = 0.3
    """What a saddle's gradient may leave to its value, in tolerances."""
    flat: float = 0.5
    """Largest gradient at a saddle, in E per chord, whatever the surrogate makes of it."""
    noise_deviations: float = 2.0
    """Standard deviations of noise that a tolerance, or a gradient component, may be due to."""
    assurance: float = 2.0
    """Deviations that a certified path must stay below its height with."""
    far_assurance: float = 6.0
    """Deviations in choosing what to check; below the height with these, fewer checks will do."""
    few_checks: int = 2
    """Checks in a row that must pass then."""
    checks: int = 3
    """Checks in a row that must pass otherwise."""
    limit: float = 0.5
    """How far above its crest a certified path may be expected to rise, in path tolerances."""
    higher: float = 3.0
    """How far above the crest, in path tolerances, a check takes the saddle out of the path."""
    sure: float = 5.0
    """Deviations, in path tolerances, up to which a check would tell nothing."""
    blocked_first: float = 4.5
    """How far above the limit, in path tolerances, what blocks a path goes before its top."""
    half_margin: float = 0.5
    """Part of its margin that a check may use up without having been foreseen."""
    error_deviations: float = 3.0
    """Deviations above the mean up to which `height_error` reckons with surprises."""


@dataclass(frozen=True)
class Stop:
    """When a run is given up."""

    iterations: int = 300
    """Rounds of evaluations in all."""
    without_progress: int = 30
    """Rounds in a row in which the height does not move and no certificate comes of it."""
    failures: int = 10
    """Failed evaluations after which, if they outnumber the others, a run has failed."""


@dataclass(frozen=True)
class Split:
    """When there are several paths, or several parts of one."""

    bend: float = 0.35
    """Size of the random bends that further starts have, in chords."""
    alike: float = 0.1
    """Paths nearer than this to each other, in chords, are one channel."""
    same_saddle: float = 0.05
    """Channels whose saddles are nearer than this, in chords, are one."""
    depth: float = 0.02
    """How far, in E, a dip must lie below the path's tops on either side."""
    n_times: int = 256
    """Places at which a path is searched for dips, and cut: dips are no narrower."""
    n_fitted: int = 64
    """Points of a path that its part is fitted to: more than it has terms."""
    same_stop: float = 0.02
    """Minima nearer than this to a stop before them, in chords, are no new stops."""
    same_place: float = 0.02
    """How near, in chords, a symmetry must bring both ends of a segment to those of another."""
    relaxing: int = 12
    """Evaluations that one minimum on the way may cost."""
    reach: float = 0.3
    """How far from its dip a minimum is looked for, in chords."""
    relaxed: float = 0.1
    """What a minimum's gradient may leave to its value, in path tolerances."""


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
