"""The search for a low path on a surrogate: what to evaluate next, and when the path is known."""
