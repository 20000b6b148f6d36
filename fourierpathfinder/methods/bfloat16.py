"""Arrays in bfloat16, which has 8 significant bits, without losing what is smaller than these.

A number x between two representable ones is rounded to either at random, with the probabilities
that make the mean x: with u uniform in [0, 1) and q the distance of the two,

    x → nearest(x + (u - 1/2) q).

Only torch has this type.
"""

from typing import Any

import numpy as np

from .._arrays import Array, array_namespace
from .._lazy import cached_property

_BITS = 8


class StochasticRounding:
    """Rounds arrays like `array` at random, in the same way for the same seeds."""

    def __init__(self, array: Array, seeds: list[int]) -> None:
        self._array = array
        self._seeds = seeds

    def __call__(self, x: Array) -> Array:
        """`x` in bfloat16."""
        xp = array_namespace(x)
        _, exponent = xp.frexp(x)
        distance = xp.ldexp(xp.abs(xp.sign(x)), exponent - _BITS)  # of zero none
        u = xp.rand(x.shape, generator=self._generator, dtype=x.dtype, device=x.device)
        return in_dtype(x + (u - 0.5) * distance, "bfloat16")

    @cached_property
    def _generator(self) -> Any:
        generator = array_namespace(self._array).Generator(device=self._array.device)
        seed = int(np.random.SeedSequence(self._seeds).generate_state(1)[0])
        return generator.manual_seed(seed)


def in_dtype(array: Array, dtype: str | None) -> Array:
    """The array in a dtype of its own library, by name.

    Raises
    ------
    ValueError
        If the library has no such type.
    """
    if dtype is None:
        return array
    xp = array_namespace(array)
    if not hasattr(xp, dtype):
        library = type(array).__module__.split(".")[0]
        raise ValueError(f"`dtype` is {dtype!r}, but arrays of {library} have no such type")
    return xp.asarray(array, dtype=getattr(xp, dtype))
