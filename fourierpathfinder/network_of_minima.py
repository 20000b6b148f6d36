"""Moved to `fourierpathfinder.graph`; these names answer here until the next release."""

from ._deprecation import moved

__getattr__ = moved("fourierpathfinder.network_of_minima", "fourierpathfinder.graph")
