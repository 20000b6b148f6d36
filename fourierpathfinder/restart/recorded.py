"""A landscape with a store of evaluations before it: what was asked is not asked again.

Every answer is in the store before it is used, and found again by its point. So a run that was
killed is simply run again from its beginning: whatever it asks for, be it in relaxing ends, in the
search or in checking the saddle, it receives without an evaluation until it comes to what is new.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from .._arrays import Array, array_namespace, detached, like, to_numpy
from ..evaluation import check_shapes
from ..landscapes.abilities import Forwarding, remind
from ..landscapes.isolation import IsolatedLandscape
from ..landscapes.protocols import Landscape
from ..storage.evaluations import Evaluation, EvaluationStore
from .recheck import Witness


class RecordedLandscape(Forwarding):
    """Keeps all evaluations of a landscape in a store.

    Parameters
    ----------
    landscape : Landscape
        What to evaluate.
    store : EvaluationStore
        Where evaluations are kept. Failures at its end are tried again: they may be what ended
        the run, and have been mended since.
    batch : int
        Points evaluated at a time, where the landscape itself does not say which is ready.
    repeats : bool
        Whether a point that this run asks for twice is evaluated twice; otherwise the first answer
        holds.

    Attributes
    ----------
    n_calculated, n_remembered : int
        Points evaluated by this process, and found in the file.
    """

    def __init__(
        self, landscape: Landscape, store: EvaluationStore, *, batch: int = 1, repeats: bool = False
    ) -> None:
        super().__init__(landscape)
        self._store = store
        self._batch = batch
        self._repeats = repeats
        known = list(store.known)
        while known and not known[-1].is_good:
            known.pop()
        self._known: dict[bytes, list[Evaluation]] = {}
        self._asked: dict[bytes, int] = {}
        self._followed: dict[bytes, Evaluation] = {}
        for evaluation in known:
            self._known.setdefault(_key(evaluation.point), []).append(evaluation)
            remind(landscape, evaluation.point, evaluation.value)
        self.n_calculated, self.n_remembered = 0, len(known)

    @property
    def records(self) -> list[Evaluation]:
        """All evaluations, each point with its last one, in the order of the points."""
        return [answers[-1] for answers in self._known.values()]

    @property
    def witness(self) -> Witness | None:
        """The last good evaluation, to be made again before a run goes on."""
        good = [evaluation for evaluation in self.records if evaluation.is_good]
        if not good:
            return None
        values = [evaluation.value for evaluation in good]
        steepest = max(float(np.linalg.norm(evaluation.gradient)) for evaluation in good)
        point, value, gradient = good[-1]
        return Witness(point, value, gradient, max(values) - min(values), steepest)

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D), those that are known from the store.

        A landscape that marks failures by NaN has them marked so here.
        """
        keys = [_key(row) for row in to_numpy(points)]
        wanted = [self._number(key) for key in keys]
        missing = [
            k for k, key in enumerate(keys)
            if key not in self._followed
            and wanted[k] >= len(self._known.get(key, ()))
            and (self._repeats or key not in keys[:k])
        ]  # fmt: skip
        if missing:
            self._evaluate(points, missing)
        found = [self._answer(key, number) for key, number in zip(keys, wanted, strict=True)]
        values = np.array([answer.value for answer in found])
        return like(values, points), like(np.stack([answer.gradient for answer in found]), points)

    def recall(self, point: np.ndarray) -> Evaluation | None:
        """What is known of a point, if it was evaluated and is good."""
        key = _key(np.asarray(point, dtype=float))
        answers = self._known.get(key, ())
        known = next((answer for answer in answers if answer.is_good), None)
        return known or self._followed.get(key)

    def follows(self, evaluation: Evaluation) -> None:
        """Answer with an evaluation that follows from another one; it is neither kept nor counted.

        What has been evaluated itself holds.
        """
        key = _key(evaluation.point)
        if key not in self._known:
            self._followed[key] = evaluation

    def _answer(self, key: bytes, number: int) -> Evaluation:
        return self._followed[key] if key in self._followed else self._known[key][number]

    def _number(self, key: bytes) -> int:
        """Which of the answers at a point is asked for now."""
        number = self._asked.get(key, 0)
        if self._repeats:
            self._asked[key] = number + 1
        return number

    def _evaluate(self, points: Array, which: list[int]) -> None:
        for ready in self._answers(points, which):
            new = [
                Evaluation(np.array(to_numpy(points[k, ...])), float(value), np.array(gradient))
                for k, value, gradient in ready
            ]
            self._store.add(*new)
            for evaluation in new:
                self._known.setdefault(_key(evaluation.point), []).append(evaluation)
            self.n_calculated += len(new)

    def _answers(
        self, points: Array, which: list[int]
    ) -> Iterator[list[tuple[int, Any, np.ndarray]]]:
        """The answers at some of the points, as soon as they are there."""
        xp = array_namespace(points)
        if isinstance(self.landscape, IsolatedLandscape):
            chosen = xp.stack([points[k, ...] for k in which])
            for k, value, gradient in self.landscape.evaluations(chosen):
                yield [(which[k], value, gradient)]
            return
        for first in range(0, len(which), self._batch):
            batch = which[first : first + self._batch]
            chosen = xp.stack([points[k, ...] for k in batch])
            returned = self.landscape.value_and_grad(chosen)
            check_shapes(chosen, returned)
            values, gradients = (to_numpy(detached(array)) for array in returned)
            yield list(zip(batch, values, gradients, strict=True))


def _key(point: np.ndarray) -> bytes:
    return np.ascontiguousarray(point).tobytes()
