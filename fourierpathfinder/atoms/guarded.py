"""Energies of whole structures: the calculator's, and a repulsion where atoms overlap."""

import logging
import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from .calculation import Calculation, Known
from .overlap import OverlapGuard
from .system import System

_log = logging.getLogger(__name__)


class GuardedCalculation:
    """Energy and gradient of all atoms, with the springs among the constraints.

    Where atoms overlap the calculator is not called; the energy there is counted from that of the
    template.

    Parameters
    ----------
    system : System
        Its springs are added, and its template is the reference.
    calculation : Calculation
        The calculator.
    contact : float
        As for `OverlapGuard`.

    Attributes
    ----------
    n_guarded : int
        How many structures had overlapping atoms so far, in this process.
    """

    def __init__(self, system: System, calculation: Calculation, contact: float) -> None:
        self._system = system
        self._calculation = calculation
        numbers = system.template.numbers
        self._guard = OverlapGuard(system.free.movable, system.image, numbers, contact)
        self._reference: float | None = None
        self._lock = threading.Lock()
        self.n_guarded = 0

    def __call__(self, positions: np.ndarray, known: Known | None) -> tuple[float, np.ndarray]:
        """Energy in eV and gradient (n, 3) in eV/Å; `known` is the calculator's own, if it is."""
        if self._guard.triggers(positions):
            return self._stand_in(positions)
        energy, gradient = known[:2] if known is not None else self._calculation(positions)
        more, slope = self._system.spring_energy(positions)
        self.note(positions, energy + more)
        return energy + more, gradient + slope

    def in_one_call(self, structures: Sequence[np.ndarray]) -> dict[int, Known]:
        """What a calculator that takes batches says, by index, of those that it is asked for."""
        asked = {
            m: positions
            for m, positions in enumerate(structures)
            if not self._guard.triggers(positions)
        }
        cell = np.array(self._system.template.cell)
        found = self._calculation.several([(positions, cell) for positions in asked.values()])
        return {} if found is None else dict(zip(asked, found, strict=True))

    def note(self, positions: np.ndarray, value: float) -> None:
        """What overlapping atoms are measured by is the value at the template."""
        if self._reference is None and (positions == self._system.template.positions).all():
            self._reference = value

    def refuse_overlaps(self, positions: np.ndarray, name: str) -> None:
        """Raise a ValueError where atoms overlap in the structure of this name."""
        self._guard.refuse(positions, name)

    def _stand_in(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        with self._lock:
            self.n_guarded += 1
            if self._reference is None:
                template = self._system.template.positions
                energy, _ = self._calculation(template)
                self._reference = energy + self._system.spring_energy(template)[0]
        _log.info("calculator not called: %s", self._guard.overlaps(positions)[0])
        repulsion, gradient = self._guard.value_and_grad(positions)
        return self._reference + repulsion, gradient

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.Lock()
