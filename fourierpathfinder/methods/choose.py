"""Which method suits a landscape, where the user leaves that open."""

import numpy as np

from .._arrays import Array
from ..landscapes.abilities import Abilities
from .base import Method
from .direct import Direct
from .stochastic import Stochastic
from .surrogate import Surrogate

_LARGEST_FOR_SURROGATE = 50_000
"""Coordinates up to which the surrogate's own arithmetic stays within seconds."""


def choose_method(abilities: Abilities, start: Array) -> Method:
    """The best method for a landscape and ends of this kind.

    What is stochastic (a mean over samples, or noisy) goes to `Stochastic`. The surrogate is
    NumPy's; arrays of other libraries go to the direct method, which stays on their device.
    """
    if abilities.stochastic:
        return Stochastic()
    return (
        Surrogate()
        if isinstance(start, np.ndarray) and len(start) <= _LARGEST_FOR_SURROGATE
        else Direct()
    )
