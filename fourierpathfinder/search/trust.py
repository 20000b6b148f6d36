"""How far a channel trusts its surrogate beyond what is known.

Where the landscape is exact, boldness pays: over the systems of `benchmarks/barriers.py` it saves a
seventh of the gradients and certifies no more wrong paths. Where values and gradients carry noise
the variance of high walls would drown in it, and a step too far is not put right by the next one.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Boldness:
    """Limits of trust; deviations are the surrogate's own, not calibrated, and in units of E.

    Parameters
    ----------
    warp_width : float
        Scale of the warp in units of the range that it leaves alone.
    at_saddle : float
        The largest deviation at which the surrogate's saddle is worth an evaluation.
    on_path : float
        The largest deviation that the path may move into.
    in_a_row : bool
        Whether one saddle may be asked for after another, without a look at the rest of the path.
    """

    warp_width: float
    at_saddle: float
    on_path: float
    in_a_row: bool

    @classmethod
    def with_noise(cls, noise: float) -> "Boldness":
        """What suits a landscape whose values have noise of this standard deviation."""
        return WARY if noise > 0 else BOLD


BOLD = Boldness(warp_width=4.0, at_saddle=0.5, on_path=0.4, in_a_row=True)
WARY = Boldness(warp_width=0.5, at_saddle=0.25, on_path=0.25, in_a_row=False)
