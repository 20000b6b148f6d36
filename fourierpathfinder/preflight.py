"""Moved to `fourierpathfinder.atoms.preflight`; these names answer here until the next release."""

from ._deprecation import moved

__getattr__ = moved("fourierpathfinder.preflight", "fourierpathfinder.atoms.preflight")
