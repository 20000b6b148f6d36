"""Moved to `fourierpathfinder.atoms`; these names answer here until the next release."""

from .._deprecation import moved

__getattr__ = moved("fourierpathfinder.landscapes.molecule", "fourierpathfinder.atoms")
