"""One run: ends checked, relaxed if asked, a path found, its saddle verified, all written."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from ase import Atoms

from ..atoms.preflight import Finding
from ..chain import minimum_energy_chain
from ..evaluation import LandscapeError
from ..find import find_path
from ..initial import resolve_initial
from ..landscapes.abilities import abilities_of
from ..landscapes.isolation import TooManyFailuresError
from ..methods import Surrogate
from ..result import IntermediateResult, PathResult
from ..saddle import verify_saddle
from ..saddle.guard import NotEvaluatedError
from . import cells
from .exits import InputError
from .memory import Prior, RecordedMolecule
from .minima import RelaxedEnds, findings_at, relaxed_ends
from .outputs import Summary, known_evaluations, write_all
from .places import RESULT
from .reporting import write_failure
from .settings import Settings
from .vibrating import Vibrations

log = logging.getLogger("fourierpathfinder.cli")

_TELLING = 100.0
"""In eV: an error estimated larger than this only says that nothing is known yet."""

_TOLERANCE = 1e-3
"""Of the rise: how well a reaction path is known."""
_LEAST_ERROR = 1e-3
"""In eV: low barriers need no better, and gradients would be spent on it."""

NO_SADDLE = "no: there is no saddle"
"""Why there are no vibrations and no reaction path where nothing has failed."""

_SEVERAL_STEPS = (
    "there is a minimum between: the rates are those from either end over the highest saddle, as "
    "if what lies between were passed at once; a reaction in steps has the rates of each step"
)


@dataclass(frozen=True, eq=False)
class Found:
    """What a run ended with."""

    result: PathResult
    summary: Summary
    files: tuple[Path, ...] = ()
    not_verified: str = ""
    """Why `--verify` came to no end."""
    not_vibrated: str = ""
    """Why there are no vibrations, where they were asked for."""
    not_followed: str = ""
    """Why there is no minimum-energy path, where it was asked for."""


@dataclass(frozen=True, eq=False)
class _Work:
    """What every step of a run needs."""

    settings: Settings
    landscape: RecordedMolecule
    prior: Prior


def find(
    settings: Settings,
    landscape: RecordedMolecule,
    ends: tuple[Atoms, Atoms],
    findings: list[Finding],
    prior: Prior = None,
) -> Found:
    """Find a path, and write all that is known of it, also where the search fails on the way.

    Where it fails before there is a path, an earlier result in the folder stays as it was.
    """
    try:
        return _found(_Work(settings, landscape, prior), ends, findings)
    except (LandscapeError, TooManyFailuresError, InputError) as error:
        if not hasattr(error, "result") and not (settings.output / RESULT).exists():
            write_failure(settings.output, str(settings.calculator), ends, error)
        raise


def _found(work: _Work, given: tuple[Atoms, Atoms], findings: list[Finding]) -> Found:
    settings = work.settings
    placed = work.landscape.molecule.ends(*given)
    _check_initial(work, placed)
    ends = _relaxed(work, placed)
    findings = [*findings, *findings_at(work.landscape, ends.a, ends.b)]
    found = _searched(work, ends, _summary(settings, findings, ends.n_gradients))
    if settings.verify and found.result.success:
        found = _verified(work, found)
    if settings.mep:
        found = _followed(work, found)
    if settings.vibrations is not None:
        found = _vibrated(work, found, settings.vibrations)
    return found


def _relaxed(work: _Work, ends: tuple[np.ndarray, np.ndarray]) -> RelaxedEnds:
    """Both ends, relaxed if asked."""
    if not work.settings.relax_ends:
        return RelaxedEnds(*ends)
    return relaxed_ends(work.landscape, *ends, work.prior)


def _check_initial(work: _Work, ends: tuple[np.ndarray, np.ndarray]) -> None:
    """Refuse a first path of another system, before anything is evaluated."""
    if work.settings.initial is None:
        return
    if not work.landscape.n_remembered:  # what is wrong with the calculator must not end us
        work.landscape.isolated.prepare()
    try:
        resolve_initial(work.settings.initial, abilities_of(work.landscape), ends)
    except (TypeError, ValueError) as error:
        raise InputError(f"--initial does not fit these ends: {error}") from error


def _summary(settings: Settings, findings: list[Finding], n_relaxing: int) -> Summary:
    """What is known before the search; what is counted is filled in when it is written."""
    return Summary(
        calculator=str(settings.calculator),
        findings=tuple(str(finding) for finding in findings),
        n_gradients_relaxing=n_relaxing,
        prior="" if settings.prior is None else str(settings.prior),
        cell=cells.told(settings.changing),
    )


def _written(work: _Work, found: Found) -> Found:
    """Write all files, with the evaluations counted as they are now."""
    records = work.landscape.records
    summary = replace(
        found.summary,
        n_gradients_known=len(records),
        n_failures=sum(not np.isfinite(value) for _, value, _ in records),
    )
    files = write_all(work.settings.output, work.landscape, found.result, summary)
    return replace(found, summary=summary, files=tuple(files))


def _searched(work: _Work, ends: RelaxedEnds, summary: Summary) -> Found:
    """The path; where the search fails with one on its way, that is written too."""
    try:
        result = _path(work, ends)
    except Exception as error:
        if hasattr(error, "result"):
            _written(work, Found(error.result, replace(summary, problem=str(error))))
        raise
    return _written(work, Found(result, summary))


def _path(work: _Work, ends: RelaxedEnds) -> PathResult:
    """The path, with all that the relaxations have seen.

    Upon a prior it begins without that: what it was refused for would otherwise not be set aside.
    """
    settings = work.settings
    method = Surrogate(
        tol=settings.tol, n_starts=settings.n_channels, saddle_gradient=settings.saddle_force
    )
    return find_path(
        work.landscape,
        ends.a,
        ends.b,
        method=method,
        prior=work.prior,
        initial=settings.initial,
        known=ends.known if work.prior is None else None,
        max_gradients=settings.max_gradients,
        rng=settings.seed,
        callback=_tell,
    )


def _verified(work: _Work, found: Found) -> Found:
    """The same with its saddle verified, or why it is not."""
    if found.result.saddle is None and found.result.height_time in (0.0, 1.0):
        return replace(found, not_verified=NO_SADDLE)
    log.info("verifying the saddle")
    cheap = work.prior if isinstance(work.prior, RecordedMolecule) else None
    n_before = work.landscape.isolated.n_failures
    try:
        report = verify_saddle(work.landscape, found.result, prior=cheap, rng=work.settings.seed)
    except (ArithmeticError, ValueError, RuntimeError) as error:
        # LinAlgError is a ValueError: what a failed point does to the mathematics beside it
        why = work.landscape.why_failed(error, n_before) or type(error).__name__
        return replace(found, not_verified=f"no: the calculator failed beside the saddle ({why})")
    log.info("%s", report)
    return _written(work, replace(found, summary=replace(found.summary, verification=report)))


def _followed(work: _Work, found: Found) -> Found:
    """The same with its minimum-energy path, or why there is none."""
    result = found.result
    if result.saddle is None:
        return replace(found, not_followed=NO_SADDLE)
    log.info("following the reaction path")
    n_failures = work.landscape.isolated.n_failures
    try:
        rise = result.height - min(result.start_value, result.end_value)
        tol = max(_TOLERANCE, _LEAST_ERROR / max(rise, _LEAST_ERROR))
        followed = minimum_energy_chain(work.landscape, result, tol=tol, prior=work.prior)
    except (TooManyFailuresError, ValueError, ArithmeticError) as error:
        return replace(found, not_followed=f"no: {work.landscape.why_failed(error, n_failures)}")
    log.info("%s", followed)
    return _written(work, replace(found, summary=replace(found.summary, followed=followed)))


def _vibrated(work: _Work, found: Found, vibrations: Vibrations) -> Found:
    """The same with its vibrations and rates, or why there are none."""
    landscape, result = work.landscape, found.result
    if result.saddle is None:
        return replace(found, not_vibrated=NO_SADDLE)
    log.info("displacing atoms for the vibrations")
    n_before, n_failures = landscape.n_calculated, landscape.isolated.n_failures
    points, _, gradients = known_evaluations(landscape)
    try:
        rates = vibrations.of(landscape, result, (points, gradients))
    except (NotEvaluatedError, TooManyFailuresError) as error:
        return replace(found, not_vibrated=f"no: {landscape.why_failed(error, n_failures)}")
    except ValueError as error:
        return replace(found, not_vibrated=f"no: {error}")
    if _has_several_steps(found.summary):
        rates = replace(rates, notes=(*rates.notes, _SEVERAL_STEPS))
    for note in rates.notes:
        log.warning("%s", note)
    n_new = landscape.n_calculated - n_before
    summary = replace(found.summary, rates=rates, n_gradients_vibrating=n_new)
    return _written(work, replace(found, summary=summary))


def _has_several_steps(summary: Summary) -> bool:
    """Whether other minima than the two ends are known to lie beside the saddle."""
    verified, followed = summary.verification, summary.followed
    if followed is not None and followed.stops:
        return True
    neighbours = () if verified is None else verified.neighbours
    return any(not (one.is_end or one.problem) for one in neighbours)


def _tell(now: IntermediateResult) -> None:
    error = now.height_error
    log.info(
        "%3d gradients, height %.6f eV%s%s",
        now.n_gradients,
        now.height,
        f" ± {error:.2g}" if error < _TELLING else "",
        f"; next: {now.waiting_for}" if now.waiting_for else "",
    )
