"""The landscapes of a run, opened: in worker processes, with every evaluation kept in a file."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
from ase import Atoms

from ..atoms import MoleculeLandscape
from ..atoms.content import told_atoms
from ..landscapes import IsolatedLandscape
from ..restart.recheck import recheck
from ..result import Evaluations, PathResult
from ..storage.content import fingerprint
from ..storage.errors import OtherProblemError, earlier
from ..storage.evaluations import EvaluationStore, read_evaluations, read_identity
from ..storage.lines import check_identity
from . import cells
from .calculators import CalculatorFactory
from .document import read_result
from .exits import InputError
from .memory import LOG, Prior, RecordedMolecule
from .other_structures import as_notes, what_differs
from .places import EVALUATIONS, OF_PRIOR, RESULT
from .settings import Settings

log = logging.getLogger("fourierpathfinder.cli")


@contextmanager
def opened(
    settings: Settings, structures: Sequence[Atoms], executor: Executor | None = None
) -> Iterator[RecordedMolecule]:
    """The landscape in its worker processes, with its evaluations kept in the output folder."""
    with _opened(settings, settings.calculator, structures, EVALUATIONS, executor) as landscape:
        yield landscape


def require_same_problem(settings: Settings, structures: Sequence[Atoms]) -> None:
    """Raise an OtherProblemError where a run would, as its files are of another problem."""
    for name, calculator in ((EVALUATIONS, settings.calculator), (OF_PRIOR, settings.prior)):
        place = settings.output / name
        if isinstance(calculator, CalculatorFactory) and place.exists():
            landscape = _landscape(settings.changing, structures[0], calculator)
            expected = _identity(settings, landscape, structures)
            with _in_words(place, expected, structures):
                check_identity(place, read_identity(place), expected)


@contextmanager
def opened_prior(settings: Settings, structures: Sequence[Atoms]) -> Iterator[Prior]:
    """The cheap landscape in workers of its own; an earlier run's evaluations; or None."""
    if not isinstance(settings.prior, CalculatorFactory):
        yield None if settings.prior is None else earlier_run(settings, structures)
        return
    with _opened(settings, settings.prior, structures, OF_PRIOR) as landscape:
        if not landscape.n_remembered:  # what is wrong with it is to be said before much is spent
            landscape.isolated.prepare()
        yield landscape


def earlier_run(settings: Settings, structures: Sequence[Atoms]) -> Evaluations | PathResult:
    """What an earlier run of the same atoms has left in a folder, or in a file of evaluations."""
    place = settings.prior
    assert isinstance(place, Path)
    file = place / EVALUATIONS if place.is_dir() else place
    theirs, ours = read_identity(file).get("atoms"), told_atoms(structures[0])
    if theirs not in (None, ours):
        raise InputError(
            f"--prior is {place}, a run of {_symbols(theirs)}, and the reactant is "
            f"{_symbols(ours)}; both must be of the same atoms in the same order"
        )
    good = [one for one in read_evaluations(file) if one.is_good]
    if not good:
        raise InputError(f"--prior is {place}, but {file} has no evaluations")
    molecule = _landscape(settings.changing, structures[0], settings.calculator)
    size = len(molecule.coordinates(structures[0]))
    if any(len(one.point) != size for one in good):
        raise InputError(
            f"--prior is {place}, whose points have {len(good[0].point)} coordinates, and here "
            f"there are {size}; both must hold the same atoms, and the cell, or let it change"
        )
    known = Evaluations(*(np.array(parts) for parts in zip(*good, strict=True)))
    if not (place / RESULT).is_file():
        return known
    try:
        return replace(read_result(place / RESULT), evaluations=known)
    except ValueError as error:
        raise InputError(str(error)) from error


def _symbols(told: str) -> str:
    return told.partition(" (")[0]


@contextmanager
def _opened(
    settings: Settings,
    calculator: CalculatorFactory,
    structures: Sequence[Atoms],
    file: str,
    executor: Executor | None = None,
) -> Iterator[RecordedMolecule]:
    try:
        molecule = _landscape(settings.changing, structures[0], calculator)
    except ValueError as error:
        raise InputError(str(error)) from error
    isolated = IsolatedLandscape(
        molecule,
        n_workers=settings.n_jobs,
        timeout=settings.timeout,
        max_failures=settings.max_failures,
        log=settings.output / LOG,
        executor=executor,
    )
    place = settings.output / file
    with isolated, _kept(_store(settings, place, molecule, structures)) as store:
        landscape = RecordedMolecule(isolated, molecule, store, calculator.typed)
        if landscape.n_remembered:
            what = "evaluations" if file == EVALUATIONS else "evaluations of the prior"
            log.info("%d %s are known from an earlier run", landscape.n_remembered, what)
        if settings.resume_check and landscape.witness is not None:
            recheck(isolated, landscape.witness, store.path)
        yield landscape


@contextmanager
def _kept(store: EvaluationStore) -> Iterator[EvaluationStore]:
    """A store whose file stays if there is anything in it that a later run could use.

    Where a setting was wrong nothing is, and the run with the right one begins as if it were new.
    """
    try:
        yield store
    finally:
        store.close()
        if not any(one.is_good for one in store.known):
            store.path.unlink(missing_ok=True)


def _landscape(
    changing: cells.Changing | None, atoms: Atoms, calculator: CalculatorFactory
) -> cells.Molecule:
    if changing is not None:
        return changing.landscape(atoms, calculator)
    return MoleculeLandscape(atoms, calculator)


def _store(
    settings: Settings, place: Path, landscape: cells.Molecule, structures: Sequence[Atoms]
) -> EvaluationStore:
    if place.exists() and not settings.restart:
        raise InputError(
            f"{place} contains an earlier run; pass --restart to continue it, or another --output"
        )
    if place.with_suffix(".npz").exists():
        raise earlier(place.with_suffix(".npz"))
    identity = _identity(settings, landscape, structures)
    with _in_words(place, identity, structures):
        return EvaluationStore(place, identity, as_notes(structures))


@contextmanager
def _in_words(place: Path, identity: dict[str, str], structures: Sequence[Atoms]) -> Iterator[None]:
    """Say which structures differ, where that is what makes another problem."""
    try:
        yield
    except OtherProblemError as error:
        told = what_differs(place, identity, structures)
        raise OtherProblemError(told or str(error)) from error


def _identity(
    settings: Settings, landscape: cells.Molecule, structures: Sequence[Atoms]
) -> dict[str, str]:
    """What the evaluations of a run are of."""
    positions = np.stack([atoms.positions for atoms in structures])
    identity = {**landscape.identity, "structures": fingerprint(positions)}
    if settings.changing is not None:
        vectors = np.stack([np.asarray(atoms.cell) for atoms in structures])
        identity["cells of the structures"] = fingerprint(vectors)
    return identity
