"""One call for many paths on one landscape; an error in one does not affect the others."""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from typing import Any

import numpy as np

from .._arrays import Array
from ..ends import resolve_ends
from ..executors import watched
from ..inputs import check_call, checked_method, generator
from ..landscapes.abilities import Abilities, abilities_of
from ..landscapes.resolve import as_landscape
from ..methods.base import Method
from ..methods.choose import choose_method
from ..methods.stochastic import Stochastic
from ..parallel import check_executor
from ..priors import identity_of, resolve_priors
from ..progress import ProgressBar
from ..restart.recheck import Witness, from_arrays, recheck
from ..result import PathResult, Status
from ..storage.checkpoint import Saved
from ..storage.content import fingerprint
from ..storage.lock import locked
from ..storage.results import completed
from .folder import Folder
from .lockstep import Group, groups
from .pairs import Pair, without_a_height
from .tasks import Task, on_executor, one_after_the_other


def find_paths(
    landscape: Any,
    pairs: Iterable[tuple[Any, Any]],
    *,
    method: Method | None = None,
    gradient: Callable[..., Array] | str | None = None,
    prior: Any = None,
    max_gradients: int | None = None,
    rng: np.random.Generator | int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
    checkpoint: str | os.PathLike[str] | None = None,
    resume_check: bool = True,
) -> list[PathResult]:
    """Find paths of low height between many pairs of points of one landscape.

    `Stochastic` on the loss of a network takes a step of all paths in one batch, which fills a
    GPU. Everything else is one task per path: on the executor, or one after the other.

    Parameters
    ----------
    landscape : Landscape or callable
        As for `find_path`.
    pairs : iterable of (start, end)
        The ends, as for `find_path`.
    method, gradient : optional
        As for `find_path`; one method for all.
    prior : optional
        As for `find_path`, beneath each of the paths; workers have a copy of it.
    max_gradients : int, optional
        Of each path.
    rng : numpy.random.Generator or int, optional
        The source of randomness (:term:`SPEC 7`); each path has a stream of its own.
    executor : concurrent.futures.Executor, optional
        Workers that find one path each.
    progress : bool
        Show a progress bar.
    checkpoint : path-like, optional
        A folder. Paths that it holds are not looked for again, and those that were running go
        on from where they were. While the call lasts it is locked.
    resume_check : bool
        As for `find_path`; of the paths that the folder holds one is looked at.

    Returns
    -------
    list of PathResult
        In the order of the pairs. A path that failed, or was lost with its worker, has the status
        `FAILED` and a message that says why; its height is NaN where none is known, and its
        `path` is None where its ends could not be used.

    Examples
    --------
    >>> import numpy as np
    >>> from fourierpathfinder import Direct, find_paths
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> pairs = [(toy.start, toy.end), (toy.end, toy.start)]
    >>> [round(found.height, 3) for found in find_paths(toy, pairs, method=Direct(), rng=0)]
    [0.624, 0.624]
    """
    abilities = abilities_of(as_landscape(landscape, gradient))
    check_call(max_gradients=max_gradients, progress=progress, checkpoint=checkpoint)
    _check(method, executor)
    given = [_two(pair) for pair in _several(pairs)]
    seeds = generator(rng).integers(2**62, size=len(given))
    resolvable, results = _resolved(abilities, given, seeds, method)
    if resolvable:
        method = method or choose_method(abilities, resolvable[0].start)
        cheaper = resolve_priors(prior, method, abilities, resolvable[0].start)
        problem = {}
        if checkpoint is not None:
            problem = {**abilities.identity, **identity_of(cheaper)}
        folder = None if checkpoint is None else Folder(checkpoint, problem)
        with nullcontext() if folder is None else locked(folder.path), watched(executor) as at_work:
            if folder is not None:
                folder.claim()
            work = _Work(
                abilities,
                method,
                max_gradients,
                at_work,
                folder,
                problem,
                progress,
                resume_check,
                prior,
            )
            results.update(work.results(resolvable))
    return [results[index] for index in range(len(given))]


def _resolved(
    abilities: Abilities,
    given: Sequence[tuple[Any, Any]],
    seeds: np.ndarray,
    method: Method | None,
) -> tuple[list[Pair], dict[int, PathResult]]:
    """The pairs whose ends can be used, and for the others, by number, a result that says why."""
    resolvable: list[Pair] = []
    failed: dict[int, PathResult] = {}
    occurrences: dict[tuple[str, str], int] = {}
    for index, (start, end) in enumerate(given):
        try:
            a, b = resolve_ends(abilities, start, end)
        except Exception as error:  # a network that is handed in may raise anything
            failed[index] = without_a_height(
                None, Status.FAILED, _reason(error), method, abilities.landscape
            )
            continue
        prints = fingerprint(a), fingerprint(b)
        occurrences[prints] = occurrences.get(prints, -1) + 1
        resolvable.append(Pair(index, a, b, int(seeds[index]), occurrences[prints]))
    return resolvable, failed


class _Work:
    """All paths of one call."""

    def __init__(
        self,
        abilities: Abilities,
        method: Method,
        max_gradients: int | None,
        executor: Executor | None,
        folder: Folder | None,
        problem: Mapping[str, str],
        progress: bool,
        resume_check: bool,
        prior: Any = None,
    ) -> None:
        self._prior = prior
        self._abilities = abilities
        self._landscape = abilities.landscape
        self._method = method
        self._max_gradients = max_gradients
        self._executor = executor
        self._folder = folder
        self._problem = problem
        self._progress = progress
        self._resume_check = resume_check

    def results(self, pairs: list[Pair]) -> dict[int, PathResult]:
        """By the index of the pair: what the folder holds, and what is found now."""
        done = {pair.index: kept for pair in pairs if (kept := self._kept(pair)) is not None}
        if done and self._resume_check:
            self._recheck(next(iter(done.values())))
        missing = {pair.index: pair for pair in pairs if pair.index not in done}
        with ProgressBar(self._progress) as bar:
            spent = 0
            for index, result in self._found(list(missing.values()), bar):
                self._keep(missing[index], result)
                done[index] = result
                spent += result.n_gradients
                bar.spent(spent)
        return done

    def _found(self, pairs: list[Pair], bar: ProgressBar) -> Iterator[tuple[int, PathResult]]:
        method = self._method
        if isinstance(method, Stochastic) and self._executor is None and self._abilities.n_samples:
            return self._in_lockstep(pairs, method, bar)
        tasks = {pair.index: self._task(pair) for pair in pairs}
        if self._executor is None:
            return one_after_the_other(tasks)
        return on_executor(tasks, self._executor)

    def _in_lockstep(
        self, pairs: list[Pair], method: Stochastic, bar: ProgressBar
    ) -> Iterator[tuple[int, PathResult]]:
        standings = {pair.index: self._standing(pair) for pair in pairs}
        if self._resume_check:
            self._recheck_standing(pairs, standings)

        def n_steps(pair: Pair) -> int:
            saved = standings[pair.index]
            return 0 if saved is None else int(saved.notes["n_steps"])

        was_interrupted = False
        for level in sorted({n_steps(pair) for pair in pairs}):
            for group in groups([pair for pair in pairs if n_steps(pair) == level], method):
                if was_interrupted:
                    yield from ((pair.index, self._task(pair).interrupted()) for pair in group)
                    continue
                together = Group(
                    self._landscape,
                    method,
                    group,
                    self._max_gradients,
                    self._folder,
                    self._identity,
                    lambda n, height: bar.describe(height, "mini-batches of all paths"),
                )
                together.set([standings[pair.index] for pair in group])
                for pair, result in together.results():
                    was_interrupted |= result.status is Status.INTERRUPTED
                    yield pair.index, result

    def _task(self, pair: Pair) -> Task:
        file = None if self._folder is None else self._folder.run_file(self._identity(pair))
        return Task(
            self._landscape,
            pair,
            self._method,
            self._max_gradients,
            file,
            self._resume_check,
            self._prior,
        )

    def _identity(self, pair: Pair) -> dict[str, Any]:
        return pair.identity(self._problem, self._method, self._max_gradients)

    def _standing(self, pair: Pair) -> Any:
        return None if self._folder is None else self._folder.standing(self._identity(pair))

    def _kept(self, pair: Pair) -> PathResult | None:
        if self._folder is None:
            return None
        kept = self._folder.result(self._identity(pair), pair)
        return None if kept is None else completed(kept, self._method, self._landscape)

    def _recheck(self, kept: PathResult) -> None:
        """Evaluate the start of a path that the folder holds again."""
        if self._folder is None or self._abilities.stochastic:
            return  # values over all samples are large computations, and the data are compared
        spread = kept.height - min(kept.start_value, kept.end_value)
        witness = Witness(kept.path.start, kept.start_value, None, spread)
        recheck(self._landscape, witness, self._folder.path)

    def _recheck_standing(self, pairs: list[Pair], standings: Mapping[int, Saved | None]) -> None:
        """Evaluate one point of paths that were running again, on the same samples."""
        for saved in standings.values():
            witness = None if saved is None else from_arrays(saved.arrays, pairs[0].start)
            if witness is not None and self._folder is not None:
                recheck(self._landscape, witness, self._folder.path)
                return

    def _keep(self, pair: Pair, result: PathResult) -> None:
        """Keep what is done; what failed or was interrupted is tried again."""
        unfinished = result.status in (Status.FAILED, Status.INTERRUPTED)
        if self._folder is not None and not unfinished:
            self._folder.keep(self._identity(pair), result)


def _check(method: Method | None, executor: Executor | None) -> None:
    if method is not None:
        checked_method(method)
    if executor is not None:
        check_executor(executor)


def _reason(error: Exception) -> str:
    """What an end is refused for; our own sentences need no name of an error before them."""
    is_told = isinstance(error, TypeError | ValueError)
    return str(error) if is_told else f"{type(error).__name__}: {error}"


def _several(pairs: Any) -> Iterable[Any]:
    if not isinstance(pairs, Iterable):
        raise TypeError(f"`pairs` is a {type(pairs).__name__}; pass a list of pairs (start, end)")
    return pairs


def _two(pair: Any) -> tuple[Any, Any]:
    try:
        start, end = pair
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"`pairs` must hold pairs (start, end), but one of them is a {type(pair).__name__}"
        ) from error
    if all(isinstance(x, float | int) or getattr(x, "ndim", None) == 0 for x in (start, end)):
        raise ValueError(
            "`pairs` must hold pairs (start, end), but one of them is a point of two coordinates; "
            "for one pair pass [(start, end)]"
        )
    return start, end
