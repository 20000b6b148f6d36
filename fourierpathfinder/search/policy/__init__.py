"""Every number of the search on a surrogate, grouped by the question that it answers.

Lengths are in chords (the distance of the path's ends) and values in E (the path's rise above the
lowest value known), unless a field says otherwise, so that no unit of the landscape enters.
`BOLD` suits landscapes that are exact, `WARY` those with noise. What halving and doubling each
number does to the count of gradients is measured by `python benchmarks/sensitivities.py`.
"""

from dataclasses import dataclass, field, replace

from .beneath import Beneath
from .certificate import Certify
from .doubt import Doubt
from .evaluation import Ask
from .path import Climb, Move
from .ridge import Across
from .run import Split, Stop
from .surrogate import Exclude, See, Trust

__all__ = [
    "BOLD",
    "WARY",
    "Across",
    "Ask",
    "Beneath",
    "Certify",
    "Climb",
    "Doubt",
    "Exclude",
    "Move",
    "Policy",
    "See",
    "Split",
    "Stop",
    "Trust",
]


@dataclass(frozen=True)
class Policy:
    """All of them."""

    see: See = field(default_factory=See)
    trust: Trust = field(default_factory=Trust)
    exclude: Exclude = field(default_factory=Exclude)
    move: Move = field(default_factory=Move)
    climb: Climb = field(default_factory=Climb)
    ask: Ask = field(default_factory=Ask)
    doubt: Doubt = field(default_factory=Doubt)
    certify: Certify = field(default_factory=Certify)
    across: Across = field(default_factory=Across)
    stop: Stop = field(default_factory=Stop)
    split: Split = field(default_factory=Split)
    beneath: Beneath = field(default_factory=Beneath)


BOLD = Policy()
"""For exact landscapes: over the systems of the benchmark of barriers boldness saves a seventh of
the gradients, and certifies no more wrong paths."""

WARY = replace(
    BOLD, trust=Trust(warp_width=0.5, at_saddle=0.25, on_path=0.25, saddles_in_a_row=False)
)
"""For values and gradients with noise: a step too far is not put right by the next one."""
