"""Whether two channels between the same ends are one."""

import numpy as np

from ..landscapes.abilities import Abilities
from .channel import Channel


def resemble(one: Channel, other: Channel) -> bool:
    """Whether two paths run along each other, or over the same saddle."""
    numbers = one.policy.split
    if one.saddle is not None and other.saddle is not None:
        apart = float(np.linalg.norm(one.saddle.position - other.saddle.position))
        if apart < numbers.same_saddle * one.chord:
            return True
    times = np.linspace(0, 1, one.policy.ask.n_times + 1)
    mine, theirs = one.path(times), other.path(times)
    gaps = np.sqrt(((mine[:, None] - theirs) ** 2).sum(axis=-1)).min(axis=1)
    return float(gaps.max()) < numbers.alike * one.chord


def are_twins(one: Channel, other: Channel, abilities: Abilities) -> bool:
    """Whether two channels resemble each other, or a symmetry maps one saddle onto the other."""
    if resemble(one, other):
        return True
    same = abilities.comparable
    if same is None or one.saddle is None or other.saddle is None:
        return False
    apart = abs(one.saddle.value - other.saddle.value)
    alike = apart < one.path_tolerance + other.path_tolerance
    return alike and bool(same.same(one.saddle.position, other.saddle.position))
