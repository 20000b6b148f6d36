"""Claims as comparisons of two samples, and the verdict that follows.

A claim says that the values of one sample tend to be lower, or higher, than another's, or that they
do not. What decides is a t test of the ranks (Conover and Iman 1981, DOI
10.1080/00031305.1981.10479327) whose variances know which values share a member. As many
comparisons are made at once, its p values are corrected together: of the verdicts that say
something, at most 1 - `confidence` are expected to be chance, however the comparisons depend on
each other (Benjamini and Yekutieli 2001, DOI 10.1214/aos/1013699998). 'Not lower' is contradicted
by lower alone, and confirmed by higher alone.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy.stats import false_discovery_control, norm, rankdata, t

from .samples import Sample

Expected = Literal["lower", "higher", "not lower", "not higher"]

RANK_EFFICIENCY = 3 / math.pi
"""Of a test of ranks beside one of means, for normal samples: so many fewer members would do."""

MOST_NEEDED = 10**6
"""The largest number of members that is told."""


@dataclass(frozen=True)
class Comparison:
    """Two samples, compared."""

    mean: float
    reference_mean: float
    difference: float
    interval: tuple[float, float]
    """Of the difference, by itself at the confidence asked for."""
    standard_error: float
    """Of the difference."""
    rank_difference: float
    """The chance that a value exceeds one of the reference, less that of the opposite."""
    statistic: float
    """t of the difference of mean ranks, and its degrees of freedom."""
    freedom: float
    p_value: float
    """Two-sided, of this comparison alone."""
    n: tuple[int, int]
    """Members of either sample."""
    corrected: float = 1.0
    """The p value beside all other comparisons."""
    visible: float = math.inf
    """The smallest difference that so many members would most likely show beside the others."""
    needed: int | None = None
    """Members a sample that would most likely show this difference, if it is real."""


@dataclass(frozen=True)
class Claim:
    """One claim of the paper on one network, and what became of it."""

    key: str
    text: str
    network: str
    measured: str
    verdict: str
    comparison: Comparison | None = None
    expected: Expected | None = None
    value: float | None = None
    interval: tuple[float, float] | None = None
    """Of the value."""

    def tree(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def compare(sample: Sample, reference: Sample, *, confidence: float = 0.95) -> Comparison:
    """Compare a sample with a reference."""
    ranks = rankdata(np.concatenate([sample.values, reference.values]))
    split = len(sample.values)
    ranked = sample.with_values(ranks[:split]), reference.with_values(ranks[split:])
    rank_difference = 2 * (ranked[0].mean - ranked[1].mean) / len(ranks)
    statistic, rank_freedom = _statistic(*ranked)
    error, freedom = _error(sample, reference)
    difference = sample.mean - reference.mean
    reach = float(t.isf((1 - confidence) / 2, freedom)) * error if error else 0.0
    return Comparison(
        sample.mean,
        reference.mean,
        difference,
        (difference - reach, difference + reach),
        error,
        rank_difference,
        statistic,
        rank_freedom,
        float(2 * t.sf(abs(statistic), rank_freedom)),
        (sample.n_members, reference.n_members),
    )


def _error(first: Sample, second: Sample) -> tuple[float, float]:
    """The standard error of a difference of means, and its degrees of freedom (Welch)."""
    variances = np.array([first.variance, second.variance])
    total = float(variances.sum())
    if not 0 < total < math.inf:
        return math.sqrt(total), 1.0
    freedoms = np.array([first.n_members - 1, second.n_members - 1])
    return math.sqrt(total), float(total**2 / (variances**2 / freedoms).sum())


def _statistic(first: Sample, second: Sample) -> tuple[float, float]:
    """A difference of means over its error, infinite without one, and its degrees of freedom."""
    error, freedom = _error(first, second)
    difference = first.mean - second.mean
    if error == 0:
        return math.copysign(math.inf, difference) if difference else 0.0, freedom
    return difference / error, freedom


def decided(claims: Sequence[Claim], *, confidence: float, power: float) -> list[Claim]:
    """All claims, those that rest on a comparison with the verdict that it allows beside the rest.

    Parameters
    ----------
    claims : sequence of Claim
    confidence : float
        One less the expected share of chance among what is decided.
    power : float
        How likely a difference is to be seen that is called visible.
    """
    tested = [claim.comparison for claim in claims if claim.comparison is not None]
    if not tested:
        return list(claims)
    level = (1 - confidence) / len(tested)
    corrected = iter(false_discovery_control([c.p_value for c in tested], method="by"))
    return [
        claim
        if claim.comparison is None or claim.expected is None
        else _decided(
            claim, claim.comparison, claim.expected, next(corrected), confidence, level, power
        )
        for claim in claims
    ]


def _decided(
    claim: Claim,
    comparison: Comparison,
    expected: Expected,
    corrected: float,
    confidence: float,
    level: float,
    power: float,
) -> Claim:
    reach = (norm.isf(level / 2) + norm.ppf(power)) / math.sqrt(RANK_EFFICIENCY)
    visible = reach * comparison.standard_error
    found = replace(
        comparison,
        corrected=float(corrected),
        visible=visible,
        needed=_needed(comparison, level, power),
    )
    return replace(claim, comparison=found, verdict=verdict(found, expected, confidence))


def _needed(comparison: Comparison, level: float, power: float) -> int | None:
    """How many members make t exceed its critical value: it grows with the root of their number."""
    n = max(comparison.n)
    many = np.unique(np.geomspace(3, MOST_NEEDED, 3000).astype(int))
    reached = abs(comparison.statistic) * np.sqrt(many / n)
    asked = t.isf(level / 2, comparison.freedom * many / n) + norm.ppf(power)
    enough = np.flatnonzero(reached >= asked)
    return int(many[enough[0]]) if len(enough) else None


def verdict(comparison: Comparison, expected: Expected, confidence: float = 0.95) -> str:
    """'confirmed', 'contradicted' or 'undecided'."""
    tends, lies = np.sign(comparison.rank_difference), np.sign(comparison.difference)
    if comparison.corrected > 1 - confidence or tends != lies:
        return "undecided"
    seen = "lower" if tends < 0 else "higher"
    if expected.startswith("not "):
        return "contradicted" if seen == expected.removeprefix("not ") else "confirmed"
    return "confirmed" if seen == expected else "contradicted"
