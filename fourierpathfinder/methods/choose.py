"""Which method suits a landscape, where the user leaves that open."""

from ..landscapes.base import Landscape
from .base import Method
from .direct import Direct


def choose_method(landscape: Landscape, n_coordinates: int) -> Method:
    """The best method for a landscape of `n_coordinates` coordinates."""
    if getattr(landscape, "stochastic", False):
        raise ValueError(
            "the landscape is stochastic, and no method for such landscapes was chosen; make it "
            "deterministic (all data in each call), or pass `method=Paper(...)`"
        )
    return Direct()
