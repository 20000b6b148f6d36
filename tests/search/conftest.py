"""A search that is driven by hand, one answer at a time; every state of it stays as it was."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pytest

from fourierpathfinder.gaussian_process import GaussianProcess
from fourierpathfinder.landscapes.toy import Toy, mueller_brown
from fourierpathfinder.path import SinePath
from fourierpathfinder.search.channel import Channel
from fourierpathfinder.search.judgement import Answer
from fourierpathfinder.search.phases import absorbed, begun
from fourierpathfinder.search.prediction import Candidate
from fourierpathfinder.search.proposals import propose
from fourierpathfinder.search.records import Records
from fourierpathfinder.search.state import Aim


@dataclass(frozen=True, eq=False)
class Driven:
    """A channel on Müller-Brown, what is known, and all that it has asked for."""

    toy: Toy
    channel: Channel
    records: Records
    asked: tuple[Candidate, ...] = ()

    @classmethod
    def begun(cls, **aims: object) -> "Driven":
        """The first state, of a slightly bent path, held to other `aims` than usual."""
        toy = mueller_brown()
        straight = SinePath.straight(toy.start, toy.end, 8)
        path = straight.with_coefficients(straight.coefficients + 0.01)
        points = np.stack([path.start, path.end, path(0.5)])
        records = Records.of(points, *toy.value_and_grad(points))
        aim = replace(Aim(GaussianProcess(nugget=1e-10), tol=1e-3), **aims)
        return cls(toy, begun(aim, path, records), records)

    @property
    def wanted(self) -> Candidate | None:
        """What is asked for."""
        return propose(self.channel, self.records)

    def answered(self) -> "Driven":
        """The state with the next candidate evaluated."""
        candidate = self.wanted
        assert candidate is not None
        new = Records.of(candidate.point[None], *self.toy.value_and_grad(candidate.point[None]))
        answer = Answer(candidate, float(new.values[0]), new.gradients[0])
        records = self.records.joined(new)
        channel = absorbed(self.channel, [answer], records)
        return Driven(self.toy, channel, records, (*self.asked, candidate))

    def until(self, reached: Callable[[Channel], bool]) -> "Driven":
        """The first state from here on for which that holds."""
        state = self
        while not reached(state.channel):
            state = state.answered()
        return state

    def to_the_end(self) -> "Driven":
        """The state in which nothing more is asked for."""
        state = self
        while state.wanted is not None:
            state = state.answered()
        return state


@pytest.fixture(scope="session")
def drive() -> Callable[..., Driven]:
    """`drive(**aims)`: the first state."""
    return Driven.begun


@pytest.fixture(scope="session")
def first(drive) -> Driven:
    return drive()


@pytest.fixture(scope="session")
def at_saddle(first) -> Driven:
    return first.until(lambda channel: channel.saddle is not None)


@pytest.fixture(scope="session")
def finished(at_saddle) -> Driven:
    return at_saddle.to_the_end()
