"""The loss of a neural network as a landscape over its parameters."""

from .landscape import NetworkLandscape

__all__ = ["NetworkLandscape"]
