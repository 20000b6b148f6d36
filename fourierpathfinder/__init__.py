"""Low-height paths between two points of any energy or loss landscape."""

from .path import SinePath

__all__ = ["SinePath"]
