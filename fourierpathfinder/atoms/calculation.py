"""Energy and gradient of one structure, E(x) and ∂E/∂x = -F(x), from an ASE calculator.

In a cell that changes also its stress σ, in eV/Å³ as ASE has it.

A calculator has a state (its last structure, a scratch folder, a handle of a C library), so two
threads must not share one. A factory makes one for every thread of every process; a calculator
that was given ready-made is used by one thread at a time.
"""

import logging
import pickle
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeAlias

import numpy as np
from ase import Atoms
from ase.calculators.calculator import CalculationFailed, PropertyNotImplementedError
from ase.calculators.singlepoint import SinglePointCalculator

from .._arrays import Array
from .answers import energy_of, gradient_of
from .batches import BatchCalculator, evaluated_together
from .content import calculator_identity
from .minimum_image import MinimumImage

Calculator: TypeAlias = Any
"""An ASE calculator: ASE itself asks only for its methods, not for a base class."""

Known: TypeAlias = tuple[float, np.ndarray, np.ndarray | None]
"""Energy in eV, its gradient (n, 3) in eV/Å, and where it was asked for the stress (3, 3)."""

_UNCHANGED = 1e-6
"""In Å: what is rounded where a structure is written to a file and read again moves less."""

_log = logging.getLogger(__name__)


class CalculatorError(RuntimeError):
    """A calculator failed at a point.

    Parameters
    ----------
    message : str
        Which calculator failed, where and how.
    point : ndarray (D,)
        The coordinates it failed at; `landscape.atoms(error.point)` is the structure.
    """

    def __init__(self, message: str, point: np.ndarray) -> None:
        super().__init__(message, point)
        self.point = point

    def __str__(self) -> str:
        return str(self.args[0])


class Calculation:
    """Evaluates a calculator, in as many threads and processes as there are.

    Parameters
    ----------
    atoms : ase.Atoms
        The system; only its positions change from call to call.
    calculator : ASE calculator, or callable without arguments that returns one
        What to evaluate.

    Attributes
    ----------
    name : str
        The class of the calculator; until a factory is first called, the factory's name.
    last_failure : str
        Why the last calculation failed, if it did as calculations do.

    Raises
    ------
    TypeError
        If `calculator` is neither.
    """

    def __init__(self, atoms: Atoms, calculator: Calculator | Callable[[], Calculator]) -> None:
        self._atoms = Atoms.copy(atoms)
        self._given = calculator
        self._is_factory = not _is_calculator(calculator)
        self.name = _name(calculator)
        self.last_failure = ""
        if isinstance(calculator, SinglePointCalculator):
            raise TypeError(
                "`calculator` is a SinglePointCalculator, which only remembers the energy of the "
                "structure it was read with; give the calculator itself, such as `EMT()`, or the "
                "function that makes it"
            )
        if self._is_factory and not callable(calculator):
            raise TypeError(
                f"`calculator` is a {type(calculator).__name__}; it must be an ASE calculator, "
                "or a function or class that returns one when called without arguments"
            )
        self._start_threads()

    def prepare(self) -> None:
        """Make this thread's calculator, so that a factory's own error comes as it is."""
        self._ready()

    def describe(self) -> str:
        """The calculator's class and settings, as far as it tells them."""
        calculator = self._ready().calc
        settings = dict(getattr(calculator, "parameters", None) or {})
        if isinstance(self._given, partial):
            settings |= self._given.keywords
        kind = f"{type(calculator).__module__}.{type(calculator).__qualname__}"
        return f"{kind}({', '.join(f'{key}={settings[key]!r}' for key in sorted(settings))})"

    def identity(self) -> dict[str, str]:
        """The calculator, its settings, code and files, part by part."""
        own = getattr(self._given, "identity", None)
        return calculator_identity(self._given, "" if own is not None else self.describe())

    def forget(self) -> None:
        """Make this thread's calculator start again: no wavefunction of the last structure."""
        if hasattr(self._local, "atoms") and hasattr(self._local.atoms.calc, "reset"):
            self._local.atoms.calc.reset()

    def __call__(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy in eV and its gradient (n, 3) in eV/Å at `positions` (n, 3) in Å."""
        if self._is_factory:
            return self._evaluate(positions)
        with self._lock:
            return self._evaluate(positions)

    def require_stress(self) -> None:
        """Raise a ValueError if the calculator says that it has no stress."""
        known = getattr(self._ready().calc, "implemented_properties", None)
        if known is not None and "stress" not in known:
            raise ValueError(self._no_stress())

    def in_cell(
        self, positions: np.ndarray, cell: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        """Energy in eV, gradient (n, 3) in eV/Å and stress (3, 3) in eV/Å³, in another cell."""
        if self._is_factory:
            return self._evaluate_in_cell(positions, cell)
        with self._lock:
            return self._evaluate_in_cell(positions, cell)

    @property
    def takes_batches(self) -> bool:
        """Whether the calculator evaluates several structures in one call."""
        return isinstance(self._ready().calc, BatchCalculator)

    def several(self, structures: Sequence[tuple[np.ndarray, np.ndarray]]) -> list[Known] | None:
        """Energy, gradient and stress at several (positions, cell), all in one call.

        None where there are not several, the calculator `takes_batches` not, or failed in this
        one: single calls then tell which structure it was.
        """
        calculator = self._ready().calc
        if len(structures) < 2 or not isinstance(calculator, BatchCalculator):
            return None
        images = [self._image(*structure) for structure in structures]
        with self._lock if not self._is_factory else nullcontext():
            try:
                return evaluated_together(calculator, images)
            except Exception as error:
                _log.warning(
                    "%s failed in a batch of %d (%s: %s); each is calculated by itself",
                    self.name, len(images), type(error).__name__, error,
                )  # fmt: skip
                self._discard()
                return None

    def _image(self, positions: np.ndarray, cell: np.ndarray) -> Atoms:
        image = Atoms.copy(self._atoms)
        image.set_constraint()
        image.positions, image.cell = positions, cell
        return image

    def _evaluate(self, positions: np.ndarray) -> tuple[float, np.ndarray]:
        atoms = self._ready()
        atoms.positions = positions
        with self._discarding(), self._left_in_place(atoms):
            return energy_and_gradient(atoms)

    def _evaluate_in_cell(
        self, positions: np.ndarray, cell: np.ndarray
    ) -> tuple[float, np.ndarray, np.ndarray]:
        atoms = self._ready()
        atoms.positions, atoms.cell = positions, cell
        with self._discarding(), self._left_in_place(atoms):
            energy, gradient = energy_and_gradient(atoms)
            try:
                stress = atoms.get_stress(voigt=False, apply_constraint=False)
            except (PropertyNotImplementedError, NotImplementedError) as error:
                raise ValueError(self._no_stress()) from error
        return energy, gradient, np.asarray(stress, dtype=float)

    def _no_stress(self) -> str:
        return (
            f"the calculator {self.name} gives no stress, without which a cell cannot change; use "
            "one that does, or keep the cell fixed"
        )

    @contextmanager
    def _discarding(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self._discard()
            raise

    @contextmanager
    def _left_in_place(self, atoms: Atoms) -> Iterator[None]:
        """Raise a ValueError where the calculator has moved atoms, or changed the cell.

        What it says then is of another structure. A shift by whole lattice vectors is none.
        """
        positions, cell = atoms.positions.copy(), np.array(atoms.cell)
        yield
        if (atoms.positions == positions).all() and (np.asarray(atoms.cell) == cell).all():
            return
        moved = MinimumImage(cell, atoms.pbc)(atoms.positions - positions)
        changed = max(np.abs(moved).max(initial=0), np.abs(np.asarray(atoms.cell) - cell).max())
        if not changed <= _UNCHANGED:
            raise ValueError(
                f"the calculator {self.name} has changed the structure that it was given, by up "
                f"to {changed:.2g} Å, as one does that relaxes it; use a calculator, or settings, "
                "for a single structure (VASP: NSW = 0)"
            )

    def _ready(self) -> Atoms:
        """The structure that belongs to the current thread, with its calculator."""
        if not hasattr(self._local, "atoms"):
            atoms = Atoms.copy(self._atoms)
            atoms.calc = self._made() if self._is_factory else self._given
            self.name = type(atoms.calc).__name__
            self._local.atoms = atoms
        return self._local.atoms

    def _discard(self) -> None:
        """Drop what a failed calculation leaves behind, which is not to be trusted."""
        calculator = self._local.__dict__.pop("atoms").calc
        if not self._is_factory and hasattr(calculator, "reset"):
            calculator.reset()

    def _made(self) -> Calculator:
        calculator = self._given()
        if not _is_calculator(calculator):
            raise TypeError(
                f"`calculator` returned a {type(calculator).__name__} when called; "
                "it must return an ASE calculator"
            )
        return calculator

    def _start_threads(self) -> None:
        self._local = threading.local()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        if not self._is_factory:
            _check_picklable(self._given)
        return {k: v for k, v in self.__dict__.items() if k not in ("_local", "_lock")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start_threads()


def each_evaluated(
    calculation: Calculation,
    points: Array,
    one: Callable[[np.ndarray, Known | None], tuple[float, np.ndarray]],
    in_one_call: Callable[[np.ndarray], Mapping[int, Known]],
) -> tuple[np.ndarray, np.ndarray]:
    """Energies (M,) and gradients (M, D) at `points` (M, D), point by point.

    What fails as calculations do (ASE's `CalculationFailed`) is logged and NaN.

    Parameters
    ----------
    calculation : Calculation
        The calculator.
    points : array (M, D)
    one : callable
        Energy and gradient (D,) at a point, where its calculation is known already from that.
    in_one_call : callable
        The calculations of several points, by their index, where the calculator takes batches.

    Raises
    ------
    CalculatorError
        If the calculator raises anything else.
    """
    points = np.asarray(points, dtype=float)
    together = len(points) > 1 and calculation.takes_batches
    known = in_one_call(points) if together else {}
    values, gradients = np.empty(len(points)), np.empty_like(points)
    calculation.last_failure = ""
    for m, point in enumerate(points):
        try:
            values[m], gradients[m] = one(point, known.get(m))
        except CalculationFailed as error:
            why = " ".join(str(error).split())
            calculation.last_failure = f"it raised {type(error).__name__}: {why}"
            _log.warning("%s", _failure(error, calculation.name, m, points))
            values[m], gradients[m] = np.nan, np.nan
        except Exception as error:
            raise _failure(error, calculation.name, m, points) from error
    return values, gradients


def _failure(error: Exception, name: str, index: int, points: np.ndarray) -> CalculatorError:
    return CalculatorError(
        f"the calculator {name} raised {type(error).__name__} at point {index} of {len(points)}: "
        f"{' '.join(str(error).split())}; `landscape.atoms(error.point)` is the structure",
        points[index],
    )


def energy_and_gradient(atoms: Atoms) -> tuple[float, np.ndarray]:
    """Energy in eV and its gradient (n, 3) in eV/Å, from the calculator that `atoms` carries.

    The energy is the one whose derivative the forces are: ASE's `free_energy` where the
    calculator gives it (with smeared occupations that is the Mermin free energy), else `energy`.
    ASE's own optimizers choose in the same way.
    """
    # Forces first: nearly every calculator has the energy by then, few have the forces after it.
    forces = atoms.get_forces(apply_constraint=False)
    try:
        energy = atoms.get_potential_energy(force_consistent=True, apply_constraint=False)
    except PropertyNotImplementedError:
        energy = atoms.get_potential_energy(apply_constraint=False)
    return energy_of(energy), gradient_of(forces, len(atoms))


def _is_calculator(value: object) -> bool:
    return not isinstance(value, type) and hasattr(value, "get_potential_energy")


def _name(calculator: object) -> str:
    return str(getattr(calculator, "__name__", type(calculator).__name__))


def _check_picklable(calculator: Calculator) -> None:
    try:
        pickle.dumps(calculator)
    except Exception as error:
        name = type(calculator).__name__
        raise TypeError(
            f"the calculator ({name}) cannot be sent to another process ({error}); give "
            "`MoleculeLandscape` a function that makes it instead, such as "
            f"`def calculator(): return {name}(...)`"
        ) from error
