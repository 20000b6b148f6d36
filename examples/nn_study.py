"""SGD against L-BFGS-GSS: every table and figure of Yu and Morozov (arXiv:2602.21276), run anew.

    python examples/nn_study.py                                  minutes, on bundled digits
    python examples/nn_study.py --preset mnist-small             an hour on two cores
    python examples/nn_study.py --preset mnist-medium            hours on two cores; a GPU: minutes
    python examples/nn_study.py --preset paper --networks fcp    the paper's size, on a GPU

Everything goes to --output: report.html, results.json, figures, and the work done so far, from
which the next call goes on.
"""

import argparse
import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import torch
from nn_experiments.chunks import Store
from nn_experiments.data import DataError
from nn_experiments.outputs import write_figures, write_report, write_results
from nn_experiments.run import ChunksFailedError, run_stage
from nn_experiments.settings import Settings, load_settings, preset_names
from nn_experiments.study import STAGES, Study
from nn_experiments.training import Place
from nn_experiments.workers import processes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and return the exit status."""
    asked = _parser().parse_args(arguments)
    try:
        settings = load_settings(asked.preset, asked.config, _changes(asked))
        _run(asked, Study(settings))
    except (DataError, ValueError, ChunksFailedError) as error:
        print(f"nn_study: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nstopped; the same command goes on from here", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    description, _, _ = __doc__.partition("\n\n")
    parser = argparse.ArgumentParser(description=description)
    add = parser.add_argument
    add("--preset", default="quick", choices=preset_names())
    add("--config", type=Path, help="a TOML file, read on top of the preset")
    add("--set", action="append", default=[], metavar="NAME=VALUE", dest="changes",
        help="a single setting, such as training.n_members=8")  # fmt: skip
    add("--dataset", choices=("digits", "mnist"))
    add("--data", help="folder with MNIST's four IDX files; without it MNIST is fetched")
    add("--output", type=Path, default=Path("output/nn_study"))
    add("--stage", action="append", choices=STAGES, help="only this stage; may be repeated")
    add("--networks", help="only these, such as fcp,lenet")
    add("--workers", type=int, help="processes; 0 does all in this one (default: one a core, "
        "or 0 with a GPU)")  # fmt: skip
    add("--scheduler", help="address of a Dask scheduler, whose workers see the output folder")
    add("--merge", action="append", default=[], type=Path, metavar="DIR",
        help="take over the work of another output folder first")  # fmt: skip
    return parser


def _changes(asked: argparse.Namespace) -> list[str]:
    dataset = [f'dataset="{asked.dataset}"'] if asked.dataset else []
    return [*dataset, *asked.changes]


def _run(asked: argparse.Namespace, study: Study) -> None:
    store = Store(asked.output)
    for folder in asked.merge:
        print(f"{store.merge(folder)} chunks taken over from {folder}")
    networks = tuple(asked.networks.split(",")) if asked.networks else study.settings.networks
    stages = asked.stage or STAGES
    place = _place(asked, study.settings)
    with _executor(asked, place) as executor:
        for name, chunks in study.stages(networks).items():
            if name in stages:
                run_stage(name, chunks, store, place, executor)
    if "results" in stages:
        write_results(study, store)
    if "figures" in stages:
        write_figures(store.folder)
    if "report" in stages:
        print(f"report: {write_report(store.folder)}")


def _place(asked: argparse.Namespace, settings: Settings) -> Place:
    device = settings.device
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    return Place(data=asked.data, device=device, progress=True)


@contextmanager
def _executor(asked: argparse.Namespace, place: Place) -> Iterator[Executor | None]:
    """Dask's workers, processes, or nobody: then all is done here."""
    if asked.scheduler:
        from nn_experiments.scheduler import dask_executor

        with dask_executor(asked.scheduler) as executor:
            yield executor
        return
    workers = asked.workers
    if workers is None:
        workers = 0 if place.device.startswith("cuda") else len(os.sched_getaffinity(0))
    if workers < 2:
        yield None
        return
    with processes(workers) as executor:
        try:
            yield executor
        except BaseException:
            # Their work is kept up to a few seconds ago; waiting for them could take hours.
            for worker in multiprocessing.active_children():
                worker.terminate()
            raise


if __name__ == "__main__":
    sys.exit(main())
