"""What is evaluated next."""

from dataclasses import dataclass


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
    """How many saddles may be foreseen and yet not be stationary in truth until the objective is
    sharpened: after that it is something else that keeps it from being found."""
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
