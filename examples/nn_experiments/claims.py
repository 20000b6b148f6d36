"""Claims as differences of means with an interval, and the verdict that follows from it.

A claim says that one sample lies lower, or higher, than another, or that it does not. It is
confirmed or contradicted where the bootstrap interval of the difference of means is on one side of
zero and the rank test (Mann-Whitney, two-sided) sees a difference, too, at the same confidence: of
a few values the interval alone is too narrow. Else it is undecided. 'Not lower' is contradicted by
lower alone, and confirmed by higher alone.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import bootstrap, mannwhitneyu

Expected = Literal["lower", "higher", "not lower", "not higher"]


@dataclass(frozen=True)
class Comparison:
    """Two samples, compared."""

    mean: float
    reference_mean: float
    difference: float
    interval: tuple[float, float]
    """Of the difference."""
    p_value: float
    """Of the rank test."""
    n: tuple[int, int]
    confidence: float


@dataclass(frozen=True)
class Claim:
    """One claim of the paper on one network, and what became of it."""

    key: str
    text: str
    network: str
    measured: str
    verdict: str
    comparison: Comparison | None = None
    value: float | None = None

    def tree(self) -> dict[str, Any]:
        """As JSON can hold it."""
        return asdict(self)


def compare(
    sample: Sequence[float] | np.ndarray,
    reference: Sequence[float] | np.ndarray,
    *,
    n_bootstrap: int = 10_000,
    confidence: float = 0.95,
) -> Comparison:
    """Compare the mean of a sample with that of a reference."""
    a, b = np.asarray(sample, dtype=float), np.asarray(reference, dtype=float)
    difference = a.mean() - b.mean()
    low = high = difference
    if np.ptp(a) or np.ptp(b):
        found = bootstrap(
            (a, b),
            lambda x, y, axis: x.mean(axis) - y.mean(axis),
            n_resamples=n_bootstrap,
            confidence_level=confidence,
            method="percentile",
            rng=np.random.default_rng(0),
        ).confidence_interval
        low, high = found.low, found.high
    p_value = mannwhitneyu(a, b).pvalue
    return Comparison(
        float(a.mean()),
        float(b.mean()),
        float(difference),
        (float(low), float(high)),
        float(p_value),
        (len(a), len(b)),
        confidence,
    )


def verdict(comparison: Comparison, expected: Expected) -> str:
    """'confirmed', 'contradicted' or 'undecided'."""
    low, high = comparison.interval
    seen = "lower" if high < 0 else "higher" if low > 0 else "neither"
    if seen == "neither" or comparison.p_value > 1 - comparison.confidence:
        return "undecided"
    if expected.startswith("not "):
        return "contradicted" if seen == expected.removeprefix("not ") else "confirmed"
    return "confirmed" if seen == expected else "contradicted"
