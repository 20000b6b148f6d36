"""A landscape that never evaluates a point twice, in this process or in any before it.

Every evaluation is in one file before it is used, found again by its point. So a run that was
killed is simply run again from its beginning: whatever it asks for, be it in relaxing ends, in the
search or in checking the saddle, it receives without a calculation until it comes to what is new.
"""

import numpy as np

from ..atoms import MoleculeLandscape
from ..landscapes import IsolatedLandscape
from ..landscapes.abilities import Forwarding
from ..storage.checkpoint import CheckpointFile

Record = tuple[np.ndarray, float, np.ndarray]


class RememberingLandscape(Forwarding):
    """Keeps all evaluations of a landscape in a file.

    Parameters
    ----------
    isolated : IsolatedLandscape
        What to evaluate.
    molecule : MoleculeLandscape
        The landscape that it evaluates.
    file : CheckpointFile
        Where evaluations are kept. Failures at its end are tried again: they may be what ended
        the run, and have been corrected since.

    Attributes
    ----------
    n_calculated, n_remembered : int
        Points evaluated by this process, and found in the file.
    """

    def __init__(
        self, isolated: IsolatedLandscape, molecule: MoleculeLandscape, file: CheckpointFile
    ) -> None:
        super().__init__(isolated)
        self.molecule = molecule
        self._isolated = isolated
        self._file = file
        self._known: dict[bytes, Record] = {}
        self._load()
        self.n_calculated, self.n_remembered = 0, len(self._known)

    @property
    def records(self) -> list[Record]:
        """All points (D,), values and gradients (D,), in the order of their evaluation."""
        return list(self._known.values())

    def value_and_grad(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values (M,) and gradients (M, D) at `points` (M, D), NaN where a point is bad."""
        points = np.asarray(points, dtype=float)
        new = {point.tobytes(): point for point in points if point.tobytes() not in self._known}
        if new:
            self._evaluate(np.stack(list(new.values())))
        found = [self._known[point.tobytes()] for point in points]
        return np.array([value for _, value, _ in found]), np.stack([g for _, _, g in found])

    def recall(self, point: np.ndarray) -> Record | None:
        """What is known of a point, if it was evaluated and is good."""
        record = self._known.get(np.asarray(point, dtype=float).tobytes())
        return record if record is not None and np.isfinite(record[1]) else None

    def _evaluate(self, points: np.ndarray) -> None:
        for index, value, gradient in self._isolated.evaluations(points):
            point = points[index].copy()
            self._known[point.tobytes()] = (point, value, gradient)
            self.n_calculated += 1
            self._save()

    def _save(self) -> None:
        names = ("points", "values", "gradients")
        columns = (np.array(column) for column in zip(*self._known.values(), strict=True))
        self._file.save(dict(zip(names, columns, strict=True)), {})

    def _load(self) -> None:
        saved = self._file.load()
        if saved is None:
            return
        columns = (saved.arrays[name] for name in ("points", "values", "gradients"))
        rows = [(p, float(v), g) for p, v, g in zip(*columns, strict=True)]
        while rows and not np.isfinite(rows[-1][1]):
            rows.pop()
        self._known = {point.tobytes(): (point, value, g) for point, value, g in rows}
