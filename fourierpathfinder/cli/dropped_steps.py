"""What an earlier run in a folder found beyond the path, and this one is not asked for."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from ..storage.documents import read_document
from ..storage.errors import CheckpointError
from .document import SCHEMA
from .places import RESULT

_STEPS = {
    "--verify": ("verification", "minimum-*.xyz"),
    "--mep": ("minimum_energy_path", "mep.extxyz"),
    "--vibrations": ("vibrations", "mode.extxyz"),
}
"""The steps beyond the path: what `result.json` calls them, and the files they have."""
_NAMED = 6
"""Files that are named in a message."""


def dropped(folder: Path, asked: Collection[str]) -> dict[str, list[Path]]:
    """The options whose steps an earlier result in a folder has, not asked for now; their files."""
    try:
        document = read_document(folder / RESULT, SCHEMA)
    except (OSError, CheckpointError):
        return {}
    return {
        option: sorted(folder.glob(files))
        for option, (name, files) in _STEPS.items()
        if option not in asked and document.get(name) is not None
    }


def what_is_removed(files: Mapping[str, Sequence[Path]], beside: Path, where: str = "") -> str:
    """In words, what is removed, as it would belong to another result, and how to have it again.

    Parameters
    ----------
    files : mapping of str to sequence of Path
        By options: the files that go; empty if there is nothing to say.
    beside : Path
        The folder from which they are named.
    where : str
        In how many places they are.
    """
    if not files:
        return ""
    names = [str(file.relative_to(beside)) for option in files for file in files[option]]
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    named = f" ({', '.join([*names[:_NAMED], *more])})" if names else ""
    options = " and ".join(files)
    return (
        f"what {options} found in the earlier run{where}{named} is removed from its results; the "
        f"evaluations are kept: pass {options} too, and it is there again at little or no cost"
    )
