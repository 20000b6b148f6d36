"""What chance draws for a step of a stochastic run: points of the path, and samples.

Times go on by the golden section from a random beginning, so that any few in a row are spread
evenly. They are then moved to where the path is higher than its ends, which nothing can lower: with
h a running average of the heights, the density of the times is

    p(t) ∝ s + max(0, h(t) - max(h(0), h(1)))/(max h - min h),

so that the lowest parts are still seen. Samples come from the data in a random order, and when all
have been taken, in another: the mean over each pass is that over all data. What is drawn depends on
a path's seed, the number of the step and the averages alone.
"""

from bisect import bisect_right
from functools import lru_cache
from itertools import accumulate
from math import isfinite

import numpy as np

N_DRAWN = 64
"""Steps whose times and samples are drawn together."""
_GOLDEN = (5**0.5 - 1) / 2
"""By which a time moves on from step to step, modulo its part: any few are spread evenly."""
_LOWEST = 0.2
"""s: how often the lowest parts of a path are seen, beside 1 + s for the highest. On LeNet a path
ends a third lower than with even times; with 0 nobody would notice that a low part rises."""
_LARGEST_DECK = 2**18
"""Of more samples than these, of which an order takes megabytes a path, each is drawn alone."""


@lru_cache(maxsize=2)
def drawn(
    seeds: tuple[int, ...], block: int, n_points: int, batch_size: int, n_samples: int
) -> tuple[np.ndarray, np.ndarray]:
    """Even times (K, steps, M) and samples (K, steps, M, B) of a block of steps."""
    times = np.empty((len(seeds), N_DRAWN, n_points))
    shape = N_DRAWN, n_points, batch_size
    samples = np.empty((len(seeds), *shape), dtype=np.int64)
    for k, seed in enumerate(seeds):
        rng = np.random.Generator(np.random.Philox(key=[seed, block]))
        within = (rng.random(n_points) + _GOLDEN * np.arange(N_DRAWN)[:, None]) % 1
        times[k] = (np.arange(n_points) + within) / n_points
        if batch_size and n_samples > _LARGEST_DECK:
            samples[k] = rng.integers(n_samples, size=shape)
        elif batch_size:
            n_each = N_DRAWN * n_points * batch_size
            samples[k] = _dealt(seed, block * n_each, n_each, n_samples).reshape(shape)
    return times, samples


def _dealt(seed: int, first: int, count: int, n_samples: int) -> np.ndarray:
    """So many samples, from the `first` on, of all passes over the data one after the other."""
    deck, skipped = divmod(first, n_samples)
    n_decks = -(-(skipped + count) // n_samples)
    passes = [_deck(seed, d, n_samples) for d in range(deck, deck + n_decks)]
    return np.concatenate(passes)[skipped : skipped + count]


@lru_cache(maxsize=8)
def _deck(seed: int, deck: int, n_samples: int) -> np.ndarray:
    """All samples in a random order."""
    key = [seed, 2**62 + deck]  # none of the keys of times
    return np.random.Generator(np.random.Philox(key=key)).permutation(n_samples)


def by_height(times: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Even times (K, M) moved to where the heights (K, bins) are above those of the ends.

    Of a path with a part whose height is not known yet they stay as they are.
    """
    moved = [
        [_moved(time, shares) for time in of_path]
        for of_path, shares in zip(times.tolist(), map(_shares, heights.tolist()), strict=True)
    ]
    return np.array(moved)


# Of so few numbers, plain Python takes a tenth of the time that NumPy does.
def _shares(heights: list[float]) -> list[float]:
    """What the density adds up to at the end of each part; alike where a height is not known."""
    if not all(map(isfinite, heights)):
        return list(accumulate(1.0 for _ in heights))
    ends, range_of_all = max(heights[0], heights[-1]), max(heights) - min(heights)
    return list(accumulate(_LOWEST + max(h - ends, 0.0) / (range_of_all or 1.0) for h in heights))


def _moved(time: float, shares: list[float]) -> float:
    """Where the density adds up to as large a part of all as `time` is of 1."""
    wanted = time * shares[-1]
    part = min(bisect_right(shares, wanted), len(shares) - 1)
    before = shares[part - 1] if part else 0.0
    return (part + (wanted - before) / (shares[part] - before)) / len(shares)
