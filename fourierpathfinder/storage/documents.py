"""One JSON document for people and programs, sealed: its last entry is a `checksum` of all before.

The checksum is SHA-256 (the first 32 digits) of the text up to the comma before it.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import CheckpointError, OtherReleaseError, damaged, earlier
from .files import read_objects, write_text

_SEAL = re.compile(r',\n "checksum": "([0-9a-f]{32})"\n\}\n')
_SEAL_SIZE = len(',\n "checksum": ""\n}\n') + 32


def write_document(place: Path, document: Mapping[str, Any]) -> Path:
    """Write a document in one step; its `schema` says what it is.

    Raises
    ------
    ValueError
        If a number in it is not finite: JSON has none of these.
    """
    text = json.dumps(document, indent=1, allow_nan=False).removesuffix("\n}")
    sealed = f'{text},\n "checksum": "{_checksum(text)}"\n}}\n'
    return write_text(place, lambda file: file.write(sealed))


def read_document(place: Path, schema: str) -> dict[str, Any]:
    """Read a document of the schema `schema`.

    Raises
    ------
    CheckpointError
        If it is damaged or something else.
    """
    try:
        content = read_objects(place).decode()
        text, seal = content[:-_SEAL_SIZE], _SEAL.fullmatch(content[-_SEAL_SIZE:])
        if seal is None or seal[1] != _checksum(text):
            raise _not_sealed(place, content, schema)
        document: Any = json.loads(text + "\n}")
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        if isinstance(error, CheckpointError):
            raise
        raise damaged(place, f"it is no JSON: {error}") from error
    found = document.get("schema") if isinstance(document, dict) else None
    if found != schema:
        raise _of_another_kind(place, found, schema)
    return dict(document)


def _of_another_kind(place: Path, found: object, schema: str) -> CheckpointError:
    kind = schema.rpartition("/")[0]
    if isinstance(found, str) and found.rpartition("/")[0] == kind:
        return OtherReleaseError(
            f"{place} is of another release, which writes {found} where this one reads {schema}; "
            "read it with that release, or make it anew"
        )
    return CheckpointError(f"{place} is not a file of {schema}, but of {found!r}")


def _not_sealed(place: Path, content: str, schema: str) -> CheckpointError:
    if '"checksum"' not in content and f'"{schema.rpartition("/")[0]}/' in content:
        return earlier(place)
    return damaged(place, "it is not as this program wrote it, or not a file of this program")


def _checksum(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
