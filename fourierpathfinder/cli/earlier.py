"""What an earlier run in the folder found beyond the path, and this one is not asked for."""

from pathlib import Path

from ..storage.documents import read_document
from ..storage.errors import CheckpointError
from .outputs import SCHEMA
from .places import RESULT
from .settings import Settings

_STEPS = {
    "--verify": ("verification", "minimum-*.xyz"),
    "--mep": ("minimum_energy_path", "mep.extxyz"),
    "--vibrations": ("vibrations", "mode.extxyz"),
}
"""The steps beyond the path: what `result.json` calls them, and the files they have."""


def left_out(settings: Settings) -> str:
    """What is removed, as it would belong to another result, and how to have it again."""
    asked = {
        "--verify": settings.verify,
        "--mep": settings.mep,
        "--vibrations": settings.vibrations is not None,
    }
    missing = [option for option in _found(settings.output) if not asked[option]]
    if not missing:
        return ""
    files = [file.name for option in missing for file in _files(settings.output, option)]
    named = f" ({', '.join(files)})" if files else ""
    options = " and ".join(missing)
    return (
        f"what {options} found in the earlier run{named} is removed from its results; the "
        f"evaluations are kept: pass {options} too, and it is there again at little or no cost"
    )


def _found(folder: Path) -> list[str]:
    """The options whose steps an earlier result in a folder has."""
    try:
        document = read_document(folder / RESULT, SCHEMA)
    except (OSError, CheckpointError):
        return []
    return [option for option, (name, _) in _STEPS.items() if document.get(name) is not None]


def _files(folder: Path, option: str) -> list[Path]:
    return sorted(folder.glob(_STEPS[option][1]))
