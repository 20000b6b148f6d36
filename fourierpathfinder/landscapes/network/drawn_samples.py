"""Samples drawn at random, and the same ones always.

Data are often sorted, by class as in a folder for each: the first samples, or neighbours, are then
of one kind. What is to stand for all is taken from one permutation of them, of a fixed seed.
"""

import numpy as np


def spread(n_samples: int, n_chosen: int) -> np.ndarray:
    """Indices of so many samples (or all, where there are fewer) from the first to the last."""
    return np.unique(np.linspace(0, n_samples - 1, min(n_samples, n_chosen)).round().astype(int))


def mixed(n_samples: int) -> np.ndarray:
    """All indices (n,) in an order that is random, and always the same."""
    return np.random.default_rng(0).permutation(n_samples)


def drawn(n_samples: int, n_chosen: int) -> np.ndarray:
    """Indices (k,) of some samples, ascending."""
    return np.sort(mixed(n_samples)[:n_chosen])


def mixed_batches(n_samples: int, size: int) -> list[np.ndarray]:
    """All indices in batches of about this size, none of one sample, which has no variance.

    Parameters
    ----------
    n_samples : int
    size : int
        Of the largest; but of 2, if they are odd in number, one has 3. If 1 is asked for, it is 1.

    Returns
    -------
    list of ndarray of int
        Batches whose sizes differ by one at most. A single one is in order.
    """
    most = n_samples // min(size, 2)
    n_batches = max(1, min(-(-n_samples // size), most))
    if n_batches == 1:
        return [np.arange(n_samples)]
    return np.array_split(mixed(n_samples), n_batches)
