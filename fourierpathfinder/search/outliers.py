"""Answers that cannot be true, found by what the surrogate and the other answers say.

A calculation may converge to something else and give a value that is finite and wrong. Such an
answer is doubted where

    |w(f) - mean| exceeds what the calibrated deviation allows, or
    |f_j - f_k - (g_j + g_k)·(x_j - x_k)/2| or |g_j| |x_j - x_k|  exceeds by far the range of
    all other values and of what the gradients of j and its nearest neighbour k span.

It is asked for once more: if the second answer confirms it, it is true; if not, it is left out.

All of them together are doubted where the gradients are not those of the values
(`gaussian_process.agreement`).
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from .._arrays import Array
from ..gaussian_process import Corrected, Observations
from ..gaussian_process.agreement import agreement
from .channel import Channel
from .judgement import Answer
from .policy import Doubt
from .records import Records


def doubtful(channel: Channel, answers: Sequence[Answer], records: Records) -> list[int]:
    """The indices of the records, of which the last are the `answers`, that cannot be true."""
    first = len(records) - len(answers)
    found = {
        first + k
        for k, answer in enumerate(answers)
        if not answer.failed and _is_impossible(channel, answer)
    }
    numbers = channel.policy.doubt
    if (~records.failed).sum() >= numbers.fewest:
        every = range(len(records))
        looked_at = every if len(records) <= numbers.few else _around(records, every[first:])
        found.update(j for j in looked_at if is_odd(records, j, numbers))
    return sorted(found)


def disagreement(channel: Channel, records: Records, explained: float) -> float:
    """How much likelier values and gradients are as those of two functions than of one.

    Not at all where gradients leave less than `explained` of the changes of value.
    """
    known, numbers = records.known, channel.policy.doubt
    if len(known) < numbers.fewest:
        return -np.inf
    least = numbers.telling * channel.path_tolerance
    if unexplained(known, numbers, least) < explained:
        return -np.inf
    told = channel.known.warp(known.values, known.gradients)
    model, data = channel.model, Observations.of(known.x, *told)
    if isinstance(model, Corrected):  # evaluations are few and far apart: smooth beyond the mean
        return -agreement(model.difference, model.beyond_mean(data))
    return -agreement(model, data)


def unexplained(records: Records, numbers: Doubt, least: float = 0.0) -> float:
    """The part of a change of value from one point to the next that gradients do not explain.

    A quantile over the nearest half of all pairs of nearest neighbours, or the few nearest of
    many. The trapezoidal rule is exact up to the third order in their distance, so for points as
    near as those at a saddle the true gradient leaves little; a factor of two leaves a third, a
    wrong sign everything. Pairs that change by less than `least`, and should, say nothing: what
    little they differ by may be rounding, as in single precision.
    """
    pairs = {tuple(sorted((j, nearest(records, j)))) for j in range(len(records))}
    i, j = np.array(sorted(pairs)).T
    steps = records.x[j] - records.x[i]
    changes = records.values[j] - records.values[i]
    foretold = ((records.gradients[i] + records.gradients[j]) / 2 * steps).sum(axis=1)
    count = min((len(steps) + 1) // 2, numbers.most_pairs)
    whole = np.maximum(np.abs(changes) + np.abs(foretold), np.finfo(float).tiny)
    by_distance = np.argsort((steps**2).sum(axis=1))
    telling = by_distance[whole[by_distance] >= least]
    near = (telling if len(telling) >= count else by_distance)[:count]
    return float(np.quantile((np.abs(changes - foretold) / whole)[near], numbers.pairs))


def is_odd(records: Records, j: int, numbers: Doubt) -> bool:
    """Whether a value or gradient cannot be, by its nearest neighbour and the range of values."""
    if records.failed[j]:
        return False
    k = nearest(records, j)
    step = records.x[k] - records.x[j]
    spread = _spread_without(records, j)
    difference = records.values[k] - records.values[j]
    slopes = records.gradients[[j, k]]
    spans = np.linalg.norm(slopes, axis=1) * np.linalg.norm(step)
    missing = abs(difference - float(slopes.mean(axis=0) @ step))
    if not spread > 0:
        return False
    too_far = missing > numbers.value * (spread + spans.sum())
    return bool(too_far or spans[0] > numbers.slope * (spread + abs(difference)))


def nearest(records: Records, j: int) -> int:
    """The record, of those that did not fail, that is nearest to another."""
    squared = ((records.x - records.x[j]) ** 2).sum(axis=1)
    squared[j] = np.inf
    return int(np.where(records.failed, np.inf, squared).argmin())


def second_place(records: Records, j: int, chord: float, numbers: Doubt) -> Array:
    """Where (D,) a record is asked for once more: beside it, towards its nearest neighbour."""
    steps = records.x - records.x[j]
    sizes = np.linalg.norm(steps, axis=1)
    k = int(np.where(records.failed | (sizes == 0), np.inf, sizes).argmin())
    return records.x[j] + numbers.nudge * chord * steps[k] / (sizes[k] or 1.0)


def confirms(records: Records, j: int, again: Records, numbers: Doubt) -> bool:
    """Whether a second answer, moved to the place of the first, is the same."""
    if again.failed[0]:
        return False
    k = nearest(records, j)
    odd = abs(records.values[k] - records.values[j])
    change = float(np.linalg.norm(again.gradients[0] - records.gradients[j]))
    steepest = max(float(np.linalg.norm(g)) for g in (again.gradients[0], records.gradients[j]))
    # At a minimum both gradients are next to nothing, and yet differ.
    apart = float(np.linalg.norm(records.x[k] - records.x[j]))
    same_value = abs(again.values[0] - records.values[j]) <= numbers.agreeing * odd
    same_gradient = (
        change <= numbers.agreeing * steepest or change * apart <= numbers.agreeing * odd
    )
    return bool(same_value and same_gradient)


def corrected(records: Records, j: int, again: Records) -> Records:
    """The records with a second answer in the place of the first."""
    values, gradients, failed = (
        np.array(array) for array in (records.values, records.gradients, records.failed)
    )
    values[j], gradients[j], failed[j] = again.values[0], again.gradients[0], again.failed[0]
    return replace(records, values=values, gradients=gradients, failed=failed)


def moved_back(place: Array, x: Array, value: float, gradient: Array) -> Records:
    """What was answered at a place, as an answer at `x` (D,) right beside it."""
    there = value - float(gradient @ (place - x))
    return Records.of(x[None], np.array([there]), gradient[None])


def _is_impossible(channel: Channel, answer: Answer) -> bool:
    numbers, asked = channel.policy.doubt, answer.candidate
    miss = float(channel.known.warp.value(np.array(answer.value))) - asked.mean
    unsure = channel.progress.calibration.factor * asked.deviation + channel.path_tolerance
    if miss > 0:
        return miss > max(numbers.misses * channel.scale, numbers.deviations * unsure)
    below = max(numbers.misses_below * channel.scale, numbers.deviations_below * unsure)
    return -miss > below


def _around(records: Records, new: Sequence[int]) -> set[int]:
    return {*new, *(nearest(records, j) for j in new)}


def _spread_without(records: Records, j: int) -> float:
    others = np.delete(records.values, j)
    return float(np.nanmax(others) - np.nanmin(others))
