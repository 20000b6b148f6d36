"""Minima in, a graph out: pair after pair, as many at a time as there are workers.

The graph so far is always usable, and with a checkpoint it is in a file: one line per finished
pair, written before the next one is chosen. After a kill the same call continues from there; what
was known of the pair under way stands in a file beside it, unless an executor's worker had it.
"""

import glob
import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._arrays import Array, is_array, to_numpy
from ..evaluation import LandscapeError
from ..executors import finished, give_up, watched
from ..inputs import check_call, checked_method, generator
from ..landscapes.abilities import Abilities, abilities_of
from ..landscapes.resolve import as_landscape
from ..methods.base import Method
from ..methods.choose import choose_method
from ..parallel import check_executor
from ..parallel import n_workers as workers_of
from ..priors import identity_of, resolve_priors
from ..restart.recheck import Witness, recheck
from ..storage.content import fingerprint
from ..storage.lock import locked
from .elements import Edge, Node
from .landscape_graph import INTERRUPTED, LandscapeGraph
from .legs import Found, explore, split_where_it_can
from .record import Record
from .schedule import Pair, Schedule, wanted_pairs
from .symmetry import Same, Symmetry

_log = logging.getLogger(__name__)


def connect(
    landscape: Any,
    minima: Sequence[Any],
    *,
    pairs: str | Sequence[Pair] = "all",
    labels: Sequence[str] | None = None,
    graph: LandscapeGraph | None = None,
    method: Method | None = None,
    prior: Any = None,
    gradient: Callable[..., Array] | str | None = None,
    same: Same | None = None,
    mirror: bool = False,
    n_tries: int | None = 3,
    max_gradients: int | None = None,
    max_seconds: float | None = None,
    rng: np.random.Generator | int | None = None,
    executor: Executor | None = None,
    n_workers: int | None = None,
    callback: Callable[[LandscapeGraph], None] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    resume_check: bool = True,
) -> LandscapeGraph:
    """Join minima by the lowest paths that can be found, through others found on the way.

    Parameters
    ----------
    landscape : Landscape or callable
        As for `find_path`. Its optional `same`, `placing` and `fingerprint` say which minima are
        the same; see `fourierpathfinder.landscapes.protocols`.
    minima : sequence of arrays (D,) or what the landscape turns into arrays
        The minima, relaxed. Equal ones share a node.
    pairs : {"all", "nearest"} or sequence of (int, int)
        Between which of the minima the minimax height is wanted; "nearest" is each with its
        three nearest.
    labels : sequence of str, optional
        One for each minimum, for pictures.
    graph : LandscapeGraph, optional
        The result of an earlier call, to start from; it is not changed.
    method : Method, optional
        How one path is found; None chooses as `find_path` does. `Surrogate` splits its paths at
        minima; those of other methods are searched for minima with further gradients.
    prior : optional
        A cheaper landscape, as in `find_path`, beneath every path.
    gradient : callable, "autograd", "torch" or "finite-difference", optional
        As for `find_path`.
    same : callable (D,), (D,) -> bool, optional
        Whether two minima are the same, instead of the landscape's own answer.
    mirror : bool
        Whether mirror images are the same, where the landscape is made of atoms.
    n_tries : int or None
        Attempts to lower each wanted height before it is accepted; None goes on until the
        budget is used up or no pair is left.
    max_gradients : int, optional
        A budget for the minima and all attempts, which ends where it is not enough to begin
        another one. With an executor each attempt may spend what was left when it began.
    max_seconds : float, optional
        After this time no new attempt is started.
    rng : numpy.random.Generator or int, optional
        The source of randomness (:term:`SPEC 7`): a generator is used as it is, an integer seeds a
        new one, None takes fresh randomness. Without an executor the same integer gives the same
        graph.
    executor : concurrent.futures.Executor, optional
        Its workers try one pair of minima each. The landscape must be picklable.
    n_workers : int, optional
        How many pairs to try at the same time; by default as many as the executor has workers,
        if it says so.
    callback : callable (LandscapeGraph) -> None, optional
        Called with the graph after each pair; StopIteration ends the run.
    checkpoint : path-like, optional
        A file. If it exists and belongs to this problem (landscape, minima, method), the run goes
        from it; anything else is refused. While the run lasts it is locked.
    resume_check : bool
        Whether, before a run continues, the first minimum is evaluated again and compared; that
        evaluation is not counted.

    Returns
    -------
    LandscapeGraph
        `graph.given[k]` is the node of the k-th minimum; `graph.message` says why the run ended.

    Raises
    ------
    LandscapeError
        If the landscape returns NaN or infinity at one of the minima.
    ValueError
        If `minima` is empty, their shapes differ, `labels` are not one for each, or the checkpoint
        belongs to other minima, another method or another calculator.
    RuntimeError
        If a worker of the executor dies; finished pairs are in the checkpoint.

    References
    ----------
    Wales, Mol. Phys. 100, 3285 (2002), DOI 10.1080/00268970210162691 (growth from two ends);
    Carr, Trygubenko and Wales, J. Chem. Phys. 122, 234903 (2005), DOI 10.1063/1.1931587 (the
    missing connection: the nearest pair across a gap).

    Examples
    --------
    >>> from fourierpathfinder import Direct, connect
    >>> from fourierpathfinder.landscapes.toy import mueller_brown
    >>> toy = mueller_brown()
    >>> graph = connect(toy, toy.minima, method=Direct(), rng=0)
    >>> round(graph.minimax_height(0, 1), 2), round(toy.height, 2)
    (-40.66, -40.66)
    """
    check_call(max_gradients=max_gradients, callback=callback, checkpoint=checkpoint)
    if method is not None:
        checked_method(method)
    if executor is not None:
        check_executor(executor)
    abilities = abilities_of(as_landscape(landscape, gradient))
    points, reference = _points(abilities, minima)
    _check_asked(pairs, n_tries, len(points))
    symmetry = Symmetry(abilities, same, mirror, reference, _size(points))
    if labels is not None and len(labels) != len(points):
        raise ValueError(
            f"there are {len(labels)} `labels` and {len(points)} `minima`; give one for each"
        )
    method = split_where_it_can(method or choose_method(abilities, symmetry.native(points[0])))
    seed = int(generator(rng).integers(2**63))
    cheaper = resolve_priors(prior, method, abilities, symmetry.native(points[0]))
    session = _Session(symmetry, method, seed, max_gradients, max_seconds, prior)
    with ExitStack() as open_until_the_end:
        if checkpoint is not None:
            open_until_the_end.enter_context(locked(checkpoint))
            identity = {**_identity(abilities, method, points, pairs), **identity_of(cheaper)}
            record = Record(checkpoint, identity)
            open_until_the_end.enter_context(closing(record))
            session.keep_in(record, rechecks=resume_check)
        session.begin(graph, points, labels)
        session.plan(pairs, n_tries)
        at_work = open_until_the_end.enter_context(watched(executor))
        return session.drive(at_work, n_workers or workers_of(executor, abilities), callback)


class _Session:
    """One run: its graph, its schedule and its budget."""

    def __init__(
        self,
        symmetry: Symmetry,
        method: Method,
        seed: int,
        max_gradients: int | None,
        max_seconds: float | None,
        prior: Any = None,
    ) -> None:
        self._prior = prior
        self._symmetry, self._method, self._seed = symmetry, method, seed
        self._record: Record | None = None
        self._rechecks = True
        self._max_gradients = max_gradients
        self._ends_at = None if max_seconds is None else time.monotonic() + max_seconds
        self._is_spent = False
        self._graph = LandscapeGraph()
        self._fingerprints: list[np.ndarray] = []
        self._tried: list[Pair] = []

    def keep_in(self, record: Record, *, rechecks: bool) -> None:
        """Keep everything in a file, and go on from what it holds."""
        self._record, self._rechecks = record, rechecks
        if record.read is None or not record.read.given:
            return
        self._graph, self._tried = LandscapeGraph.of(record.read), record.read.pairs
        for pair in self._tried:
            _remove_files_of(pair, record)
        if rechecks:
            heights = [edge.height for edge in self._graph.edges]
            values = [*self._graph.values.tolist(), *heights]
            first = self._graph.nodes[0]
            point = self._symmetry.native(first.position)
            witness = Witness(point, first.value, None, max(values) - min(values))
            recheck(self._symmetry.abilities.landscape, witness, record.path)
        self._fingerprint_new_nodes()

    def begin(
        self,
        graph: LandscapeGraph | None,
        points: list[np.ndarray],
        labels: Sequence[str] | None,
    ) -> None:
        """Start from the given minima, and from what is known, unless a record has been read."""
        if self._graph.given:
            return
        self._graph = LandscapeGraph() if graph is None else graph.copy()
        values, _ = self._symmetry.abilities.landscape.value_and_grad(
            self._symmetry.native(np.stack(points))
        )
        for k, (point, value) in enumerate(zip(points, to_numpy(values), strict=True)):
            if not np.isfinite(value):
                raise LandscapeError(
                    f"the landscape returned the value {value} at minimum {k}; leave it out, or "
                    "see why it cannot be evaluated"
                )
            node = Node(point, float(value), "" if labels is None else labels[k])
            self._graph.given.append(self._graph.number_of(node, self._symmetry.same))
        self._graph.n_gradients += len(points)
        self._fingerprint_new_nodes()
        if self._record is not None:
            graph = self._graph
            self._record.add(
                graph.nodes, graph.edges, given=graph.given, n_gradients=graph.n_gradients
            )

    def plan(self, pairs: str | Sequence[Pair], n_tries: int | None) -> None:
        """Decide which heights are wanted."""
        asked = pairs if isinstance(pairs, str) else list(pairs)
        fingerprints = np.stack(self._fingerprints)
        wanted = wanted_pairs(asked, self._graph.given, fingerprints)
        distance = self._distance if self._symmetry.guesses else None
        self._schedule = Schedule(self._graph, self._fingerprints, wanted, n_tries, distance)
        for pair in self._tried:
            self._schedule.take(pair)

    def drive(
        self,
        executor: Executor | None,
        n_workers: int,
        callback: Callable[[LandscapeGraph], None] | None,
    ) -> LandscapeGraph:
        """Try pairs until none is left or the budget ends."""
        running: dict[Future[Found], Pair] = {}
        graph = self._graph
        graph.message = "No pair is left that could lower a wanted height."
        try:
            while self._keep_busy(running, executor, n_workers):
                for future in finished(running, executor):
                    self._absorb(running.pop(future), future.result())
                    if callback is not None:
                        callback(graph)
        except StopIteration:
            graph.message = "The callback stopped the run."
        except KeyboardInterrupt:
            graph.message = INTERRUPTED
        except (BrokenExecutor, CancelledError) as error:
            raise RuntimeError(
                "a worker of the executor died while it tried a pair, or the executor was shut "
                "down; finished pairs are in the "
                "checkpoint, if there is one: make a new executor and call again"
            ) from error
        finally:
            give_up(running, executor)
        return graph

    def _keep_busy(
        self, running: dict[Future[Found], Pair], executor: Executor | None, n_workers: int
    ) -> bool:
        """Hand out pairs as long as a worker is free; whether anything is running."""
        submit = _run_here if executor is None else executor.submit
        while len(running) < (1 if executor is None else n_workers) and self._may_go_on():
            pair = self._schedule.next_pair(running.values())
            if pair is None:
                break
            running[submit(self._task(pair, is_here=executor is None))] = pair
        return bool(running)

    def _may_go_on(self) -> bool:
        budget = self._max_gradients
        if self._is_spent or (budget is not None and self._graph.n_gradients >= budget):
            self._graph.message = "The budget of gradients was used up."
            return False
        if self._ends_at is not None and time.monotonic() > self._ends_at:
            self._graph.message = "Time limit reached."
            return False
        return True

    def _task(self, pair: Pair, *, is_here: bool) -> Callable[[], Found]:
        nodes = self._graph.nodes
        file = _file_of(pair, self._record) if is_here and self._record is not None else None
        budget = self._max_gradients
        left = None if budget is None else budget - self._graph.n_gradients
        start, end = nodes[pair[0]].position, nodes[pair[1]].position
        seed = (self._seed, *pair)
        task = partial(
            explore, self._symmetry, start, end, self._method, seed, left, prior=self._prior
        )
        return task if file is None else partial(task, file, resume_check=self._rechecks)

    def _distance(self, i: int, j: int) -> float:
        a, b = (self._graph.nodes[k].position for k in (i, j))
        return float(np.linalg.norm(self._symmetry.placed(a, b) - a))

    def _absorb(self, pair: Pair, found: Found) -> None:
        """Add what was found; what is in the file by then is all or nothing."""
        if not found.was_tried:
            self._is_spent = True
            return
        graph, first_new = self._graph, len(self._graph)
        numbers = list(pair)
        for stop in found.stops[2:]:
            numbers.append(graph.number_of(stop, self._symmetry.same))
        edges = _best_edges(found.legs, numbers)
        for edge in edges:
            graph.add_edge(edge)
        graph.n_gradients += found.n_gradients
        graph.n_prior_gradients += found.n_prior_gradients
        self._fingerprint_new_nodes()
        if not found.legs:
            _log.warning("no path between nodes %d and %d: %s", *pair, found.message)
        self._is_spent = self._is_spent or found.was_cut_off
        if self._record is not None:
            self._keep(pair, found, graph.nodes[first_new:], edges, self._record)

    def _keep(
        self, pair: Pair, found: Found, nodes: list[Node], edges: list[Edge], record: Record
    ) -> None:
        """Write what was found; a pair whose search was cut off is tried again in a later run."""
        if found.was_cut_off and found.is_kept:
            return  # it goes on from its own file then, where all of this is
        notes: dict[str, Any] = {} if found.was_cut_off else {"pair": pair}
        notes["n_gradients"] = found.n_gradients
        if found.n_prior_gradients:
            notes["n_prior_gradients"] = found.n_prior_gradients
        record.add(nodes, edges, **notes)
        _remove_files_of(pair, record)

    def _fingerprint_new_nodes(self) -> None:
        for node in self._graph.nodes[len(self._fingerprints) :]:
            self._fingerprints.append(self._symmetry.fingerprint(node.position))


def _file_of(pair: Pair, record: Record) -> Path:
    """Where the search for a pair's path is kept while it lasts."""
    return record.path.with_name(f"{record.path.name}.{pair[0]}-{pair[1]}")


def _remove_files_of(pair: Pair, record: Record) -> None:
    """That file, and those of cheaper landscapes beside it."""
    file = _file_of(pair, record)
    for one in (file, *file.parent.glob(f"{glob.escape(file.name)}.prior*")):
        one.unlink(missing_ok=True)


def _best_edges(legs: list[Edge], numbers: list[int]) -> list[Edge]:
    """The lowest leg of each pair of nodes, a certified one where that costs nothing."""
    best: dict[frozenset[int], Edge] = {}
    for leg in sorted(legs, key=lambda leg: (leg.height, not leg.certified)):
        edge = replace(leg, start=numbers[leg.start], end=numbers[leg.end])
        if edge.start != edge.end:
            best.setdefault(frozenset((edge.start, edge.end)), edge)
    return list(best.values())


def _run_here(task: Callable[[], Found]) -> Future[Found]:
    future: Future[Found] = Future()
    future.set_result(task())
    return future


def _points(abilities: Abilities, minima: Sequence[Any]) -> tuple[list[np.ndarray], Array | None]:
    """The minima as NumPy arrays, and an empty array of the library that they came in."""
    if len(minima) < 1:
        raise ValueError("`minima` is empty; give at least one minimum")
    given = [abilities.coordinates(minimum) for minimum in minima]
    points = [_finite(k, point) for k, point in enumerate(given)]
    shapes = {point.shape for point in points}
    if len(shapes) > 1 or points[0].ndim != 1:
        raise ValueError(f"`minima` have shapes {sorted(shapes)}; all must be (D,)")
    foreign = is_array(given[0]) and not isinstance(given[0], np.ndarray)
    return points, given[0][:0] if foreign else None


def _size(points: list[np.ndarray]) -> float:
    """How far the minima lie apart; the size of a single one."""
    apart = max(float(np.linalg.norm(point - points[0])) for point in points)
    return apart or float(np.linalg.norm(points[0]))


def _check_asked(pairs: str | Sequence[Pair], n_tries: int | None, n: int) -> None:
    """What `wanted_pairs` would only find out after the minima were evaluated."""
    if isinstance(pairs, str) and pairs not in ("all", "nearest"):
        raise ValueError(f'`pairs` is {pairs!r}; it must be "all", "nearest" or a list of pairs')
    if not isinstance(pairs, str):
        for pair in pairs:
            if not all(-n <= end < n for end in pair):
                raise ValueError(f"`pairs` names {tuple(pair)}, but there are {n} minima")
    if n_tries is not None and n_tries < 1:
        raise ValueError(f"`n_tries` is {n_tries}; it must be at least 1, or None for no limit")


def _finite(number: int, point: Any) -> np.ndarray:
    """A copy of a minimum in double precision; an error says which one is not fit."""
    try:
        numbers = np.array(to_numpy(point) if is_array(point) else point, dtype=float)
    except (TypeError, ValueError) as error:
        raise TypeError(f"minimum {number} is no array of numbers: {error}") from error
    if not np.isfinite(numbers).all():
        raise ValueError(f"minimum {number} has a coordinate that is not finite")
    return numbers


def _identity(
    abilities: Abilities, method: Method, points: list[np.ndarray], pairs: str | Sequence[Pair]
) -> dict[str, str]:
    return {
        **abilities.identity,
        "method": repr(method),
        "minima": fingerprint(np.stack(points)),
        "pairs": pairs if isinstance(pairs, str) else repr([tuple(pair) for pair in pairs]),
    }
