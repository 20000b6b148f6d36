"""How the path moves on the surrogate, and how its saddle is found there."""

from dataclasses import dataclass


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
    unseen: float = 0.03
    """How far, in E, a path may rise between these points above all of them: smooth tops rise by a
    hundredth, and a path that steps over sharp ones is lowered once more, at twice as many."""
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
    """Moves in a row that a further start makes on the surrogate alone: enough to see whether it
    runs into a path that is known."""
    most_terms: int = 40
    """Sine terms that a path may be given: a path that needs more is not held back by them."""
    stuck: int = 3
    """How often in a row a path may fail to come down before it is given more terms: once or
    twice it may be the surrogate's fault."""
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
    blunt: float = 10.0
    """How far, in path tolerances, a saddle may lie below a path's top that is known to within
    one: beyond that the smooth objective holds the path up, and to evaluate such saddles,
    ever farther from it, tells nothing of the path (thirteen in a row in zmx_53, up to 130 eV)."""
    flat: float = 1e-4
    """Curvature, relative to the largest, below which a direction is left alone: a rotation has
    none, but for rounding."""
    tightening: int = 15
    """Evaluations that a smaller force at the saddle may cost: most take three to eight."""
