"""Names of files and folders on the command line."""

from pathlib import Path
from typing import Any

import click

RESULT = "result.json"

EVALUATIONS = "evaluations.jsonl"
"""All evaluations of a run."""

OF_PRIOR = "prior.jsonl"
"""Those of the prior."""


def folder_of(source: str) -> Path:
    """A folder or file by its name; for a run's `result.json` the folder of the run."""
    place = Path(source)
    return place.parent if place.name == RESULT and place.is_file() else place


class Place(click.Path):
    """A path that is not empty: to `pathlib` an empty one is the current folder."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path, or a usage error."""
        if value == "":
            self.fail("it is empty; give a name, or . for the current folder", param, ctx)
        return super().convert(value, param, ctx)
