"""What cannot be true."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Doubt:
    """What cannot be true, and is asked for once more."""

    fewest: int = 5
    """Evaluations from which on any of them may be doubted: fewer do not tell which is wrong."""
    few: int = 8
    """Evaluations up to which all are looked at again whenever there is a new one: beyond that the
    new one and the nearest to it tell enough."""
    value: float = 3.0
    """How far a value may be from what the gradients between it and its nearest neighbour account
    for, in units of the range of all other values and of what these gradients span: over the
    systems of the benchmark of barriers it stays below a third."""
    slope: float = 30.0
    """How much a gradient may span up to the nearest neighbour, in units of the range of all other
    values and of the difference to that neighbour: there it stays below three."""
    deviations: float = 60.0
    """Calibrated deviations above what was expected: the walls of molecules reach eighteen."""
    misses: float = 3.0
    """The same in E, warped: over these systems it stays below 1.3."""
    deviations_below: float = 10.0
    """Calibrated deviations below what was expected: there are no walls, and it stays below 2.6."""
    misses_below: float = 1.0
    """The same in E: over these systems it stays below 0.2."""
    nudge: float = 1e-7
    """How far from the first place the second answer is asked for, in chords: what remembers its
    answers would give the same one, and values change by less than any tolerance."""
    agreeing: float = 0.5
    """Part of what is odd by which two answers may differ and still confirm each other: chance
    does not repeat an error of that size."""
    disagreement: float = 10.0
    """By how much, in units of log likelihood, values and gradients must be likelier as those of
    two functions than of one for nothing to be certified: where landscapes in two dimensions were
    certified it stayed below 5.1, a cliff's, and below 2 on molecules and surfaces; with a wrong
    sign or unit it is mostly some hundreds."""
    unexplained: float = 0.1
    """Part of the changes of value between near points that gradients may leave unexplained for
    them to be believed, whatever the likelihoods: where these doubted those of molecules it was
    at most 0.085; a factor of two leaves a third, a component that is missing a fifth."""
    surely_unexplained: float = 0.2
    """The same part for a search to be given up before its end: a component that is missing leaves
    that much, while one that had met a value of 130 eV left 0.11 among points 0.3 Å apart that
    differ by some meV (zmx_53)."""
    most_pairs: int = 10
    """Pairs that count, the nearest ones: of the many of a long search half reach so far apart that
    right gradients leave up to 0.2 of the changes, and wrong ones show in ten."""
    pairs: float = 0.75
    """The quantile that counts, as a part of these pairs: a component that is missing shows in some
    only, and between points that are closest noise may be all there is."""
    telling: float = 2.0
    """How much two neighbours must differ, in tolerances of the path and counting what is foretold
    as well, to be one of these pairs: a machine-learnt potential in single precision told 111 atoms
    in steps of 0.06 meV, near a saddle at 148 meV."""
    hopeless: float = 3.0
    """The same for each evaluation, in units of log likelihood, from which on more of them are of
    no use: it stays below 2 where ridges are sharp, and passes 5 with a wrong sign."""
