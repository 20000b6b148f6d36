"""Moved to `fourierpathfinder.gaussian_process`; these names answer here until the next release."""

from ._deprecation import moved

__getattr__ = moved("fourierpathfinder.surrogate", "fourierpathfinder.gaussian_process")
