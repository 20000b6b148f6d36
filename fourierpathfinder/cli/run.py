"""One run: ends checked, relaxed if asked, a path found, its saddle verified, all written."""

import logging
from contextlib import suppress
from dataclasses import replace

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
from ..result import PathResult
from ..saddle.guard import NotEvaluatedError
from . import cells
from .document import Summary
from .dropped_steps import dropped, what_is_removed
from .exits import InputError
from .memory import Prior, RecordedMolecule
from .minima import RelaxedEnds, findings_at, relaxed_ends
from .outputs import known_evaluations
from .places import RESULT
from .reporting import write_failure
from .settings import Settings
from .verifying import upon_a_pass, verified
from .vibrating import Vibrations
from .work import NO_SADDLE, Found, Work, tell, written

log = logging.getLogger("fourierpathfinder.cli")

_TOLERANCE = 1e-3
"""Of the rise: how well a reaction path is known."""
_LEAST_ERROR = 1e-3
"""In eV: low barriers need no better, and gradients would be spent on it."""

_SEVERAL_STEPS = (
    "there is a minimum between: the rates are those from either end over the highest saddle, as "
    "if what lies between were passed at once; a reaction in steps has the rates of each step"
)


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
        return _found(Work(settings, landscape, prior), ends, findings)
    except (LandscapeError, TooManyFailuresError, InputError) as error:
        if not hasattr(error, "result") and not (settings.output / RESULT).exists():
            with suppress(OSError):  # what failed before matters more
                write_failure(settings.output, str(settings.calculator), ends, error)
        raise


def _found(work: Work, given: tuple[Atoms, Atoms], findings: list[Finding]) -> Found:
    settings = work.settings
    placed = work.landscape.molecule.ends(*given)
    _check_initial(work, placed)
    ends = _relaxed(work, placed)
    findings = [*findings, *findings_at(work.landscape, ends.a, ends.b)]
    summary = _summary(settings, findings, ends.n_gradients)
    if summary.left_out:
        log.warning("%s", summary.left_out)
    found = _searched(work, ends, summary)
    if settings.verify and found.result.success:
        found = upon_a_pass(work, verified(work, found))
    if settings.mep:
        found = _followed(work, found)
    if settings.vibrations is not None:
        found = _vibrated(work, found, settings.vibrations)
    return found


def _relaxed(work: Work, ends: tuple[np.ndarray, np.ndarray]) -> RelaxedEnds:
    """Both ends, relaxed if asked."""
    if not work.settings.relax_ends:
        return RelaxedEnds(*ends)
    return relaxed_ends(work.landscape, *ends, work.prior)


def _check_initial(work: Work, ends: tuple[np.ndarray, np.ndarray]) -> None:
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
    folder = settings.output
    return Summary(
        calculator=str(settings.calculator),
        findings=tuple(str(finding) for finding in findings),
        n_gradients_relaxing=n_relaxing,
        prior="" if settings.prior is None else str(settings.prior),
        cell=cells.told(settings.changing),
        left_out=what_is_removed(dropped(folder, settings.steps), folder),
    )


def _searched(work: Work, ends: RelaxedEnds, summary: Summary) -> Found:
    """The path; where the search fails with one on its way, that is written too."""
    try:
        result = _path(work, ends)
    except Exception as error:
        if hasattr(error, "result"):
            written(work, Found(error.result, replace(summary, problem=str(error))))
        raise
    return written(work, Found(result, summary))


def _path(work: Work, ends: RelaxedEnds) -> PathResult:
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
        callback=tell,
    )


def _followed(work: Work, found: Found) -> Found:
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
    return written(work, replace(found, summary=replace(found.summary, followed=followed)))


def _vibrated(work: Work, found: Found, vibrations: Vibrations) -> Found:
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
    return written(work, replace(found, summary=summary))


def _has_several_steps(summary: Summary) -> bool:
    """Whether other minima than the two ends are known to lie beside the saddle."""
    verified, followed = summary.verification, summary.followed
    if followed is not None and followed.stops:
        return True
    neighbours = () if verified is None else verified.neighbours
    return any(not (one.is_end or one.problem) for one in neighbours)
