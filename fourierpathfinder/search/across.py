"""Directions across a path in which what moves along it may move, and those that data are blind to.

On a path in a plane of symmetry every gradient lies in that plane, and so does all that follows
from gradients: an atom that goes head-on between two others is never told that it would rather pass
beside them. A point a little aside tells, and serves as well as one on the path in all else.
"""

import numpy as np

from .._arrays import Array
from .channel import Channel
from .prediction import Candidate, Prediction
from .records import Records

_TINY = float(np.finfo(float).tiny)


def directions_across(channel: Channel) -> Array:
    """Directions (k, D) across the path at its top, in which what moves along it would move most.

    They have length 1, and leave out motions of the whole that cost nothing.
    """
    assert channel.saddle is not None
    saddle = channel.saddle
    drawn = _drawn(channel, len(saddle.position))
    along = not_across(channel, saddle.position, saddle.time)
    across = _without(drawn, along, channel.policy.across.nothing)
    sizes, before = np.linalg.norm(across, axis=1), np.linalg.norm(drawn, axis=1)
    kept = sizes > channel.policy.across.aside * before
    return np.asarray(across[kept] / sizes[kept, None])


def not_across(channel: Channel, point: Array, time: float) -> Array:
    """The path's direction, and those in which the whole moves at no cost (k, D)."""
    velocity = np.asarray(channel.path.velocity(time))[None]
    return np.concatenate([velocity, channel.aim.sides.free_motions(point)])


def off_symmetry(
    channel: Channel, prediction: Prediction, records: Records, top: Candidate
) -> Candidate:
    """The candidate for the path's top; moved aside where what is known is blind to a direction."""
    numbers = channel.policy.across
    if len(records.known) < numbers.known:
        return top
    directions = unseen(channel, top.point, top.time, records, numbers.blind)
    if len(directions) == 0:
        return top
    point = top.point + numbers.aside * channel.chord * directions[0]
    return prediction.candidate_at("aside", point, top.time) if channel.is_open(point) else top


def unseen(channel: Channel, point: Array, time: float, records: Records, least: float) -> Array:
    """Directions (k, D) across the path that what is known is blind to, the least known first.

    They have length 1, and are what is left of others of which at least a share `least` is unknown.
    On a path that is nearly in a plane of symmetry all gradients and steps have a small part across
    it; what little it tells is not enough.
    """
    numbers, drawn = channel.policy.across, _drawn(channel, len(point))
    excluded = [not_across(channel, point, time), *_telling(channel, records)]
    left = _without(drawn, np.concatenate(excluded), numbers.nothing)
    sizes = np.linalg.norm(left, axis=1)
    shares = sizes / np.linalg.norm(drawn, axis=1)
    order = np.argsort(-shares)[: int((shares > least).sum())]
    return np.asarray(left[order] / sizes[order, None])


def _drawn(channel: Channel, n_coordinates: int) -> Array:
    """Random directions (k, D), of what moves along the path, and mostly of what moves most."""
    numbers = channel.policy.across
    times = np.linspace(0, 1, channel.policy.ask.n_times)
    weights = channel.aim.sides.mobility(channel.path.velocity(times))
    random = np.random.default_rng(0).standard_normal((numbers.directions, n_coordinates))
    powers = numbers.powers if _are_coordinates(channel) else numbers.powers[:1]
    return np.concatenate([weights**power * random for power in powers])


def _are_coordinates(channel: Channel) -> bool:
    """Whether the surrogate sees coordinates, of which each is new to it.

    Of distances between atoms what was seen in one direction tells of the others.
    """
    return channel.model.features.keeps_distances


def _telling(channel: Channel, records: Records) -> tuple[Array, Array]:
    """Orthonormal directions (k, D) in which gradients, and steps between points, are large."""
    known, numbers = records.known, channel.policy.across
    sizes = np.linalg.norm(known.gradients, axis=1, keepdims=True)
    # The largest may be that of one point far away, and all may be nothing.
    slopes = known.gradients / np.maximum(sizes, max(float(np.median(sizes)), _TINY))
    steps = np.concatenate([known.x, channel.path.end[None]]) - channel.path.start
    least = (numbers.slope, numbers.step) if _are_coordinates(channel) else (numbers.nothing,) * 2
    return leading(slopes, least[0]), leading(steps / channel.chord, least[1])


def leading(vectors: Array, least: float) -> Array:
    """The principal directions (k, D) of vectors (m, D), as far as these are that large there."""
    _, sizes, directions = np.linalg.svd(vectors, full_matrices=False)
    return np.asarray(directions[sizes > least])


def _without(vectors: Array, others: Array, nothing: float) -> Array:
    """What of vectors (k, D) is orthogonal to all others (m, D)."""
    _, sizes, basis = np.linalg.svd(others, full_matrices=False)
    basis = basis[sizes > nothing * sizes[0]]
    return np.asarray(vectors - (vectors @ basis.T) @ basis)
