"""`--verify`: the saddle examined, and left where it is a ridge."""

import logging
from dataclasses import replace

from ..decimals import as_text, decimals_of
from ..evaluation import LandscapeError
from ..landscapes.isolation import TooManyFailuresError
from ..result import PathResult
from ..ridge import leave_ridge, second_way_down
from ..saddle import verify_saddle
from .memory import RecordedMolecule
from .settings import LEAST, Settings
from .work import NO_SADDLE, Found, Work, tell, written

log = logging.getLogger("fourierpathfinder.cli")

_MOST_RIDGES = 3
"""One after the other, that are left: each costs two searches."""


def verified(work: Work, found: Found) -> Found:
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
    return written(work, replace(found, summary=replace(found.summary, verification=report)))


def upon_a_pass(work: Work, found: Found) -> Found:
    """The same, or a lower path where a second direction leads down from its top."""
    for _ in range(_MOST_RIDGES):
        above, report = found.result, found.summary.verification
        if report is None or second_way_down(above, report) is None:
            break
        most = _most_on_each_side(work.settings, above)
        if most is not None and most < LEAST:
            told = (
                f"a second way leads down from {_height(above)} eV, and --max-gradients leaves no "
                "calculations to search on both sides of it; give more, with --restart"
            )
            log.warning("%s", told)
            return written(work, _with_ridge(found, told))
        log.info("a second way leads down: searching on both sides")
        try:
            result = leave_ridge(
                work.landscape,
                above,
                report,
                prior=work.prior,
                max_gradients=most,
                rng=work.settings.seed,
                callback=tell,
            )
        except (LandscapeError, TooManyFailuresError) as error:
            why = f"no: there is a second way down, and the calculator failed beside it ({error})"
            return replace(found, not_verified=why)
        told = _left(above, result)
        log.info("%s", told)
        found = _with_ridge(replace(found, result=result), told)
        if result.path is above.path:
            return written(work, found)
        unexamined = replace(found, summary=replace(found.summary, verification=None))
        found = verified(work, written(work, unexamined))
    return found


def _with_ridge(found: Found, told: str) -> Found:
    summary = found.summary
    return replace(found, summary=replace(summary, ridges=(*summary.ridges, told)))


def _most_on_each_side(settings: Settings, above: PathResult) -> int | None:
    """Half of what the search has left of its budget."""
    most = settings.max_gradients
    return None if most is None else (most - above.n_gradients) // 2


def _left(above: PathResult, result: PathResult) -> str:
    """What became of a top with a second way down, in words."""
    spent = f"{result.n_gradients - above.n_gradients} gradients"
    high = _height(above)
    if result.path is above.path:
        return f"the second way down from {high} eV led to nothing lower on either side ({spent})"
    return f"a second way down from {high} eV led to {_height(result)} eV ({spent})"


def _height(result: PathResult) -> str:
    return as_text(result.barrier, decimals_of(result))
