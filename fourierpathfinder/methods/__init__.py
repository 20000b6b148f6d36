"""The ways to find a path: one file each, one small interface (`base`)."""

from .direct import Direct
from .paper import Paper
from .stochastic import Stochastic
from .surrogate import Surrogate

__all__ = ["Direct", "Paper", "Stochastic", "Surrogate"]
