"""Many paths on one landscape: in lockstep where it is a network's loss, else a task each."""

from .find import find_paths

__all__ = ["find_paths"]
