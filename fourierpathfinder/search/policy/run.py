"""When a run ends, and what it is divided into."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Stop:
    """When a run is given up."""

    iterations: int = 300
    """Rounds of evaluations in all: where thirty are common, something is wrong by then."""
    one_start: int = 40
    """Rounds that one start may take to find its top before another is tried: nine in ten need
    fewer."""
    last_start: int = 100
    """Most rounds of any start, of the last one too, and of each part of a path: the slowest
    certificates take less than that, and valleys without a top would never end."""
    after_a_look: int = 15
    """Rounds that are left at least once the top was looked at from beside: what that tells is
    settled by one saddle more and its checks."""
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
    too little to start high on a wall."""
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
