"""Every tuned number of the Gaussian process, each with its unit and its reason."""

from dataclasses import dataclass


@dataclass(frozen=True)
class FitSettings:
    """How length scales, kernels and features are chosen, and what is told of large problems.

    Parameters
    ----------
    few_points : int
        Points up to which every new one is a milestone, at which length scale and kernel are
        looked at again: each of the first few changes the picture.
    growth : float
        Factor by which the number of points grows from one later milestone to the next: the cost
        of all milestones together stays a small multiple of the last one's.
    first_choice : int
        Points from which kernels and features are compared; fewer say next to nothing of either.
    last_features : int
        Points up to which features are compared. Later the records lie where the present ones
        have led, and comparing several maps would cost more than it brings.
    margin : float
        By how much, in log likelihood, another kernel or other features must be likelier than the
        present ones: e³ is commonly called strong evidence, and the choice does not flicker.
    same_length : float
        Change of log l below which the factor is kept: predictions hardly change by less.
    nearby_reach, first_reach, far_reach : float
        Factors within which a length scale is looked for: of the last one of the same kernel and
        features; of half the extent of the first points, which say little; and of what is right
        for another kernel or guessed for other features.
    longest : float
        The largest length scale that is considered, in units of the extent of the points.
    n_evaluations : int
        Largest number of evaluations of the likelihood in one search.
    length_tolerance : float
        Change of log l at which that search ends; the likelihood is flat to R times its square.
    first_step : float
        The longest first step of that search in log l.
    likelihood_rows : int
        Rows up to which the likelihood is exact. It costs their cube; above, gradients count only
        in the directions in which the points differ most. Predictions always use all.
    most_rows : int
        Rows up to which gradients are told where every direction interacts: the factor costs
        their cube. Of the highest points only the values are told beyond.
    overfull : float
        Factor by which gradients may become too many before some are dropped again, which costs a
        new factor.
    latest : int
        Points that keep their gradients, however high they are, because they are the last ones.
    noise_margin : float
        By how much, in log likelihood, observations must be likelier with noise than without for
        it to be believed. On float32 copies of molecules it is 60 and more; without noise, 0.
    largest_noise : float
        The largest standard deviation of noise that is found, in units of the signal's. More would
        rather be features that do not suit, and has to be stated.
    n_noise_evaluations : int
        Largest number of evaluations of the likelihood in finding noise, where there is any.
    noise_rounds : int
        Rounds in which the share of stated noise in the variance settles.
    same_noise : float
        Factor of a standard deviation by which noise must change for a new factor.
    largest_nugget : float
        Where points are too close together for the nugget, ten times as much is tried, up to this,
        in units of the prior variance.
    lengths : tuple of float
        Length scales of a difference from what cannot be asked any more, in units of that of the
        process beneath, an octave in two steps: the likelihood is flat near its top, and two
        landscapes that resemble each other differ by what bends at most a few times less.
    first_share, least_share, largest_share : float
        Variance of such a difference in units of that of the process beneath: where its search
        begins, and between what it stays. Below the least one nothing is left to be learnt, above
        the largest one nothing is foreseen.
    share_reach : float
        Factor within which the share is looked for around the last one.
    n_share_evaluations : int
        Largest number of evaluations of the likelihood in one search for it.
    share_tolerance : float
        Change of its logarithm at which that ends; deviations change by half as much.
    rows_at_once : int
        Rows of a large matrix that are made at a time: what stays in the cache is fast.
    rows_of_a_part : int
        Rows that are added to a factor at a time, so that no temporary is much larger than it.
    """

    few_points: int = 6
    growth: float = 1.2
    first_choice: int = 4
    last_features: int = 6
    margin: float = 3.0
    same_length: float = 0.05
    nearby_reach: float = 1.5
    first_reach: float = 2.0
    far_reach: float = 4.0
    longest: float = float("inf")
    n_evaluations: int = 6
    length_tolerance: float = 0.03
    first_step: float = 0.35
    likelihood_rows: int = 500
    most_rows: int = 2300
    overfull: float = 1.3
    latest: int = 6
    noise_margin: float = 6.0
    largest_noise: float = 1e-3
    n_noise_evaluations: int = 15
    noise_rounds: int = 2
    same_noise: float = 1.5
    largest_nugget: float = 1e-2
    lengths: tuple[float, ...] = (0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0)
    first_share: float = 0.05
    least_share: float = 1e-4
    largest_share: float = 20.0
    share_reach: float = 50.0
    n_share_evaluations: int = 9
    share_tolerance: float = 0.2
    rows_at_once: int = 500
    rows_of_a_part: int = 2000


DEFAULTS = FitSettings()
"""What is used unless something else is asked for."""
