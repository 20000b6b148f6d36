"""States to ask: those of a search driven by hand, and states made by hand on a known surface."""

from collections.abc import Callable
from dataclasses import dataclass, fields, is_dataclass, replace
from types import SimpleNamespace
from typing import Any

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
from fourierpathfinder.search.state import Aim, Knowledge
from fourierpathfinder.search.warp import Warp


@dataclass(frozen=True, eq=False)
class Driven:
    """A channel on a toy, what is known, and all that it has asked for."""

    toy: Toy
    channel: Channel
    records: Records
    asked: tuple[Candidate, ...] = ()

    @classmethod
    def begun(cls, toy: Toy | None = None, **aims: Any) -> "Driven":
        """The first state, of a slightly bent path, held to other `aims` than usual."""
        toy = toy or mueller_brown()
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


@dataclass(frozen=True, eq=False)
class Surface:
    """cos²(πx/2) + 2y² in the guise of a surrogate, with deviations as one likes.

    A path from (-1, 0) to (1, 0) goes over the saddle at (0, 0), whose value is 1, as is E.
    """

    spread: Callable[[np.ndarray], np.ndarray]
    x: np.ndarray
    noise = (0.0, 0.0)

    @property
    def data(self) -> Any:
        """Where something was evaluated."""
        return SimpleNamespace(x=self.x)

    def predict(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (M,) and gradients (M, 2)."""
        x, y = points.T
        slopes = np.stack([-np.pi / 2 * np.sin(np.pi * x), 4 * y], axis=1)
        return np.cos(np.pi * x / 2) ** 2 + 2 * y**2, slopes

    def deviation(self, points: np.ndarray) -> np.ndarray:
        """Deviations (M,)."""
        return self.spread(points)

    def hessian(self, point: np.ndarray) -> np.ndarray:
        """Second derivatives (2, 2)."""
        return np.diag([-(np.pi**2) / 2 * np.cos(np.pi * point[0]), 4.0])

    def span(self) -> None:
        """It varies everywhere."""

    def add(self, points: np.ndarray, *told: np.ndarray) -> "Surface":
        """The same; next to the new points nothing is unsure."""

        def spread(places: np.ndarray) -> np.ndarray:
            apart = np.linalg.norm(places[:, None] - points, axis=-1).min(axis=1)
            return self.spread(places) * (1 - np.exp(-50 * apart**2))

        return Surface(spread, np.concatenate([self.x, points]))


STRAIGHT = SinePath.straight(np.array([-1.0, 0.0]), np.array([1.0, 0.0]), 3)


def by_hand(
    deviation: float | Callable[[np.ndarray], np.ndarray] = 0.0,
    evaluated: tuple[tuple[float, float], ...] = (),
    failed: tuple[tuple[float, float], ...] = (),
    path: SinePath = STRAIGHT,
    **others: Any,
) -> tuple[Channel, Records]:
    """A state on `Surface` and its records: the path's ends, and points evaluated or failed."""
    spread = deviation if callable(deviation) else lambda points: np.full(len(points), deviation)
    x = np.array([path.start, path.end, *evaluated, *failed])
    surface = Surface(spread, x[: 2 + len(evaluated)])
    values, gradients = surface.predict(x)
    values[len(surface.x) :] = np.nan
    records = Records.of(x, values, gradients)
    aim = others.pop("aim", Aim(GaussianProcess(), tol=1e-3))
    known = Knowledge(
        model=surface,
        warp=Warp(2.0, 1.0),
        excluded=records.excluded(2.0, aim.policy.exclude),
        lowest=0.0,
        highest=1.0,
        higher_end=max(values[:2]),
        least_above=1.0,
    )
    return Channel(aim, path, known, scale=1.0, **others), records


def content(value: Any) -> Any:
    """All that a state consists of, in a form that compares."""
    if is_dataclass(value) and not isinstance(value, type):
        return type(value), tuple(content(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    return tuple(map(content, value)) if isinstance(value, tuple | list) else value


@pytest.fixture(name="by_hand", scope="session")
def make_by_hand() -> Callable[..., tuple[Channel, Records]]:
    """`by_hand(deviation, evaluated, failed, path, **others)`: a state and its records."""
    return by_hand


@pytest.fixture(name="content", scope="session")
def make_content() -> Callable[[Any], Any]:
    """`content(state)`: what compares by value."""
    return content


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
