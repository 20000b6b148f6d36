"""One run: ends checked, relaxed if asked, a path found, its saddle verified, all written."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from ..atoms import CrystalLandscape, MoleculeLandscape
from ..atoms.preflight import Finding, same_minimum, unrelaxed
from ..chain import minimum_energy_chain
from ..evaluation import LandscapeError
from ..find import find_path
from ..initial import resolve_initial
from ..landscapes import IsolatedLandscape
from ..landscapes.abilities import abilities_of
from ..landscapes.isolation import TooManyFailuresError
from ..methods import Surrogate
from ..rates import ReactionRates
from ..reaction_path import MinimumEnergyPath, RelaxedMinimum, relax
from ..restart.recheck import recheck
from ..result import Evaluations, IntermediateResult, PathResult
from ..saddle import SaddleReport, verify_saddle
from ..saddle.guard import NotEvaluatedError
from ..storage.content import fingerprint
from ..storage.errors import earlier
from ..storage.evaluations import EvaluationStore, read_evaluations
from . import cells
from .calculators import CalculatorFactory
from .exits import InputError
from .memory import RecordedMolecule
from .outputs import Summary, known_evaluations, read_result, write_all
from .reporting import write_failure
from .vibrating import Vibrations

log = logging.getLogger("fourierpathfinder.cli")

_TELLING = 100.0
"""In eV: an error estimated larger than this only says that nothing is known yet."""

_RELAXING = 500
"""Calculations at most to relax one end."""

EVALUATIONS = "evaluations.jsonl"
OF_PRIOR = "prior.jsonl"

Prior = RecordedMolecule | Evaluations | PathResult | None
"""What stands beneath the expensive landscape: a cheap one, or an earlier run."""


_TOLERANCE = 1e-3
"""Of the rise: how well a reaction path is known."""
_LEAST_ERROR = 1e-3
"""In eV: low barriers need no better, and gradients would be spent on it."""


@dataclass(frozen=True)
class Settings:
    """What the options of `find` and `check` say."""

    calculator: CalculatorFactory
    output: Path
    prior: CalculatorFactory | Path | None = None
    tol: float = 1e-3
    max_gradients: int | None = None
    n_channels: int = 1
    n_jobs: int = 1
    timeout: float | None = None
    max_failures: int = 5
    relax_ends: bool = False
    verify: bool = False
    initial: Any = None
    """A first path, as `find_path` takes it."""
    saddle_force: float | None = None
    mep: bool = False
    vibrations: Vibrations | None = None
    restart: bool = False
    resume_check: bool = True
    changing: cells.Changing | None = None
    """Where the cell changes along the path."""
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Found:
    """What a run ended with."""

    result: PathResult
    summary: Summary
    files: tuple[Path, ...]
    not_verified: str = ""
    """Why `--verify` came to no end."""
    not_vibrated: str = ""
    """Why there are no vibrations, where they were asked for."""
    not_followed: str = ""
    """Why there is no minimum-energy path, where it was asked for."""


@contextmanager
def opened(
    settings: Settings, structures: Sequence[Atoms], executor: Executor | None = None
) -> Iterator[RecordedMolecule]:
    """The landscape in its worker processes, with its evaluations kept in the output folder."""
    with _opened(settings, settings.calculator, structures, EVALUATIONS, executor) as landscape:
        yield landscape


@contextmanager
def opened_prior(settings: Settings, structures: Sequence[Atoms]) -> Iterator[Prior]:
    """The cheap landscape in workers of its own; an earlier run's evaluations; or None."""
    if not isinstance(settings.prior, CalculatorFactory):
        yield None if settings.prior is None else earlier_run(settings.prior)
        return
    with _opened(settings, settings.prior, structures, OF_PRIOR) as landscape:
        yield landscape


def earlier_run(place: Path) -> Evaluations | PathResult:
    """What an earlier run has left in a folder, or in a file of evaluations."""
    file = place / EVALUATIONS if place.is_dir() else place
    good = [one for one in read_evaluations(file) if one.is_good]
    if not good:
        raise InputError(f"--prior is {place}, but {file} has no evaluations")
    known = Evaluations(*(np.array(parts) for parts in zip(*good, strict=True)))
    if not (place / "result.json").is_file():
        return known
    try:
        return replace(read_result(place / "result.json"), evaluations=known)
    except ValueError as error:
        raise InputError(str(error)) from error


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
        log=settings.output / "calculator.log",
        executor=executor,
    )
    place = settings.output / file
    with isolated, closing(_store(settings, place, molecule, structures)) as store:
        landscape = RecordedMolecule(isolated, molecule, store)
        if landscape.n_remembered:
            what = "evaluations" if file == EVALUATIONS else "evaluations of the prior"
            log.info("%d %s are known from an earlier run", landscape.n_remembered, what)
        if settings.resume_check and landscape.witness is not None:
            recheck(isolated, landscape.witness, store.path)
        yield landscape


def _landscape(
    changing: cells.Changing | None, atoms: Atoms, calculator: CalculatorFactory
) -> cells.Molecule:
    if changing is not None:
        return changing.landscape(atoms, calculator)
    return MoleculeLandscape(atoms, calculator)


def find(
    settings: Settings,
    landscape: RecordedMolecule,
    ends: tuple[Atoms, Atoms],
    findings: list[Finding],
    prior: Prior = None,
) -> Found:
    """Find a path, and write all that is known of it, also where the search fails on the way."""
    try:
        return _found(settings, landscape, ends, findings, prior)
    except (LandscapeError, TooManyFailuresError, InputError) as error:
        if not hasattr(error, "result"):
            write_failure(settings.output, str(settings.calculator), ends, error)
        raise


def _found(
    settings: Settings,
    landscape: RecordedMolecule,
    ends: tuple[Atoms, Atoms],
    findings: list[Finding],
    prior: Prior,
) -> Found:
    a, b = landscape.molecule.ends(*ends)
    n_relaxing = 0
    if settings.relax_ends:
        a, b, n_relaxing = _relaxed(landscape, a, b, prior)
    findings = [*findings, *_evaluated_findings(landscape, a, b)]

    _check_initial(settings, landscape, (a, b))

    def written(
        result: PathResult,
        report: SaddleReport | None,
        followed: MinimumEnergyPath | None = None,
        rates: ReactionRates | None = None,
        n_vibrating: int = 0,
        problem: str = "",
    ) -> Found:
        summary = Summary(
            calculator=str(settings.calculator),
            findings=tuple(str(finding) for finding in findings),
            n_gradients_relaxing=n_relaxing,
            n_gradients_known=len(landscape.records),
            n_failures=sum(not np.isfinite(value) for _, value, _ in landscape.records),
            verification=report,
            rates=rates,
            n_gradients_vibrating=n_vibrating,
            followed=followed,
            problem=problem,
            prior="" if settings.prior is None else str(settings.prior),
            cell=cells.told(settings.changing),
        )
        files = write_all(settings.output, landscape, result, summary)
        return Found(result, summary, tuple(files))

    try:
        result = find_path(
            landscape,
            a,
            b,
            method=Surrogate(
                tol=settings.tol,
                n_starts=settings.n_channels,
                saddle_gradient=settings.saddle_force,
            ),
            prior=prior,
            initial=settings.initial,
            max_gradients=settings.max_gradients,
            rng=settings.seed,
            callback=_tell,
        )
    except Exception as error:
        if hasattr(error, "result"):
            written(error.result, None, problem=str(error))
        raise
    found = written(result, None)
    if settings.verify and result.success:
        report, why = _verified(settings, landscape, result, prior)
        found = replace(found, not_verified=why) if report is None else written(result, report)
    if settings.mep:
        followed, why = _followed(landscape, result, prior)
        before = found
        if followed is None:
            found = replace(before, not_followed=why)
        else:
            found = written(result, before.summary.verification, followed)
            found = replace(found, not_verified=before.not_verified)
    if settings.vibrations is not None:
        n_before = landscape.n_calculated
        rates, why = _vibrated(settings.vibrations, landscape, result)
        if rates is None:
            return replace(found, not_vibrated=why)
        n_new = landscape.n_calculated - n_before
        summary = found.summary
        told = written(result, summary.verification, summary.followed, rates, n_new)
        return replace(told, not_verified=found.not_verified, not_followed=found.not_followed)
    return found


def _verified(
    settings: Settings, landscape: RecordedMolecule, result: PathResult, prior: Prior
) -> tuple[SaddleReport | None, str]:
    log.info("verifying the saddle")
    cheap = prior if isinstance(prior, RecordedMolecule) else None
    try:
        report = verify_saddle(landscape, result, prior=cheap, rng=settings.seed)
    except (ArithmeticError, ValueError, RuntimeError) as error:
        # LinAlgError is a ValueError: what a failed point does to the mathematics beside it
        why = landscape.isolated.last_failure or f"{type(error).__name__}: {error}"
        return None, f"no: the calculator failed beside the saddle ({why})"
    log.info("%s", report)
    return report, ""


def _followed(
    landscape: RecordedMolecule, result: PathResult, prior: Prior
) -> tuple[MinimumEnergyPath | None, str]:
    if result.saddle is None:
        return None, "no: there is no saddle"
    log.info("following the reaction path")
    try:
        rise = result.height - min(result.start_value, result.end_value)
        tol = max(_TOLERANCE, _LEAST_ERROR / max(rise, _LEAST_ERROR))
        followed = minimum_energy_chain(landscape, result, tol=tol, prior=prior)
    except (TooManyFailuresError, ValueError, ArithmeticError) as error:
        return None, f"no: {landscape.isolated.last_failure or error}"
    log.info("%s", followed)
    return followed, ""


def _vibrated(
    vibrations: Vibrations, landscape: RecordedMolecule, result: PathResult
) -> tuple[ReactionRates | None, str]:
    if result.saddle is None:
        return None, "no: there is no saddle"
    log.info("displacing atoms for the vibrations")
    points, _, gradients = known_evaluations(landscape)
    try:
        rates = vibrations.of(landscape, result, (points, gradients))
    except (NotEvaluatedError, TooManyFailuresError) as error:
        return None, f"no: {landscape.isolated.last_failure or error}"
    except ValueError as error:
        return None, f"no: {error}"
    for note in rates.notes:
        log.warning("%s", note)
    return rates, ""


def evaluated_findings(landscape: RecordedMolecule, ends: tuple[Atoms, Atoms]) -> list[Finding]:
    """What the calculator says of two ends: two gradients."""
    return _evaluated_findings(landscape, *landscape.molecule.ends(*ends))


def _evaluated_findings(landscape: RecordedMolecule, a: np.ndarray, b: np.ndarray) -> list[Finding]:
    names = ("reactant", "product")
    log.info("evaluating the ends")
    energies, gradients = landscape.value_and_grad(np.stack([a, b]))
    for name, energy in zip(names, energies, strict=True):
        if not np.isfinite(energy):
            raise TooManyFailuresError(
                f"the calculator fails at the {name}: {landscape.isolated.last_failure}; what it "
                "printed is in calculator.log"
            )
    found = [
        unrelaxed(name, landscape.molecule.forces(gradient))
        for name, gradient in zip(names, gradients, strict=True)
    ]
    findings = [finding for finding in found if finding is not None]
    for finding in findings:
        log.warning("%s", finding)
    return findings


def _check_initial(
    settings: Settings, landscape: RecordedMolecule, ends: tuple[np.ndarray, np.ndarray]
) -> None:
    try:
        resolve_initial(settings.initial, abilities_of(landscape), ends)
    except (TypeError, ValueError) as error:
        raise InputError(f"--initial does not fit these ends: {error}") from error


def _relaxed(
    landscape: RecordedMolecule, a: np.ndarray, b: np.ndarray, prior: Prior
) -> tuple[np.ndarray, np.ndarray, int]:
    """Both ends relaxed, and the evaluations that took.

    The search begins without them: so many so near to the ends tell its surrogate of small scales,
    which do not lead over a barrier.
    """
    first = relaxed(landscape, "reactant", a, prior=prior)
    last = relaxed(landscape, "product", b, first.evaluations, prior)
    start, end = (landscape.molecule.atoms(one.position) for one in (first, last))
    if isinstance(landscape.molecule, CrystalLandscape):
        cells.require_different(landscape.molecule, first.position, last.position)
    elif same := same_minimum(start, end):
        raise InputError(f"after relaxation, {same.sentence}")
    a, b = landscape.molecule.ends(start, end)
    return a, b, first.n_gradients + last.n_gradients


def relaxed(
    landscape: RecordedMolecule,
    name: str,
    x: np.ndarray,
    known: Evaluations | None = None,
    prior: Prior = None,
) -> RelaxedMinimum:
    """Relax a structure, with a line in the log for each step.

    Raises
    ------
    LandscapeError
        If the calculator fails.
    """

    def tell(now: RelaxedMinimum) -> None:
        log.info(
            "relaxing the %s: %d gradients, %.6f eV, force %.3f eV/Å",
            name, now.n_gradients, now.value, now.largest_force,
        )  # fmt: skip

    minimum = relax(landscape, x, prior=prior, known=known, max_gradients=_RELAXING, callback=tell)
    if not minimum.success:
        log.warning("the %s is not fully relaxed: %s", name, minimum.message)
    return minimum


def _tell(now: IntermediateResult) -> None:
    error = now.height_error
    log.info(
        "%3d gradients, height %.6f eV%s%s",
        now.n_gradients,
        now.height,
        f" ± {error:.2g}" if error < _TELLING else "",
        f"; next: {now.waiting_for}" if now.waiting_for else "",
    )


def _store(
    settings: Settings, place: Path, landscape: cells.Molecule, structures: Sequence[Atoms]
) -> EvaluationStore:
    if place.exists() and not settings.restart:
        raise InputError(
            f"{place} contains an earlier run; pass --restart to continue it, or another --output"
        )
    if place.with_suffix(".npz").exists():
        raise earlier(place.with_suffix(".npz"))
    positions = np.stack([atoms.positions for atoms in structures])
    identity = {**landscape.identity, "structures": fingerprint(positions)}
    if settings.changing is not None:
        vectors = np.stack([np.asarray(atoms.cell) for atoms in structures])
        identity["cells of the structures"] = fingerprint(vectors)
    return EvaluationStore(place, identity)
