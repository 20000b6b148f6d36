"""Do chunks, here or on workers: what is done is skipped, failures are told at the end.

A worker reads and writes the output folder itself, so workers on other machines must see it.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, wait
from dataclasses import replace
from pathlib import Path

import torch
from tqdm import tqdm

from .chunks import Chunk, Store, share_file
from .training import Place


class ChunksFailedError(RuntimeError):
    """Some chunks failed; the others are done."""


def run_stage(
    title: str, chunks: Sequence[Chunk], store: Store, place: Place, executor: Executor | None
) -> int:
    """Do the chunks of a stage that are not done yet; return how many those were.

    Raises
    ------
    ChunksFailedError
        After the last chunk, if any failed.
    ValueError
        If a chunk of an earlier stage is missing.
    """
    missing = [chunk for chunk in chunks if not store.has(chunk)]
    for needed in (n for chunk in missing for n in chunk.needs):
        if not store.has(needed):
            raise ValueError(
                f"stage '{title}' needs {needed.file}, which is not done; run '{needed.stage}' "
                "first, with the same settings"
            )
    failures: dict[str, BaseException] = {}
    # The costly ones first, so that no worker is left alone with one at the end.
    missing.sort(key=lambda chunk: -chunk.cost)
    total, done = sum(chunk.cost for chunk in chunks), _done_of(chunks, store)
    bar = tqdm(total=total, initial=done, desc=title, bar_format=_FORMAT, leave=bool(missing))

    def show() -> None:
        bar.n = _done_of(chunks, store)
        bar.refresh()

    with bar:
        for chunk, error in _finished(missing, store, place, executor, show):
            if error is not None:
                failures[chunk.file] = error
            show()
    if failures:
        told = "\n".join(f"  {name}: {error!r}" for name, error in failures.items())
        raise ChunksFailedError(
            f"{len(failures)} of {len(missing)} chunks of '{title}' failed; the others are kept. "
            f"Run again to try these again:\n{told}"
        ) from next(iter(failures.values()))
    return len(missing)


_FORMAT = "{desc:<11}{percentage:3.0f}% |{bar}| {elapsed} done, {remaining} to go{postfix}"


def _done_of(chunks: Sequence[Chunk], store: Store) -> float:
    return sum(chunk.cost * store.share(chunk) for chunk in chunks)


def do(chunk: Chunk, folder: Path, place: Place) -> None:
    """Do one chunk, from the files that it needs to its own."""
    # Losses of 1e-8 are compared: convolutions of 10 bits, a GPU's default, are too coarse.
    torch.backends.cudnn.allow_tf32 = False
    # What was killed and goes on comes to the same bits, so no sums in an order of chance.
    torch.backends.cudnn.deterministic = True
    store = Store(folder)
    partial = store.partial(chunk)
    needed = [store.load(n) for n in chunk.needs]
    store.save(chunk, chunk.work(chunk.settings, replace(place, checkpoint=partial), *needed))
    if partial.is_dir():
        shutil.rmtree(partial)
    partial.unlink(missing_ok=True)
    share_file(partial).unlink(missing_ok=True)


def do_on_one_core(chunk: Chunk, folder: Path, place: Place) -> None:
    """Do one chunk in a worker process, beside others."""
    torch.set_num_threads(1)
    do(chunk, folder, replace(place, progress=False))


def _finished(
    chunks: Sequence[Chunk],
    store: Store,
    place: Place,
    executor: Executor | None,
    show: Callable[[], None],
) -> Iterator[tuple[Chunk, BaseException | None]]:
    """Each chunk when it is done, with what went wrong; `show` is called while they are not."""
    if executor is None:
        for chunk in chunks:
            yield chunk, _error_of(chunk, store, place)
        return
    tasks = {executor.submit(do_on_one_core, chunk, store.folder, place): chunk for chunk in chunks}
    under_way = set(tasks)
    try:
        while under_way:
            done, under_way = wait(under_way, timeout=2, return_when=FIRST_COMPLETED)
            show()
            for task in done:
                yield tasks[task], task.exception()
    finally:
        for task in tasks:
            task.cancel()


def _error_of(chunk: Chunk, store: Store, place: Place) -> BaseException | None:
    try:
        do(chunk, store.folder, place)
    except Exception as error:  # told at the end: the other chunks are worth having
        return error
    return None
