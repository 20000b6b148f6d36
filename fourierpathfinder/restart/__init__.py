"""Runs that go on from a file: what is evaluated is kept, and what was kept is trusted only so far.

`recorded` puts a store of evaluations before a landscape, `keeper` keeps a run's state between its
iterations, and `recheck` evaluates one recorded point again before a run goes on.
"""
