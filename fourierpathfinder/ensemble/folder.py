"""A folder in which an ensemble keeps what is done, and the state of each running path.

Each pair has files of its own, named after a hash of all that its path depends on but the
randomness. So a later call finds its results whatever else it asks for, and in any order.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .._arrays import Array
from ..result import PathResult
from ..storage.checkpoint import CheckpointFile, Saved
from ..storage.documents import read_document, write_document
from ..storage.errors import damaged, earlier
from ..storage.lines import check_identity
from ..storage.results import assembled, flattened, parts_of, result_of
from .pairs import Pair

_NOTE = "problem.json"
_SCHEMA = "fourierpathfinder/ensemble/1"


class Folder:
    """The files of an ensemble.

    Parameters
    ----------
    path : path-like
        Made if it does not exist; the folder that it is in must.
    problem : mapping
        What landscape the paths are on; a folder of another one is refused.
    """

    def __init__(self, path: str | os.PathLike[str], problem: Mapping[str, str]) -> None:
        self._problem = problem
        self._path = Path(path)
        if self._path.exists() and not self._path.is_dir():
            raise ValueError(f"`checkpoint` is the file {path}; of many paths it must be a folder")
        if not self._path.parent.is_dir():
            raise ValueError(f"`checkpoint` is {path}, but the folder it is in does not exist")
        self._path.mkdir(exist_ok=True)

    def claim(self) -> None:
        """Note whose folder this is, or see that it is ours; for who holds its lock.

        Raises
        ------
        CheckpointError
            If it belongs to another landscape.
        """
        note = self._path / _NOTE
        if note.exists():
            found = read_document(note, _SCHEMA).get("identity")
            check_identity(self._path, found if isinstance(found, dict) else {}, self._problem)
        elif next(self._path.glob("*.npz"), None) is not None:
            raise earlier(self._path)
        else:
            write_document(note, {"schema": _SCHEMA, "identity": dict(self._problem)})

    @property
    def path(self) -> Path:
        """Where it is."""
        return self._path

    def result(self, identity: Mapping[str, Any], pair: Pair) -> PathResult | None:
        """The result that is kept of a pair, if any; without its method and landscape."""
        file = self._file(identity, "result")
        saved = file.load()
        if saved is None:
            return None
        try:
            return result_of(assembled(saved.notes["result"], saved.arrays), pair.start)
        except (KeyError, ValueError) as error:
            raise damaged(file.path, f"it holds no result: {error}") from error

    def keep(self, identity: Mapping[str, Any], result: PathResult) -> None:
        """Keep a result, and forget where the path stood."""
        arrays, plain = flattened(parts_of(result))
        self._file(identity, "result").save(arrays, {"result": plain})
        self.run_file(identity).unlink(missing_ok=True)

    def run_file(self, identity: Mapping[str, Any]) -> Path:
        """The file in which a single run keeps where it stands."""
        return self._file(identity, "run").path

    def standing(self, identity: Mapping[str, Any]) -> Saved | None:
        """Where a path stood in lockstep with others."""
        return self._file(identity, "run").load()

    def keep_standing(
        self, identity: Mapping[str, Any], arrays: Mapping[str, Array], notes: Mapping[str, Any]
    ) -> None:
        """Keep where a path stands."""
        self._file(identity, "run").save(arrays, notes)

    def _file(self, identity: Mapping[str, Any], kind: str) -> CheckpointFile:
        name = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:16]
        return CheckpointFile(self._path / f"{name}.{kind}.npz", identity)
