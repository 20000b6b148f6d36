"""How a cheaper landscape beneath the expensive one is searched, asked, and judged."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Beneath:
    """What the cheap landscape is asked for, and when it is left."""

    gradients: int = 120
    """Most of its gradients that its own search may take, which needs no certificate: what that
    has not found by then, it would not find soon."""
    unsure: float = 0.02
    """Deviation of its surrogate, in E, from which it is asked for more on the path: well below
    that the difference's own deviation counts for more."""
    below_top: float = 0.3
    """How far below the path's top, in E, that counts e times less: what is low needs less
    care."""
    at_once: int = 4
    """Places on the path that it is asked for at a time: then the path may go elsewhere."""
    rounds: int = 4
    """How often it is asked between two evaluations of the expensive landscape: the path and what
    is wanted on it have settled by then."""
    much: float = 0.75
    """Part of all places it may then be asked for, from which the answers are many: a path that
    merely moves on takes half of them, noise takes all."""
    unsettled: int = 2
    """Evaluations of the expensive landscape in a row before which its surrogate stays unsure of
    the path, for many answers: what these do not settle is noise, or too rough to be of use."""
    known: float = 1e-3
    """Nearer than this to one of its records, in chords, it is known: as for records at all."""
    other_factor: float = 0.05
    """Change of its factor, relative to it, that is worth a look: less changes no prediction."""
    largest_change: float = 4.0
    """Change of the factor at once, relative to it: one that begins far off is confirmed on the
    way."""
    patience: int = 25
    """Evaluations of the expensive landscape by which a saddle must have been found upon it: half
    as many again as the slowest good ones take, certificate included."""
    patience_without: int = 8
    """The same upon an earlier run, which cannot be asked where it is unsure, if the surrogate sees
    coordinates: of ninety of these fifteen points tell little beside the path, and twenty
    evaluations more would be lost. Of distances between atoms they tell enough: with eight there,
    too, reactions that take 15 took up to 86."""
    judged: int = 4
    """Evaluations of the expensive landscape from which the likelihood is asked whether an earlier
    run helps: two of the first three are the ends, where it makes gradients that vanish unlikely,
    and reactions of which it is refused there are among those where it saves half."""
    set_aside: int = 5
    """Evaluations of the expensive landscape, ends included, up to which they are set aside where
    the cheap one is not known along the path: its surrogate has placed them by guessing, and they
    mislead the search for longer than the three cost; a reaction that takes 18 took 100."""
    margin: float = 3.0
    """By how much, in units of log likelihood, another factor, or none at all, must be likelier: as
    with kernels, so that no choice flickers."""
    calibrated: int = 4
    """Evaluations of the expensive landscape from which on a miss tells how far deviations may be
    trusted: both ends and the cheap saddle tell no length scale, and what is missed by the guess,
    four to twelve deviations, makes it shorter."""
