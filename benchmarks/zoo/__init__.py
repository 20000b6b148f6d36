"""Architectures of every kind: whether the landscape's loss at an end is the module's own."""
