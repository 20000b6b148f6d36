"""One call: a landscape and two ends in, a path and its height out."""

import logging
import os
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from contextlib import closing, nullcontext
from typing import Any

import numpy as np

from ._arrays import Array
from .ends import resolve_ends
from .evaluation import BudgetSpentError, BudgetTooSmallError, Evaluator
from .executors import watched
from .initial import along, check_known, confirmed, joined, resolve_initial
from .inputs import check_call, checked_method, generator
from .landscapes.abilities import Abilities, abilities_of
from .landscapes.resolve import as_landscape
from .methods.base import Method, Run
from .methods.choose import choose_method
from .parallel import ParallelLandscape, check_executor, n_workers
from .prior import Prior
from .priors import begun, identity_of, opened, resolve_priors
from .progress import ProgressBar
from .restart.keeper import HistoryRows, Keeper
from .result import Evaluations, History, IntermediateResult, PathResult, Status
from .storage.checkpoint import check_folder
from .storage.content import digest, fingerprint
from .storage.lock import locked

_log = logging.getLogger(__name__)

Callback = Callable[[IntermediateResult], None]


def find_path(
    landscape: Any,
    start: Any,
    end: Any,
    *,
    method: Method | None = None,
    prior: Any = None,
    initial: Any = None,
    known: Evaluations | None = None,
    gradient: Callable[..., Array] | str | None = None,
    max_gradients: int | None = None,
    rng: np.random.Generator | int | None = None,
    executor: Executor | None = None,
    callback: Callback | None = None,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume_check: bool = True,
) -> PathResult:
    """Find a path of low height between two points of a landscape.

    Parameters
    ----------
    landscape : Landscape or callable
        The energy or loss: anything that `fourierpathfinder.landscapes.as_landscape` accepts.
    start, end : array (D,) or what the landscape turns into arrays
        The two ends, in the landscape's unit of length; ASE Atoms for molecules.
    method : Method, optional
        Settings of a method, such as `Direct()`; None chooses, and the result says which.
    prior : Landscape, PathResult, Evaluations, path-like, or list of these, optional
        A cheaper landscape of the same coordinates, such as a tight-binding method beneath a
        density functional: it is searched first, and its surrogate is the prior mean of the
        expensive one's, so that only their difference is left to be found. What an earlier run has
        evaluated serves as well: its result, or the file of its evaluations. Of several each stands
        beneath the one before. `Surrogate` alone uses it; one that does not help is dropped.
    initial : SinePath, array (M, D), list of ends, or PathResult, optional
        Where to begin, instead of the landscape's own first path: points in order from `start` to
        `end`, or one guess between them; structures such as a band of ASE Atoms for molecules.
        What these bring along of energies and forces is data for `Surrogate`, if the landscape
        says the same of the highest one.
    known : Evaluations, optional
        Evaluations of this very landscape, such as those of `relax`: data for `Surrogate`.
    gradient : callable or {"autograd", "torch", "finite-difference"}, optional
        Where `landscape` is a plain callable: its gradient (D,) -> (D,), or how to get it.
    max_gradients : int, optional
        The most evaluations of value and gradient to spend, all included.
    rng : numpy.random.Generator or int, optional
        The source of randomness (:term:`SPEC 7`): a generator is used as it is, an integer seeds a
        new one, None takes fresh randomness. The same integer gives the same result.
    executor : concurrent.futures.Executor, optional
        Workers for the points of the path.
    callback : callable, optional
        Called with an `IntermediateResult` after each iteration; raising StopIteration ends the
        run, which then returns the best path so far.
    progress : bool
        Show a progress bar.
    checkpoint : path-like, optional
        A file. If it exists and belongs to this problem (landscape, ends, method), the run
        continues from it, exactly; anything else is refused. While the run lasts it is locked.
    resume_check : bool
        Whether, before a run continues, one recorded point is evaluated again and compared; that
        evaluation is not counted.

    Returns
    -------
    PathResult
        Ctrl-C, a spent budget and a lack of convergence are statuses of it, not exceptions.

    Raises
    ------
    TypeError, ValueError
        If the input makes no sense; before anything is evaluated, where that can be known.
    LandscapeError
        If the landscape returns wrong shapes, NaN or infinity. Whatever exception a landscape
        raises, its attribute `result` holds the best path so far, where there is one.

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_path
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    >>> round(result.height, 3), round(toy.height, 3)
    (0.624, 0.624)
    """
    check_call(
        max_gradients=max_gradients, callback=callback, progress=progress, checkpoint=checkpoint
    )
    abilities, rng = abilities_of(as_landscape(landscape, gradient)), generator(rng)
    if executor is not None:
        check_executor(executor)
    method = None if method is None else checked_method(method)
    a, b = resolve_ends(abilities, start, end)
    method = choose_method(abilities, a) if method is None else method
    cheaper = resolve_priors(prior, method, abilities, a)
    check_known(known, a)
    begin = resolve_initial(initial, abilities, (a, b))
    if begin.is_turned:
        _log.warning("`initial` runs from the end to the start, and is turned round")
    identity: Mapping[str, str] = {}
    if checkpoint is not None:
        check_folder(checkpoint)
        identity = {**_identity(abilities, method, a, b), **identity_of(cheaper)}
        if initial is not None or known is not None:
            identity = {**identity, "what was known": f"{begin.content} {_content(known)}"}
    with (
        nullcontext() if checkpoint is None else locked(checkpoint),
        watched(executor) as watched_executor,
        closing(
            Keeper(checkpoint, identity, rng, replays=method.replays, rechecks=resume_check)
        ) as keeper,
        opened(cheaper, checkpoint, identity, rechecks=resume_check) as beneath,
        ProgressBar(progress, max_gradients) as bar,
    ):
        workers = n_workers(watched_executor, abilities)
        at_work = keeper.guard(_at_work(abilities, watched_executor), workers)
        evaluator = Evaluator(
            abilities, max_gradients, bar.spent, n_workers=workers, at_work=at_work
        )
        beside = along(known, abilities, end, (a, b))
        evaluator.known = joined(confirmed(begin.known, evaluator), beside)
        first = begin.first_path(abilities, (a, b), method.n_terms, rng)
        run = begun(method, beneath, evaluator, first, rng)
        session = _Session(method, run, evaluator, keeper, beneath)
        session.resume(a)
        return session.drive(callback, bar)


class _Session:
    """A run in progress: its loop, its history and its result."""

    def __init__(
        self,
        method: Method,
        run: Run,
        evaluator: Evaluator,
        keeper: Keeper,
        beneath: Prior | None = None,
    ) -> None:
        self._method = method
        self._run = run
        self._evaluator = evaluator
        self._keeper = keeper
        self._beneath = beneath
        self._history: HistoryRows = []

    def resume(self, reference: Array) -> None:
        """Go back to where a checkpoint left off."""
        self._history = self._keeper.resume(self._run, self._evaluator, reference)

    def drive(self, callback: Callback | None, bar: ProgressBar) -> PathResult:
        """Step until there is a reason to stop; whatever happens, the best path so far is kept."""
        try:
            status = self._loop(callback, bar)
            self._keeper.flush()
            return self._result(status)
        except KeyboardInterrupt:
            if not self._history:
                raise
            return self._partial(Status.INTERRUPTED)
        except Exception as error:
            if self._history:
                error.result = self._partial(Status.FAILED)  # type: ignore[attr-defined]
                error.add_note("The best path so far is in this exception's attribute `result`.")
            raise

    def _loop(self, callback: Callback | None, bar: ProgressBar) -> Status:
        while (status := self._run.status) is None:
            bar.describe(self._run.height, self._run.waiting_for)
            try:
                self._step()
            except BudgetSpentError as error:
                self._check_something_done(error)
                return Status.MAX_GRADIENTS
            try:
                self._tell(callback)
            except StopIteration:
                return Status.STOPPED
        return status

    def _step(self) -> None:
        self._run.step()
        counts = self._evaluator.n_gradients, self._evaluator.n_sample_gradients
        self._history.append((*counts, self._run.height))
        self._keeper.note(self._run, self._evaluator, self._history)

    def _tell(self, callback: Callback | None) -> None:
        if callback is None:
            return
        run = self._run
        callback(
            IntermediateResult(
                path=run.path,
                height=run.height,
                n_gradients=self._evaluator.n_gradients,
                n_iterations=run.n_iterations,
                waiting_for=run.waiting_for,
                height_error=run.height_error,
            )
        )

    def _check_something_done(self, error: BudgetSpentError) -> None:
        if not self._history:
            least = f" to {error.n_needed} or more" if error.n_needed else ""
            raise BudgetTooSmallError(
                f"`max_gradients` is {self._evaluator.max_gradients}, not enough for the first "
                f"iteration of {self._method!r}; raise it{least}"
            ) from error

    def _partial(self, status: Status) -> PathResult:
        """The result so far, without another look at the landscape."""
        self._evaluator.close()
        try:
            self._keeper.flush()
        except OSError as error:  # must not stand between the user and the result
            _log.warning("the checkpoint could not be written: %s", error)
        return self._result(status)

    def _result(self, status: Status) -> PathResult:
        outcome = self._run.finish()
        return outcome.result(
            status,
            n_gradients=self._evaluator.n_gradients,
            n_iterations=self._run.n_iterations,
            history=history_of(self._history, self._evaluator),
            method=self._method,
            landscape=self._evaluator.landscape,
            n_sample_gradients=self._evaluator.n_sample_gradients,
            n_prior_gradients=0 if self._beneath is None else self._beneath.n_gradients,
        )


def history_of(rows: HistoryRows, evaluator: Evaluator) -> History:
    """The course of a run in arrays."""
    counts, sample_counts, heights = np.array(rows, dtype=float).T
    of_samples = sample_counts.astype(int) if evaluator.n_samples else None
    return History(counts.astype(int), heights, of_samples)


def _at_work(abilities: Abilities, executor: Executor | None) -> Any:
    """What evaluates points: the landscape itself, or its copies with the executor's workers."""
    landscape = abilities.landscape
    return landscape if executor is None else ParallelLandscape(landscape, executor)


def _content(known: Evaluations | None) -> str:
    return "" if known is None else digest(tuple(vars(known).values()))


def _identity(abilities: Abilities, method: Method, a: Array, b: Array) -> dict[str, str]:
    return {
        **abilities.identity,
        "method": repr(method),
        "start": fingerprint(a),
        "end": fingerprint(b),
    }
