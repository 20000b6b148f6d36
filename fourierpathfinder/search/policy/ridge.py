"""When a path's top is looked at from beside, and how a ridge is left."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Across:
    """Whether a path's top goes down across the path as well."""

    aside: float = 0.05
    """How far beside the top it is looked at, in chords: far enough for a curvature to show, too
    near for another valley."""
    farther: float = 0.2
    """How far beside the top, in chords, in the softest direction that was seen, where it bends
    down but no further than `downward_seen`: a turning dumbbell in nickel falls there by 2 meV,
    and by 0.1 as near as it is looked at otherwise."""
    directions: int = 8
    """How many directions across the path are drawn at random: what is known of them all depends
    on the same few evaluations."""
    powers: tuple[float, ...] = (2.0, 1.0)
    """Powers by which these are drawn, in units of one, of how far things move along the path:
    mostly of what moves most, and where the surrogate sees coordinates, of what makes way as well.
    The ridge of a turning dumbbell in aluminium goes down where four neighbours move that hardly
    move along the path."""
    deviations: float = 1.0
    """Calibrated deviations by which the landscape may be lower beside the top than is expected:
    with two, symmetric hops without a ridge would pay for a look as well."""
    deviations_symmetric: float = 4.0
    """The same number of deviations on a path that was in a plane of symmetry: there it must be
    known that the landscape rises."""
    softest: int = 2
    """How many principal directions of smallest curvature are considered, too, on a path that was
    in a plane of symmetry: a direction drawn at random rises although a few of its parts fall."""
    deviations_softest: float = 1.5
    """The number of deviations for these: a turning dumbbell in nickel, on a ridge, leaves 1.05,
    and with two the atoms of a trimer on a surface would be looked at for ever."""
    soft_looks: int = 1
    """Looks in these on any other path, where the surrogate sees distances between atoms: the ridge
    of tetrahydropyran, turning over, is seen by the first, and many passes have soft modes."""
    looks: int = 20
    """Evaluations that one top may cost: the first shows whether it may be a ridge, and what moves
    across it; some more settle the direction. With six a ridge in 20 dimensions stayed in one run
    of six; a turning dumbbell in silver takes fourteen, on a ridge with curvatures of -1.0 and
    -0.1 eV/Å² among others of up to 39."""
    downward: float = 0.05
    """Curvature across the path, relative to that along it, below minus which there is a second
    way down: directions in which nothing changes stay below a hundredth."""
    downward_seen: float = 0.02
    """The same, relative to it, where gradients beside the top tell so and not the surrogate alone:
    a turning dumbbell in nickel falls by 4 meV in a direction with 0.04."""
    push: float = 0.1
    """How far beside a ridge the next path begins, in chords: further out than it was looked at,
    and still on its slope."""
    known: int = 4
    """Evaluations, the ends among them, from which on it is asked whether they are blind to a
    direction across the path: a first gradient cannot tell of all three in which an atom moves."""
    soft: float = 0.1
    """The least difference of curvatures, relative to that along the path, by which a residual is
    divided: what the surrogate takes for as soft as the softest direction that was seen would
    otherwise be all of the next look."""
    softer: float = 4.0
    """How much softer a direction across the path may be, in units of what a residual foretells:
    with two a search for carbon in palladium stayed on a ridge, of curvature -1.1 eV/Å²."""
    nothing_new: float = 0.1
    """How large the steps of several looks must be in a direction, relative to the largest, to tell
    of the curvature there: small parts of steps are told by differences of large gradients."""
    nothing: float = 1e-3
    """Share of the largest of several directions below which a combination of them counts for
    nothing: so little is rounding."""
    slope: float = 0.3
    """Where the surrogate sees coordinates, how large gradients must be in a direction to tell of
    it, all together and in units of their median: on a path that is nearly in a plane of symmetry
    they have a hundredth across it."""
    level: float = 0.2
    """Gradients below this, in E per chord, are a stationary point's, and where most are, as upon a
    landscape that foretells the saddle, all are measured by it: which way the rest of one points
    is chance."""
    step: float = 0.02
    """There, how far points must be apart in a direction to tell of it, all together and in
    chords: less than `aside`, and more than what loosely relaxed ends have across a plane of
    symmetry."""
    blind: float = 0.9
    """The share of a direction across the path that no gradient and no step between points has,
    from which on the next place on the path is moved aside: 0.95 or more on paths in a plane
    of symmetry."""
    blind_beside: float = 0.3
    """The same share for looking beside the top of a path that was moved aside: what is left of a
    direction may fall although the whole of it rises."""
    blind_to_most: float = 0.7
    """The same share for one look beside the top of any other path: sodium in rock salt goes over
    a ridge that the surrogate took for a pass, with 0.8 of all directions unknown."""
    deviations_shown: float = 4.0
    """Calibrated deviations by which the landscape must rise there for no look, where one beneath
    it was asked, unless a direction is as good as unknown (`blind`): as many as on a path that was
    in a plane of symmetry."""
