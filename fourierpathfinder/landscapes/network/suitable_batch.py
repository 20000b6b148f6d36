"""How many samples a mini-batch has where nobody says."""

_SMALL_BYTES = 2**20
"""What is kept for the backward pass of a mini-batch: on a processor the time per sample is about
1 ns a byte (0.5 to 1.7 on the networks of `benchmarks.networks`), and a step takes 1 ms besides."""
_LARGE_BYTES = 2**26
"""The same where more samples take no longer: a GPU does so much at once while it is told what to
do next. On an H200 the steps of those networks take 2 to 8 ms, with 32 samples as with 512."""
_FEWEST, _MOST, _MOST_PARALLEL = 64, 256, 512
"""Samples: with fewer a gradient is too noisy, more make it hardly less so."""
_FEWEST_NORMALISED = 128
"""Where their own statistics normalise them, which are noisy too; unless these keep more than the
larger number of bytes."""


def suitable_batch(bytes_each: float, *, normalised: bool, parallel: bool) -> int:
    """Samples whose gradients cost about what else there is in a step, within bounds.

    Parameters
    ----------
    bytes_each : float
        What a sample keeps for the backward pass.
    normalised : bool
        Whether batch normalisation takes its statistics from the mini-batch.
    parallel : bool
        Whether it is computed on a GPU or the like.
    """
    fitting = _LARGE_BYTES / max(bytes_each, 1.0)
    if parallel:
        return int(min(max(fitting, _FEWEST), _MOST_PARALLEL))
    least = max(_FEWEST, min(fitting, _FEWEST_NORMALISED)) if normalised else _FEWEST
    return int(min(max(_SMALL_BYTES / max(bytes_each, 1.0), least), _MOST))
