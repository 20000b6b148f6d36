"""What a search aims at, what it knows, and how its answers have turned out: frozen values."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from .._arrays import Array
from ..gaussian_process import GaussianProcess, Kernel, Model
from ..result import Saddle
from .calibration import Calibration
from .excluded import ExcludedRegions
from .policy import BOLD, Policy
from .prediction import Kind
from .warp import Warp


@dataclass(frozen=True)
class Tightness:
    """How small the force at the saddle is to be.

    Attributes
    ----------
    measure : callable (D,) -> float
        The largest force on an atom, from a gradient; its norm where there are no atoms.
    limit : float or None
        What it is to be at most; None where any will do.
    """

    measure: Callable[[Array], float]
    limit: float | None = None


def _norm(gradient: Array) -> float:
    return float(np.linalg.norm(gradient))


def _alike(velocities: Array) -> Array:
    return np.ones(velocities.shape[1])


def _none(point: Array) -> Array:
    return np.zeros((0, len(point)))


@dataclass(frozen=True)
class Sides:
    """What may move across a path.

    Attributes
    ----------
    mobility : callable (M, D) -> (D,)
        How much each coordinate, or the atom that it belongs to, takes part in such velocities.
    free_motions : callable (D,) -> (k, D)
        Orthonormal directions in which the whole moves at no cost.
    """

    mobility: Callable[[Array], Array] = _alike
    free_motions: Callable[[Array], Array] = _none


@dataclass(frozen=True)
class Aim:
    """What a search aims at.

    Attributes
    ----------
    process : GaussianProcess
        The prior of the surrogate.
    tol : float
        Tolerance of the saddle's value, in E.
    certify : bool
        Whether the rest of the path is to be checked.
    noise : (float, float) or None
        Standard deviations of the noise on values and gradient components, in the landscape's
        units; None where the surrogate is to find them.
    policy : Policy
        Every number of the search.
    tightness : Tightness
        How small the force at the saddle is to be.
    sides : Sides
        What may move across the path.
    """

    process: GaussianProcess
    tol: float
    certify: bool = True
    noise: tuple[float, float] | None = None
    policy: Policy = BOLD
    tightness: Tightness = Tightness(_norm)
    sides: Sides = Sides()

    @property
    def for_top_alone(self) -> "Aim":
        """The same for no more than finding a path's top, whatever the force there."""
        return replace(self, certify=False, tightness=replace(self.tightness, limit=None))


@dataclass(frozen=True, eq=False)
class Knowledge:
    """What a surrogate makes of all records.

    Attributes
    ----------
    model : Model
        The surrogate of the warped landscape.
    warp : Warp
    excluded : ExcludedRegions
        Where nothing could be evaluated.
    lowest, highest, higher_end : float
        The smallest and largest value known, and the larger one of the path's ends.
    least_above : float
        The smallest value above that; that one itself where there is none.
    """

    model: Model
    warp: Warp
    excluded: ExcludedRegions
    lowest: float
    highest: float
    higher_end: float
    least_above: float


@dataclass(frozen=True, eq=False)
class Pass:
    """A saddle that was found, and is not the path's top.

    Attributes
    ----------
    saddle : Saddle
    is_held : bool
        Whether the path goes through it; it does not where it has turned out to be higher
        elsewhere.
    """

    saddle: Saddle
    is_held: bool


@dataclass(frozen=True)
class Progress:
    """How the answers so far have turned out.

    Attributes
    ----------
    calibration : Calibration
        By how much deviations are too small.
    surprises : tuple of float
        By how much the last two evaluations missed what was expected.
    n_checks : int
        Checks in a row that have turned out well.
    n_low : int
        Those of them that were made of a path without a saddle while it was low for all that was
        known.
    n_early : int
        Those that were made of a path without a saddle while it was not.
    n_repeats : int
        How often another point had to be taken for one that was known.
    n_refused : int
        Saddles that were foreseen, and yet not stationary, since the objective was last sharpened.
    n_tightened : int
        Evaluations spent on a smaller force at the saddle.
    was_symmetric : bool
        Whether the path was, at some time, one beside which nothing was known.
    last : str
        What the last answer was asked for.
    objection : Kernel or None
        The kernel by whose curvature the last saddle, foreseen as it was, is not stationary: the
        next one is looked for on that surrogate.
    """

    calibration: Calibration = field(default_factory=Calibration)
    surprises: tuple[float, ...] = ()
    n_checks: int = 0
    n_low: int = 0
    n_early: int = 0
    n_repeats: int = 0
    n_refused: int = 0
    n_tightened: int = 0
    was_symmetric: bool = False
    last: Kind | None = None
    objection: Kernel | None = None

    def n_telling(self, saddle: Saddle | None) -> int:
        """Checks in a row that count for a path over this saddle, or none.

        A path without a saddle goes where the surrogate promises that it is low: what is asked
        before it is low for all that is known moves it on, and has checked nothing of it, nor of
        the path over a saddle that is found later.
        """
        return self.n_low if saddle is None else self.n_checks - self.n_early

    def surprise(self, unknown: float) -> float:
        """How far off the last two predictions were; at least `unknown` before there are two."""
        seen = self.surprises
        return max(seen if len(seen) > 1 else (*seen, unknown))


@dataclass(frozen=True)
class Effort:
    """What has been done about a path that would not come down.

    Attributes
    ----------
    n_stuck : int
        Moves in a row after which the path still rose above its saddle.
    was_lengthened : bool
        Whether more terms were the last remedy.
    sharpness : int
        How often the objective was sharpened.
    n_longer : int
        How often the path was given more terms.
    """

    n_stuck: int = 0
    was_lengthened: bool = False
    sharpness: int = 0
    n_longer: int = 0
