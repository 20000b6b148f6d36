"""The paper's claims, each put to the numbers of `results.json`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import bootstrap

from .analysis import separation
from .claims import Claim, Expected, compare, decided
from .samples import Sample

Tree = dict[str, Any]

SEPARATED = 0.99
"""The `separation` along the first component from which two sets count as clearly apart."""

MIXED = 0.75
"""That below which the separation has nearly vanished."""

KIND_NAMES = {
    "paper": "paper's budget",
    "converged": "converged",
    "paper-aligned": "paper's budget, units aligned",
    "converged-aligned": "converged, units aligned",
}

RISES = ("fcp", "lenet", "lstm")
"""Networks whose test loss is said to rise after its minimum."""

LOWER_WITH_SGD = ("fcp", "lenet", "lstm")
"""Networks for which SGD's heights on the training landscape are said to be the lower ones."""

TRAIN_ABOVE_TEST = ("fcp", "lstm")
"""Networks for which L-BFGS's 'train' heights are said to exceed its 'test' heights."""

MARGIN = 0.1
"""That two heights do not differ can only be shown to a margin; of their size, as for a rise."""

VANISHES = ("fcp", "lenet")
"""Networks whose 'test' sets kernel PCA is said hardly to tell apart."""


def all_claims(tree: Tree) -> list[Claim]:
    """Every claim on every network for which there are numbers."""
    analysis = tree["settings"]["analysis"]
    judge = _Judge(analysis["n_bootstrap"], analysis["confidence"])
    claims = list(_toy(tree["toy"])) if tree["toy"] else []
    for name, network in tree["networks"].items():
        claims += _training(judge, name, network["training"])
        for kind, heights in network["heights"].items():
            claims += _heights(judge, name, kind, heights)
        if "distances" in network:
            claims += _distances(judge, name, network["distances"])
        if "pca" in network:
            claims += _components(judge, name, network["pca"])
    return decided(claims, confidence=analysis["confidence"], power=analysis["power"])


@dataclass(frozen=True)
class _Judge:
    """Makes claims, all with the same intervals."""

    n_bootstrap: int
    confidence: float

    def __call__(
        self,
        key: str,
        text: str,
        network: str,
        measured: str,
        expected: Expected,
        sample: Sample,
        reference: Sample,
    ) -> Claim:
        """A claim that is decided when all others are known."""
        found = compare(sample, reference, confidence=self.confidence)
        return Claim(key, text, network, measured, "undecided", found, expected)

    def apart(self, first: np.ndarray, second: np.ndarray) -> tuple[float, tuple[float, float]]:
        """How well one number tells two sets apart, and between which bounds that lies."""
        value = float(separation(first, second))
        if value == 1:
            return value, (1.0, 1.0)
        found = bootstrap(
            (first, second),
            separation,
            n_resamples=self.n_bootstrap,
            confidence_level=self.confidence,
            method="percentile",
            batch=1000,
            rng=np.random.default_rng(0),
        ).confidence_interval
        return value, (float(found.low), float(found.high))


def _toy(toy: Tree) -> Iterator[Claim]:
    means = np.mean(toy["heights"], axis=1)
    spread = float(np.ptp(means))
    drop = toy["straight_height"] - float(means.mean())
    yield Claim(
        "toy-smoothness",
        "On the toy the height hardly depends on the smoothness λ",
        "toy",
        "range of the mean heights over λ = 10, 100, 1000, as a part of the drop from the straight "
        "line; below 0.1 confirms",
        "confirmed" if spread < 0.1 * drop else "contradicted",
        value=spread / drop,
    )


def _training(judge: _Judge, name: str, training: Tree) -> Iterator[Claim]:
    lbfgs, sgd = training["lbfgs"], training["sgd"]
    yield judge(
        "training-loss",
        "L-BFGS reaches a far lower training loss than SGD",
        name,
        "log10 of the lowest training loss, L-BFGS against SGD",
        "lower",
        Sample.of_members(_log10(lbfgs["minimum_train"]["losses"])),
        Sample.of_members(_log10(sgd["minimum_train"]["losses"])),
    )
    final, lowest = _log10(lbfgs["final_test"]), _log10(lbfgs["minimum_test"]["losses"])
    rise = final - lowest
    rises = name in RISES
    # A rise is never negative, so it is held against a tenth, not against zero.
    threshold = np.full_like(rise, np.log10(1 + MARGIN))
    yield judge(
        "test-loss-rise",
        "L-BFGS's test loss rises sharply after its minimum"
        if rises
        else "L-BFGS's test loss does not rise after its minimum",
        name,
        "log10 of final over lowest test loss, against that of a rise by a tenth",
        "higher" if rises else "not higher",
        Sample.of_members(rise),
        Sample.of_members(threshold),
    )
    yield judge(
        "test-loss",
        "SGD reaches the lower test loss"
        if name != "autoencoder"
        else "L-BFGS reaches the lower test loss",
        name,
        "lowest test loss, SGD against L-BFGS",
        "lower" if name != "autoencoder" else "higher",
        Sample.of_members(sgd["minimum_test"]["losses"]),
        Sample.of_members(lbfgs["minimum_test"]["losses"]),
    )


def _heights(judge: _Judge, name: str, kind: str, heights: Tree) -> Iterator[Claim]:
    how = KIND_NAMES[kind]
    for landscape, sets in heights.items():
        lower = landscape == "test" or name in LOWER_WITH_SGD
        for of in ("train", "test"):
            sgd, lbfgs = sets.get(f"sgd-{of}"), sets.get(f"lbfgs-{of}")
            if sgd is None or lbfgs is None:
                continue
            yield judge(
                f"sgd-lower-{of}-on-{landscape}-{kind}",
                f"SGD's '{of}' heights are {'' if lower else 'not '}lower than L-BFGS's "
                f"on the {'training' if landscape == 'train' else 'test'} landscape",
                name,
                f"heights, {how}" if lower else f"heights, {how}; against a tenth less",
                "lower" if lower else "not lower",
                _of_pairs(sgd),
                _of_pairs(lbfgs, 1.0 if lower else 1 - MARGIN),
            )
    sets = heights.get("train", {})
    if {"lbfgs-train", "lbfgs-test"} <= sets.keys():
        exceeds = name in TRAIN_ABOVE_TEST
        margin = "" if exceeds else "; against a tenth more"
        yield judge(
            f"lbfgs-train-above-test-{kind}",
            f"L-BFGS's 'train' heights {'exceed' if exceeds else 'do not exceed'} its 'test' "
            "heights",
            name,
            f"heights on the training landscape, {how}{margin}",
            "higher" if exceeds else "not higher",
            _of_pairs(sets["lbfgs-train"]),
            _of_pairs(sets["lbfgs-test"], 1.0 if exceeds else 1 + MARGIN),
        )


def _of_pairs(found: Tree, times: float = 1.0) -> Sample:
    return Sample.of_pairs(times * np.asarray(found["heights"]), found["pairs"])


def _distances(judge: _Judge, name: str, distances: Tree) -> Iterator[Claim]:
    for of, figure in (("train", "Fig. 5"), ("test", "Fig. S3")):
        yield judge(
            f"further-out-{of}",
            f"L-BFGS's '{of}' weights lie further out than SGD's 'test' weights ({figure})",
            name,
            "distance from the common origin",
            "higher",
            Sample.of_members(distances[f"lbfgs-{of}"]),
            Sample.of_members(distances["sgd-test"]),
        )
    half = distances["half_without_chance"]
    nearest = min(map(min, (distances["lbfgs-test"], distances["sgd-test"])))
    yield Claim(
        "centroids-close",
        "The centroids of the two test sets are close",
        name,
        "half the distance between them, without what few members add to it by chance, over the "
        "distance of the nearest member from the common origin; below 0.5 confirms",
        "confirmed" if half < 0.5 * nearest else "contradicted",
        value=half / nearest,
    )


def _components(judge: _Judge, name: str, pca: Tree) -> Iterator[Claim]:
    def apart(figure: str, kernel: str) -> tuple[float, tuple[float, float]]:
        found = pca[figure][kernel]
        first, second = (np.asarray(found[optimizer])[:, 0] for optimizer in ("lbfgs", "sgd"))
        return judge.apart(first, second)

    value, interval = apart("figure6", "rbf")
    yield Claim(
        "pca-separates",
        "An RBF kernel separates L-BFGS's 'train' from SGD's 'test' weights along PC1 (Fig. 6)",
        name,
        f"chance that PC1 tells two members apart; from {SEPARATED} confirms, an interval below it "
        "contradicts",
        _separates(value, interval),
        value=value,
        interval=interval,
    )
    value, interval = max(apart("figure6", kernel) for kernel in ("linear", "poly", "sigmoid"))
    opposite = {"confirmed": "contradicted", "contradicted": "confirmed"}
    yield Claim(
        "pca-other-kernels",
        "Linear, polynomial and sigmoid kernels do not",
        name,
        f"the largest such chance of the three; from {SEPARATED} contradicts, an interval below it "
        "confirms",
        opposite.get(_separates(value, interval), "undecided"),
        value=value,
        interval=interval,
    )
    value, interval = apart("s4", "rbf")
    vanishes = name in VANISHES
    yield Claim(
        "pca-test-sets",
        f"Between the two test sets that separation {'nearly vanishes' if vanishes else 'persists'}"
        " (Fig. S4)",
        name,
        f"chance that PC1 tells two members apart; below {MIXED} it has nearly vanished, from "
        f"{SEPARATED} it persists, and the interval must leave the other out",
        _vanishes(value, interval) if vanishes else _separates(value, interval),
        value=value,
        interval=interval,
    )


def _separates(value: float, interval: tuple[float, float]) -> str:
    if value >= SEPARATED:
        return "confirmed"
    return "contradicted" if interval[1] < SEPARATED else "undecided"


def _vanishes(value: float, interval: tuple[float, float]) -> str:
    if interval[0] >= MIXED or value >= SEPARATED:
        return "contradicted"
    return "confirmed" if value < MIXED and interval[1] < SEPARATED else "undecided"


def _log10(losses: list[float]) -> np.ndarray:
    # In float32 a loss may be zero exactly.
    return np.log10(np.maximum(np.asarray(losses, dtype=float), 1e-12))
