"""Directions across a path in which what moves along it may move, and those that data are blind to.

On a path in a plane of symmetry every gradient lies in that plane, and so does all that follows
from gradients: an atom that goes head-on between two others is never told that it would rather pass
beside them. A point a little aside tells, and serves as well as one on the path in all else.
"""

import numpy as np

from .._arrays import Array
from ..result import Saddle
from .channel import Channel
from .prediction import Candidate, Prediction
from .records import Records


def directions_across(channel: Channel, saddle: Saddle) -> Array:
    """Directions (k, D) across the path at its top, in which what moves along it would move most.

    They have length 1, and leave out motions of the whole that cost nothing.
    """
    drawn = _drawn(channel, len(saddle.position))
    along = _along(channel, saddle.position, saddle.time)
    across = _without(drawn, along, channel.policy.across.nothing)
    sizes, before = np.linalg.norm(across, axis=1), np.linalg.norm(drawn, axis=1)
    kept = sizes > channel.policy.across.aside * before
    return np.asarray(across[kept] / sizes[kept, None])


def off_symmetry(
    channel: Channel, prediction: Prediction, records: Records, top: Candidate
) -> Candidate:
    """The candidate for the path's top; moved aside where what is known is blind to a direction."""
    known, numbers = records.known, channel.policy.across
    if len(known) < numbers.known:
        return top
    steps = np.concatenate([known.x, channel.path.end[None]]) - channel.path.start
    telling = [_telling(vectors, numbers.nothing) for vectors in (known.gradients, steps)]
    excluded = np.concatenate([_along(channel, top.point, top.time), *telling])
    drawn = _drawn(channel, len(top.point))
    unseen = _without(drawn, excluded, numbers.nothing)
    shares = np.linalg.norm(unseen, axis=1) / np.linalg.norm(drawn, axis=1)
    most = int(shares.argmax())
    if shares[most] < numbers.blind:
        return top
    aside = unseen[most] / np.linalg.norm(unseen[most])
    point = top.point + numbers.aside * channel.chord * aside
    return prediction.candidate_at("aside", point, top.time) if channel.is_open(point) else top


def _drawn(channel: Channel, n_coordinates: int) -> Array:
    """Random directions (k, D), mostly of what moves along the path."""
    times = np.linspace(0, 1, channel.policy.ask.n_times)
    weights = channel.aim.sides.mobility(channel.path.velocity(times))
    shape = (channel.policy.across.directions, n_coordinates)
    return np.asarray(weights**2 * np.random.default_rng(0).standard_normal(shape))


def _along(channel: Channel, point: Array, time: float) -> Array:
    """The path's direction, and those in which the whole moves at no cost (k, D)."""
    velocity = np.asarray(channel.path.velocity(time))[None]
    return np.concatenate([velocity, channel.aim.sides.free_motions(point)])


def _telling(vectors: Array, nothing: float) -> Array:
    """Those (k, D) that are not next to nothing, as directions."""
    sizes = np.linalg.norm(vectors, axis=1)
    kept = sizes > nothing * np.median(sizes)  # the largest may be that of one point far away
    return np.asarray(vectors[kept] / sizes[kept, None])


def _without(vectors: Array, others: Array, nothing: float) -> Array:
    """What of vectors (k, D) is orthogonal to all others (m, D)."""
    _, sizes, basis = np.linalg.svd(others, full_matrices=False)
    basis = basis[sizes > nothing * sizes[0]]
    return np.asarray(vectors - (vectors @ basis.T) @ basis)
