"""Two structures checked before a calculator is called: may a path join them, and should it.

Each check answers with a `Finding`: a plain sentence that says what to do and, where that is safe,
the ends with it done. One file holds the checks of one idea.
"""

from .chirality import mirrored
from .finding import Ends, Finding, Severity
from .inspect import preflight, repair
from .minimum import same_minimum, unrelaxed

__all__ = [
    "Ends",
    "Finding",
    "Severity",
    "mirrored",
    "preflight",
    "repair",
    "same_minimum",
    "unrelaxed",
]
