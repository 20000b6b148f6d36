"""Runs that continue from a file: evaluations are kept, and checked before they are used again.

`recorded` puts a store of evaluations before a landscape, `keeper` keeps a run's state between its
iterations, and `recheck` evaluates one recorded point again before a run continues.
"""
