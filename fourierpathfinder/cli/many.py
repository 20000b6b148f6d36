"""Many pairs, a process each, into one table: the command `find-many`.

Each pair has a folder, in which `find` keeps everything, and a `row.json` once it is done. A run
that was killed is started again with `--restart`: pairs that are done are not looked at again, and
those that were under way go on with what is known.
"""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ase import Atoms

from ..atoms import MoleculeLandscape
from ..landscapes.isolation.worker import Worker
from ..storage.content import digest
from ..storage.documents import read_document, write_document
from ..storage.errors import CheckpointError
from ..threads import answered
from .calculators import CalculatorFactory
from .document import SCHEMA as OF_RESULT
from .dropped_steps import dropped, what_is_removed
from .exits import Exit, InputError
from .outputs import forget_result
from .pairs import Pair
from .places import EVALUATIONS, OF_PRIOR, RESULT
from .processes import Processes, found_in_a_process, reason
from .rows import failed_row, has_unrelaxed_ends, row_of
from .structures import read_structure

log = logging.getLogger("fourierpathfinder.cli")

SCHEMA = "fourierpathfinder/row/2"
ROW = "row.json"
"""The row of a pair that is done, beside its results."""
_DONE = (Exit.CERTIFIED, Exit.NOT_CERTIFIED, Exit.NOT_CONNECTED)
"""After these a pair is not tried again."""
_NAMED = 5
"""Pairs that are named in a message."""
_PATIENCE = 60
"""In seconds: how long a process of a run that was killed may take to end."""


@dataclass(frozen=True)
class Many:
    """All that is to be done.

    Parameters
    ----------
    pairs : sequence of Pair
        What to join.
    folder : Path
        Where a folder for each pair comes to lie.
    arguments : callable
        The arguments of `find` for a pair, without its folder.
    calculator : dict
        The identity of the calculator, and of what all pairs begin from.
    n_jobs : int
        Pairs at a time.
    calculators : sequence of CalculatorFactory
        What is made once before the first pair, so that one that cannot be made is said once.
    refusal : callable
        Why `find` with some arguments would refuse what an earlier run has left, or nothing.
    steps : sequence of str
        The options that ask for something beyond the path.
    """

    pairs: Sequence[Pair]
    folder: Path
    arguments: Callable[[Pair], list[str]]
    calculator: dict[str, Any]
    n_jobs: int
    calculators: Sequence[CalculatorFactory] = ()
    refusal: Callable[[list[str]], str] = lambda _: ""
    steps: Sequence[str] = ()

    def rows(self) -> list[dict[str, Any]]:
        """The row of every pair, in their order; those that are missing are found."""
        found = {}
        for pair in self.pairs:
            kept = self._kept(pair)
            if kept is not None:
                found[pair.name] = kept
        if found:
            log.info("%d of %d pairs are done already", len(found), len(self.pairs))
        missing = [pair for pair in self.pairs if pair.name not in found]
        self._require_same_problems(missing)
        self._make_once(missing)
        self._say_what_is_left_behind()
        self._say_what_is_removed(missing)
        for pair, row in self._run(missing):
            found[pair.name] = row
            log.info("[%d/%d] %s", len(found), len(self.pairs), _line(row))
        return [found[pair.name] for pair in self.pairs]

    def _require_same_problems(self, missing: list[Pair]) -> None:
        """Raise an InputError where pairs were run with another calculator, or with other files."""
        refused = {pair.name: why for pair in missing if (why := self._refused(pair))}
        if refused:
            names = list(refused)
            raise InputError(
                f"{len(names)} of {len(self.pairs)} pairs were run otherwise before: "
                f"{_some(names)}. {refused[names[0]]}. Nothing has been run or "
                "changed: give another --output, undo the change, or delete the folders of these "
                f"pairs in {self.folder} to run them anew"
            )

    def _refused(self, pair: Pair) -> str:
        folder = self.folder / pair.name
        if pair.problem or not any((folder / file).exists() for file in (EVALUATIONS, OF_PRIOR)):
            return ""
        try:
            return self.refusal(["--output", str(folder), *self.arguments(pair)])
        except InputError:
            return ""  # it is said in its row

    def _make_once(self, missing: list[Pair]) -> None:
        """Raise a NotReadyError where a calculator cannot be made for a structure of any pair."""
        structures = (one for one in map(_structure, missing) if one is not None)
        atoms = next(structures, None)
        for calculator in self.calculators if atoms is not None else ():
            try:
                worker = Worker(MoleculeLandscape(atoms, calculator))
            except ValueError:
                return  # what is wrong with one structure is said in its row
            with closing(worker):
                worker.start()

    def _say_what_is_left_behind(self) -> None:
        """Name the folders of earlier runs that are of no pair now, and so have no row."""
        names = {pair.name for pair in self.pairs}
        others = [one.name for one in self.folder.glob("*") if (one / ROW).is_file()]
        if left := sorted(set(others) - names):
            log.warning(
                "%d folders in %s are of no pair now, and stay as they are: %s",
                len(left), self.folder, _some(left),
            )  # fmt: skip

    def _say_what_is_removed(self, missing: list[Pair]) -> None:
        """Name the files of steps beyond the path that this run is not asked for."""
        found = [
            dropped(self.folder / pair.name, self.steps) for pair in missing if not pair.problem
        ]
        files: dict[str, list[Path]] = {}
        for each in found:
            for option, names in each.items():
                files.setdefault(option, []).extend(names)
        where = f" of {sum(map(bool, found))} of {len(self.pairs)} pairs"
        if told := what_is_removed(files, self.folder, where):
            log.warning("%s", told)

    def _run(self, missing: list[Pair]) -> Iterator[tuple[Pair, dict[str, Any]]]:
        processes = Processes()
        calls = [partial(self._row, pair, processes) for pair in missing]
        with closing(processes), closing(answered(calls, self.n_jobs)) as answers:
            for index, row in answers:
                yield missing[index], row

    def _row(self, pair: Pair, processes: Processes) -> dict[str, Any]:
        if pair.problem:
            return failed_row(pair, pair.problem)
        try:
            arguments = self.arguments(pair)
        except InputError as error:
            return failed_row(pair, str(error))
        folder = self.folder / pair.name
        if folder.is_symlink():
            return failed_row(
                pair, f"{folder} is a symbolic link, and nothing is written through it"
            )
        folder.mkdir(parents=True, exist_ok=True)
        forget_result(folder)  # the row is to tell of this run
        (folder / ROW).unlink(missing_ok=True)
        until = time.monotonic() + _PATIENCE
        while True:
            status = found_in_a_process(arguments, folder, processes)
            why = reason(folder, status)
            if " is in use by " not in why or time.monotonic() > until:
                break
            time.sleep(1)
        row = self._written(pair, folder, status, why)
        if status in _DONE and (folder / RESULT).exists():
            write_document(
                folder / ROW,
                {"schema": SCHEMA, "identity": self._identity(pair), "row": row},
            )
        return row

    def _written(self, pair: Pair, folder: Path, status: int, why: str) -> dict[str, Any]:
        result = folder / RESULT
        if status == Exit.BAD_INPUT or not result.exists():
            return failed_row(pair, why)
        try:
            return row_of(pair, read_document(result, OF_RESULT), status, why)
        except (CheckpointError, KeyError, TypeError) as error:
            return failed_row(pair, f"{result} is no result: {error}")

    def _kept(self, pair: Pair) -> dict[str, Any] | None:
        """The row of an earlier run of the same pair with the same options."""
        file = self.folder / pair.name / ROW
        try:
            kept = read_document(file, SCHEMA) if file.exists() else {}
            is_same = kept.get("identity") == self._identity(pair)
        except (CheckpointError, InputError):
            return None
        row = kept.get("row")
        return dict(row) if is_same and isinstance(row, dict) else None

    def _identity(self, pair: Pair) -> str:
        return digest([self.arguments(pair), pair.content(), self.calculator])


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{', '.join(names[:_NAMED])}{more}"


def _structure(pair: Pair) -> Atoms | None:
    try:
        return None if pair.problem else read_structure(pair.reactant)
    except InputError:
        return None


def _line(row: dict[str, Any]) -> str:
    if row["barrier_eV"] is None:
        return f"{row['name']}: {row['status']}: {row['reason']}"
    told = f"{row['barrier_eV']:.4f} eV, {row['status']}, {row['n_gradients']} gradients"
    doubt = "ends not relaxed" if has_unrelaxed_ends(row) else ""
    return f"{row['name']}: " + "; ".join(filter(None, (told, doubt, row["reason"])))
