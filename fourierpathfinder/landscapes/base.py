"""Moved to `fourierpathfinder.landscapes.protocols`; the old name answers for one release."""

from .._deprecation import moved

__getattr__ = moved("fourierpathfinder.landscapes.base", "fourierpathfinder.landscapes.protocols")
