"""Moved to `gaussian_process` and `search`; these names answer here until the next release."""

from ._deprecation import moved

__getattr__ = moved(
    "fourierpathfinder.surrogate",
    "fourierpathfinder.gaussian_process",
    "fourierpathfinder.search.warp",
)
