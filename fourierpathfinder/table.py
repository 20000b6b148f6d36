"""Many results as one table, a pandas frame: from there to Parquet, Excel or a plot."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ._extras import needs
from .result import PathResult
from .storage.documents import read_document

if TYPE_CHECKING:
    import pandas

TABLE = "table.json"
SCHEMA = "fourierpathfinder/table/1"


def results_table(
    results: Iterable[PathResult] | str | os.PathLike[str], *, names: Sequence[str] | None = None
) -> "pandas.DataFrame":
    """Many results as a pandas frame, a row each; those that failed have a row with the reason.

    Parameters
    ----------
    results : iterable of PathResult, or path-like
        What `find_paths` returned; or the folder of `fourierpathfinder find-many`.
    names : sequence of str, optional
        Of the rows, as many as there are results; numbers from 0 by default.

    Returns
    -------
    pandas.DataFrame
        Of results: `name`, `status`, `height`, `height_error`, `barrier`, `reverse_barrier`,
        `certified`, `n_gradients`, `saddle_gradient_norm` and `reason`, in the landscape's units.
        Of a folder: the columns of its `table.csv`, whose names have their units in them.

    Raises
    ------
    ValueError
        If names and results are not as many, or the folder holds no table.

    Examples
    --------
    >>> from fourierpathfinder import Direct, find_paths, results_table
    >>> from fourierpathfinder.landscapes.toy import two_channels
    >>> toy = two_channels()
    >>> results = find_paths(toy, [(toy.start, toy.end)], method=Direct(), rng=0)
    >>> table = results_table(results, names=["there"])
    >>> table.loc[0, ["name", "status"]].tolist()
    ['there', 'CONVERGED']
    """
    with needs("results_table", "pandas", "fourierpathfinder[table]"):
        import pandas

    if isinstance(results, str | os.PathLike):
        return pandas.DataFrame(read_rows(Path(results)))
    given = list(results)
    names = [str(k) for k in range(len(given))] if names is None else list(names)
    if len(names) != len(given):
        raise ValueError(f"there are {len(names)} names for {len(given)} results")
    return pandas.DataFrame([_row(name, one) for name, one in zip(names, given, strict=True)])


def read_rows(folder: Path) -> list[dict[str, Any]]:
    """The rows that `find-many` wrote into a folder.

    Raises
    ------
    ValueError
        If there are none.
    """
    file = folder / TABLE
    if not file.exists():
        raise ValueError(f"{folder} holds no {TABLE}; give the folder of a `find-many` that ended")
    rows = read_document(file, SCHEMA).get("rows")
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError(f"{file} holds no rows of a table")
    return rows


def _row(name: str, result: PathResult) -> dict[str, Any]:
    saddle = result.saddle
    return {
        "name": name,
        "status": result.status.name,
        "height": float(result.height),
        "height_error": float(result.height_error),
        "barrier": float(result.barrier),
        "reverse_barrier": float(result.reverse_barrier),
        "certified": bool(result.certified),
        "n_gradients": int(result.n_gradients),
        "saddle_gradient_norm": None if saddle is None else float(saddle.gradient_norm),
        "reason": "" if result.success else result.message,
    }
