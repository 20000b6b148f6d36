"""A sine path on a Gaussian process that sees every gradient: few evaluations, and certified.

The method's settings, and how they become a run (`surrogate_run`).
"""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import partial
from typing import ClassVar, Literal

import numpy as np

from .._counts import require_counts
from ..evaluation import Evaluator
from ..gaussian_process import FeatureMap, FitSettings, GaussianProcess, Kernel
from ..path import SinePath
from ..prior import Prior
from ..search.campaign import CampaignSettings
from ..search.choose_features import choose_features, choose_kernel
from ..search.policy import BOLD, WARY, Policy
from ..search.state import Aim, Sides, Tightness
from .base import kicked
from .beneath import Cheap, NoPrior, searched
from .checks import (
    require_flags,
    require_kind,
    require_not_negative,
    require_positive,
    require_terms,
)
from .earlier import remembered
from .surrogate_run import SurrogateRun


@dataclass(frozen=True)
class Surrogate:
    r"""Few gradients, each used as well as possible; for gradients that take milliseconds or more.

    Certified means: the saddle turned out as the surrogate predicted it, the path goes through
    it, the checks on the rest of the path were passed, and nothing on it is higher even with two
    calibrated standard deviations added. `height_error` is how much the path might rise above
    the height with three.

    Parameters
    ----------
    n_terms : int
        Number of sine terms N to begin with; where the path cannot get lower with them, more are
        added.
    tol : float
        Tolerance of the saddle's value, in units of the path's rise E above its lowest point.
    features : {"auto"} or FeatureMap
        What the surrogate sees of a point: `Coordinates()`, `InverseDistances(n_atoms)`. "auto"
        takes inverse distances for free molecules and clusters, to that power under which the
        first six points are likeliest; `result.method` says which.
    n_starts : int
        Starts from differently bent paths, which share all evaluations; the distinct paths that
        they lead to are the result's `channels`, lowest first.
    certify : bool
        Whether to check the rest of the path once the saddle is found.
    split : bool
        Whether to relax minima that the path dips into by more than 0.02 E and to connect them one
        after the other, as the result's `segments`.
    noise : (float, float), optional
        Standard deviations of the noise on values and on gradient components, as in DFT, in the
        landscape's units; by default what makes the evaluations likeliest.
    kernel : {"auto"} or Kernel
        Of the Gaussian process: "auto" takes the rational quadratic on inverse distances and on
        coordinates of atoms, the squared exponential on other coordinates.
    saddle_gradient : float, optional
        Go on at the saddle until the largest force on an atom there is at most this (eV/Å), or
        where there are no atoms the norm of the gradient; by default until its value is known.
    policy : Policy, optional
        Every number of the search (`fourierpathfinder.search.policy`); by default bold for exact
        landscapes and wary for those with noise.

    Raises
    ------
    TypeError
        If a count is not a whole number.
    ValueError
        If a setting is not positive, or a standard deviation of the noise is negative.

    References
    ----------
    Gaussian processes for minimum-energy paths: Koistinen et al., J. Chem. Phys. 147, 152720
    (2017), DOI 10.1063/1.4986787. Inverse distances as inputs: Koistinen et al., J. Chem. Theory
    Comput. 15, 6738 (2019), DOI 10.1021/acs.jctc.9b00692.

    Examples
    --------
    >>> from fourierpathfinder import Surrogate, find_path
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    >>> result.certified, result.n_gradients < 15, abs(result.height - toy.height) < 0.1
    (True, True, True)
    """

    n_terms: int = 8
    tol: float = 1e-3
    features: Literal["auto"] | FeatureMap = "auto"
    n_starts: int = 1
    certify: bool = True
    split: bool = False
    noise: tuple[float, float] | None = None
    kernel: Literal["auto"] | Kernel = "auto"
    saddle_gradient: float | None = None
    policy: Policy | None = field(default=None, repr=False)
    replays: ClassVar[bool] = True

    def __post_init__(self) -> None:
        require_terms(self.n_terms)
        require_counts(n_starts=self.n_starts)
        require_positive(tol=self.tol)
        if self.tol >= 1:
            raise ValueError(
                f"`tol` is {self.tol}; it is a fraction of the rise and must be below 1, such as "
                "0.001"
            )
        if self.saddle_gradient is not None:
            require_positive(saddle_gradient=self.saddle_gradient)
        require_flags(certify=self.certify, split=self.split)
        if self.kernel != "auto":
            kind = '"auto" or a kernel, such as `SquaredExponential()`'
            require_kind(Kernel, kind, kernel=self.kernel)
        if self.policy is not None:
            require_kind(Policy, "a `Policy`, or None", policy=self.policy)
        _check_features(self.features)
        if self.noise is not None:
            _check_noise(self.noise)

    def start(self, evaluator: Evaluator, path: SinePath, rng: np.random.Generator) -> SurrogateRun:
        """A run from `path`, or where that is straight from a slightly bent one."""
        return self.start_upon(None, evaluator, path, rng)

    def start_upon(
        self, prior: Prior | None, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> SurrogateRun:
        """A run with the surrogate of a cheaper landscape as prior mean.

        That landscape's own search, which is done first, wants no certificate. Its random numbers
        are a copy, so that a search without the prior, should it be dropped, is the usual one.

        Raises
        ------
        TypeError
            If the path is not one of NumPy's arrays.
        """
        if not isinstance(path.start, np.ndarray):
            library = type(path.start).__module__.split(".")[0]
            raise TypeError(
                f"`start` and `end` are arrays of {library}, and `Surrogate` computes in NumPy; "
                "pass the ends as NumPy arrays, or `method=Direct()`, which computes in their "
                "library"
            )
        cheap = NoPrior() if prior is None else self._cheap(prior, evaluator, path, deepcopy(rng))
        asked = CampaignSettings(self.n_starts, self.split, self._aim(evaluator, path))
        return SurrogateRun(asked, self._with, evaluator, kicked(path, rng), rng, cheap)

    def _with(self, features: FeatureMap) -> "Surrogate":
        """The same settings with the features that a run has chosen."""
        return replace(self, features=features)

    def _cheap(
        self, prior: Prior, evaluator: Evaluator, path: SinePath, rng: np.random.Generator
    ) -> Cheap:
        """The cheap landscape, to be searched without a certificate."""
        once = replace(
            self, n_starts=1, certify=False, split=False, noise=None, saddle_gradient=None
        )
        numbers = self._numbers.beneath
        if prior.evaluator is not None:
            run = once.start_upon(prior.beneath, prior.evaluator, path, rng)
            return Cheap(prior, partial(searched, run, prior.evaluator, numbers), numbers)
        aim = once._aim(evaluator, path)
        return Cheap(prior, partial(remembered, aim, prior, kicked(path, rng)), numbers)

    @property
    def _numbers(self) -> Policy:
        """The policy that is asked for, or what suits the noise."""
        is_noisy = self.noise is not None and self.noise[0] > 0
        return self.policy or (WARY if is_noisy else BOLD)

    def _aim(self, evaluator: Evaluator, path: SinePath) -> Aim:
        """What every search of a run is held to."""
        abilities, policy, maps = evaluator.abilities, self._numbers, self._maps(evaluator, path)
        kernel = self.kernel
        if kernel == "auto":
            kernel = choose_kernel(maps[0], abilities)
        is_known = evaluator.known is not None
        process = GaussianProcess(
            maps[0], (kernel,), policy.see.nugget, self.noise, alternatives=maps,
            settings=FitSettings(longest=policy.see.longest) if is_known else FitSettings(),
        )  # fmt: skip
        tightness = Tightness(abilities.largest_force, self.saddle_gradient)
        sides = Sides(abilities.mobility, abilities.free_motions)
        return Aim(process, self.tol, self.certify, self.noise, policy, tightness, sides)

    def _maps(self, evaluator: Evaluator, path: SinePath) -> tuple[FeatureMap, ...]:
        """The feature maps to choose from."""
        if self.features == "auto":
            return choose_features(evaluator.abilities, path.start, self._numbers.see)
        return (self.features,)


def _check_features(features: object) -> None:
    if isinstance(features, str):
        if features != "auto":
            raise ValueError(
                f'`features` is {features!r}; pass "auto", or a feature map such as `Coordinates()`'
            )
        return
    require_kind(FeatureMap, '"auto", or a feature map such as `Coordinates()`', features=features)


def _check_noise(noise: object) -> None:
    if not isinstance(noise, Sequence) or isinstance(noise, str) or len(noise) != 2:
        raise TypeError(
            f"`noise` is {noise!r}; give two standard deviations, of values and of components of "
            "gradients"
        )
    require_not_negative(**{"noise of values": noise[0], "noise of gradients": noise[1]})
