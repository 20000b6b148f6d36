"""Saddles looked at by themselves: how many ways lead down, and to which minima."""

from .verification import SaddleReport, verify_saddle

__all__ = ["SaddleReport", "verify_saddle"]
