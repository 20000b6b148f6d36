"""Chunks on the workers of a Dask scheduler."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

from distributed import Client


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Return an executor whose tasks run on the scheduler's workers.

    The study's own code is sent to the workers, which need the library alone. A task whose worker
    dies is given to another one.
    """
    with Client(address) as client, tempfile.TemporaryDirectory() as folder:
        client.upload_file(_packed(Path(folder)))
        with client.get_executor(pure=False, retries=2) as executor:
            yield executor


def _packed(folder: Path) -> str:
    package = Path(*__name__.split(".")[:-1])
    root = Path(__file__).parents[len(package.parts)]
    return shutil.make_archive(str(folder / "nn_experiments"), "zip", root, package)
