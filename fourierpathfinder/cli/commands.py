"""The commands `find`, `check` and `plot`, and what their exit status says."""

import logging
import os
import signal
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..atoms.preflight import Finding
from ..evaluation import LandscapeError
from ..landscapes.isolation import (
    LONGEST,
    NobodyAnswersError,
    NotReadyError,
    TooManyFailuresError,
)
from ..rates.kinetics import ROOM
from ..result import PathResult, Status
from ..storage.checkpoint import CheckpointError
from ..storage.lock import locked
from . import connecting, many, run
from .calculators import CalculatorFactory, calculator_factory
from .cells import changing
from .exits import Exit, InputError
from .guesses import read_initial
from .help import Command
from .outputs import draw, make_folder, read_result
from .pairs import read_pairs
from .places import Place
from .report import logging_to, table
from .scheduler import connected, require_reachable
from .structures import chosen_atoms, freeze, looked_over, read_structure, refuse
from .tables import PAIRS, write_tables
from .vibrating import LOW_MODES, Vibrations

_Options = tuple[Callable[..., Any], ...]

_ENDS: _Options = (click.argument("reactant"), click.argument("product"))

_CALCULATOR: _Options = (
    click.option("-c", "--calculator", required=True, metavar="NAME",
                 help="emt, tblite, module:Class, calc.py:make"),
    click.option("--method", metavar="NAME", help="Its method, such as GFN2-xTB."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                 help="Any other setting of the calculator."),
    click.option("--freeze", "frozen", metavar="ATOMS", help="Atoms to keep fixed, such as 0:16."),
)  # fmt: skip

_PRIOR: _Options = (
    click.option("--prior", metavar="NAME",
                 help="A cheap calculator or earlier run beneath it."),
    click.option("--prior-method", hidden=True, metavar="NAME", help="The prior's method."),
    click.option("--prior-set", "prior_settings", multiple=True, hidden=True, metavar="KEY=VALUE",
                 help="Any other setting of the prior."),
)  # fmt: skip

_CORRECTING: _Options = (
    click.option("--fix", is_flag=True, help="Correct the structures where that is safe."),
    click.option("--order", is_flag=True, hidden=True,
                 help="Put the product's atoms in the order that fits best."),
    click.option("--cell", is_flag=True, hidden=True,
                 help="The cell changes along the path, too."),
    click.option("--pressure", type=float, hidden=True, metavar="GPA",
                 help="With --cell, the pressure in GPa (0)."),
    click.option("--mirror", is_flag=True, hidden=True, help="Use the product's mirror image."),
)  # fmt: skip

_PLACE: _Options = (
    click.option("-o", "--output", type=Place(file_okay=False, path_type=Path),
                 default="fourierpathfinder-output", metavar="DIR",
                 help="Folder for all files (fourierpathfinder-output)."),
    click.option("--timeout", type=float, hidden=True, metavar="SECONDS",
                 help="Limit of one calculation."),
)  # fmt: skip

_TOL = click.option("--tol", type=float, default=1e-3, hidden=True, metavar="X",
                    help="Tolerance, as a fraction of the rise (0.001).")  # fmt: skip

_LIMITS: _Options = (
    click.option("--max-gradients", type=int, metavar="N", help="Maximum number of calculations."),
    click.option("-j", "--jobs", type=int, default=1, metavar="N",
                 help="Calculations at a time (1)."),
)  # fmt: skip

_RESTART: _Options = (
    click.option("--restart", is_flag=True, help="Continue from the files in DIR."),
    click.option("--no-resume-check", "resume_check", flag_value=False, default=True, hidden=True,
                 help="Continue without evaluating a known point again."),
)  # fmt: skip

_VIBRATIONS: _Options = (
    click.option("--vibrations", is_flag=True, help="Normal modes, free energies and rates."),
    click.option("--temperature", "temperatures", type=float, multiple=True, metavar="T [T ...]",
                 help="In K, for the rates (298.15)."),
    click.option("--low-modes", type=click.Choice(list(LOW_MODES)), default="harmonic",
                 hidden=True, help="What is done with low frequencies (harmonic)."),
    click.option("--region", metavar="ATOMS", hidden=True, help="Only these atoms vibrate."),
)  # fmt: skip

_CHECK_OPTIONS: _Options = (*_ENDS, *_CALCULATOR, *_CORRECTING, *_PLACE)

_FIND_OPTIONS: _Options = (
    *_CHECK_OPTIONS,
    *_PRIOR,
    click.option("--relax-ends", is_flag=True, help="Relax both ends first."),
    click.option("--initial", metavar="FILE", help="First path: a band, guesses, a run's folder."),
    click.option("--verify", is_flag=True, help="Check the saddle and where it leads."),
    click.option("--saddle-force", type=float, metavar="F",
                 help="Largest force on an atom at the saddle (eV/Å)."),
    click.option("--mep", is_flag=True, help="Follow the path of steepest descent, too."),
    _TOL,
    *_VIBRATIONS,
    click.option("--channels", type=int, default=1, hidden=True, metavar="N",
                 help="Starting paths, to find several channels (1)."),
    *_LIMITS,
    click.option("--scheduler", hidden=True, metavar="ADDRESS",
                 help="A Dask scheduler to calculate on."),
    *_RESTART,
)  # fmt: skip

_MANY_OPTIONS: _Options = (
    click.argument("source", metavar="TABLE|FOLDER|FILE"),
    *(option for option in _FIND_OPTIONS if option not in _ENDS),
    click.option("--each", multiple=True, metavar="KEY",
                 help="A calculator's setting that each pair brings, such as charge."),
)  # fmt: skip

_CONNECT_OPTIONS: _Options = (
    click.argument("structures"),
    *_CALCULATOR,
    *_PRIOR,
    *_PLACE,
    click.option("--relax", "relax_ends", is_flag=True, help="Relax the structures first."),
    click.option("--pairs", type=click.Choice(["all", "nearest"]), default="all",
                 help="Pairs whose heights are wanted (all)."),
    click.option("--tries", type=int, default=3, metavar="N",
                 help="Attempts to lower each height (3)."),
    _TOL,
    *_LIMITS,
    *_RESTART,
)  # fmt: skip


_INTERRUPTED = "interrupted; continue with --restart"
_LEAST = 3
"""Calculations of the first iteration: both ends, and the middle of the path."""
_MOST = {"timeout": LONGEST, "jobs": 1024}
"""What nobody means, and no machine can do."""


def _with(options: tuple[Callable[..., Any], ...]) -> Callable[[Callable[..., Any]], Any]:
    def decorate(command: Callable[..., Any]) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _exits(command: Callable[..., Exit]) -> Callable[..., None]:
    """Turn every way to end into an exit status and a sentence."""

    @wraps(command)
    def exiting(**options: Any) -> None:
        before = {number: signal.signal(number, _interrupt) for number in _ending_signals()}
        try:
            status = command(**options)
        except (InputError, CheckpointError) as error:
            status = _failed(Exit.BAD_INPUT, error)
        except NotReadyError as error:
            why = str(error).removeprefix(f"it raised {InputError.__name__}: ")
            status = _failed(Exit.BAD_INPUT, f"the calculator cannot be made: {why}")
        except (TooManyFailuresError, NobodyAnswersError, LandscapeError) as error:
            status = _failed(Exit.CALCULATOR, error)
        except OSError as error:
            status = _failed(Exit.OUTPUT, error)
        except KeyboardInterrupt:
            status = _failed(Exit.INTERRUPTED, _INTERRUPTED)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
        sys.exit(status)

    return exiting


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 certified, 1 not certified, 2 bad input, 3 calculator failed, "
    "4 output failed, 5 ends not connected, 130 interrupted.",
)
@click.version_option(package_name="fourierpathfinder")
def fourierpathfinder() -> None:
    """Find the lowest path between two structures, and its barrier."""


@fourierpathfinder.command(
    cls=Command,
    several=("--temperature",),
    help="\b\nFind the path from REACTANT to PRODUCT (files that ASE reads, file@index).\n"
    "Example: fourierpathfinder find a.xyz b.xyz -c tblite --method GFN2-xTB",
)
@_with(_FIND_OPTIONS)
@_exits
def find(**options: Any) -> Exit:
    """Find the path from REACTANT to PRODUCT (files that ASE reads, file@index)."""
    settings = _settings(options)
    start, end, findings = _ends(options)
    settings = replace(settings, vibrations=_vibrations(options, start))
    if options["initial"] is not None:
        settings = replace(settings, initial=read_initial(options["initial"], options["frozen"]))
    make_folder(settings.output)
    with (
        locked(settings.output),
        logging_to(settings.output / "run.log"),
        connected(options["scheduler"]) as executor,
        run.opened(settings, (start, end), executor) as landscape,
        run.opened_prior(settings, (start, end)) as prior,
    ):
        found = run.find(settings, landscape, (start, end), findings, prior)
        text = table(found)
        logging.getLogger("fourierpathfinder.cli.table").info("%s", text)
    click.echo(text)
    return _status(found)


@fourierpathfinder.command(
    "find-many",
    cls=Command,
    several=("--temperature",),
    help="\b\nFind the paths of many pairs: a CSV table with columns reactant and product, a\n"
    "folder of pairs, or a file with pair after pair. All of find's options apply.\n"
    "Example: fourierpathfinder find-many pairs.csv -c tblite --jobs 4",
)
@_with(_MANY_OPTIONS)
@_exits
def find_many(source: str, **options: Any) -> Exit:
    """Find the paths of many pairs, into one table."""
    settings = _settings(options)
    pairs = read_pairs(source)
    if options["scheduler"] is not None:
        require_reachable(options["scheduler"])
    folder: Path = settings.output
    if (folder / PAIRS).exists() and not settings.restart:
        raise InputError(
            f"{folder} contains an earlier run; pass --restart to continue it, or another --output"
        )
    make_folder(folder)
    given, each = _given(), options["each"]
    work = many.Many(
        pairs,
        folder / PAIRS,
        lambda pair: [*given, *pair.settings(each), "--", pair.reactant, pair.product],
        settings.calculator.identity,
        settings.n_jobs,
        _made_here(settings, options),
    )
    with locked(folder), logging_to(folder / "run.log"):
        rows = work.rows()
        written = write_tables(folder, rows, f"fourierpathfinder find-many {source}")
    n_certified = sum(row["status"] == "certified" for row in rows)
    click.echo(f"{n_certified} of {len(rows)} pairs are certified")
    click.echo(f"written {' '.join(map(str, written))}")
    return Exit.CERTIFIED if n_certified == len(rows) else Exit.NOT_CERTIFIED


def _made_here(settings: run.Settings, options: dict[str, Any]) -> list[CalculatorFactory]:
    """The calculators that are the same for all pairs, and can be tried in this machine."""
    if options["each"] or options["scheduler"] is not None:
        return []
    given = (settings.calculator, settings.prior)
    return [one for one in given if isinstance(one, CalculatorFactory)]


def _given() -> list[str]:
    """The options of `find` that were typed, as they are passed on for each of many pairs."""
    context, words = click.get_current_context(), []
    for parameter in find.params:
        name = str(parameter.name)
        was_typed = context.get_parameter_source(name) is ParameterSource.COMMANDLINE
        if not was_typed or name in ("output", "restart", "jobs"):
            continue
        if isinstance(parameter, click.Option) and parameter.is_flag:
            words.append(parameter.opts[-1])
            continue
        value = context.params[name]
        for one in value if isinstance(value, list | tuple) else [value]:
            words += [parameter.opts[-1], str(one)]
    return words


@fourierpathfinder.command(
    "connect",
    cls=Command,
    epilog="Example: fourierpathfinder connect minima.traj -c emt --pairs nearest",
)
@_with(_CONNECT_OPTIONS)
@_exits
def connect_command(structures: str, **options: Any) -> Exit:
    """Join the minima in STRUCTURES (a folder, or one file) by the lowest paths."""
    settings = _settings(options)
    minima = connecting.read_structures(structures)
    if options["frozen"] is not None:
        minima = [freeze(atoms, options["frozen"]) for atoms in minima]
    asked = connecting.Asked(options["pairs"], options["tries"])
    make_folder(settings.output)
    with (
        locked(settings.output),
        logging_to(settings.output / "run.log"),
        run.opened(settings, minima) as landscape,
        run.opened_prior(settings, minima) as prior,
    ):
        graph = connecting.run_connect(settings, asked, landscape, minima, prior)
        text = connecting.table(graph, settings.output)
        logging.getLogger("fourierpathfinder.cli.table").info("%s", text)
    click.echo(text)
    if graph.was_interrupted:
        raise KeyboardInterrupt
    heights = [graph.minimax_height(graph.given[0], node) for node in graph.given]
    return Exit.CERTIFIED if max(heights) < float("inf") else Exit.NOT_CONNECTED


@fourierpathfinder.command(cls=Command)
@_with(_CHECK_OPTIONS)
@_exits
def check(**options: Any) -> Exit:
    """Check both ends, with two calculations, without a search."""
    settings = _settings(options)
    start, end, findings = _ends(options)
    make_folder(settings.output)
    with (
        locked(settings.output),
        logging_to(settings.output / "run.log"),
        run.opened(settings, (start, end)) as landscape,
    ):
        findings += run.evaluated_findings(landscape, (start, end))
        (settings.output / run.EVALUATIONS).unlink(missing_ok=True)
    click.echo(
        f"{len(findings)} finding(s)" if findings else "No problems were found with these ends."
    )
    return Exit.CERTIFIED


@fourierpathfinder.command()
@click.argument("result", type=Place(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=Place(dir_okay=False, path_type=Path),
              help="The picture; profile.png beside the result if left out.")  # fmt: skip
@_exits
def plot(result: Path, output: Path | None) -> Exit:
    """Draw the profile again from a result.json."""
    try:
        read = read_result(result)
    except ValueError as error:
        raise InputError(str(error)) from error
    written = draw(output or result.with_name("profile.png"), read)
    if not written:
        raise InputError("drawing needs matplotlib: pip install 'fourierpathfinder[plot]'")
    click.echo(f"written {written[0]}")
    return Exit.CERTIFIED


def _settings(options: dict[str, Any]) -> run.Settings:
    factory = calculator_factory(options["calculator"], options["method"], options["settings"])
    _require_positive(options)
    names = (
        "tol", "max_gradients", "relax_ends", "verify", "saddle_force", "mep", "restart",
        "resume_check",
    )  # fmt: skip
    given = {name: options[name] for name in names if name in options}
    return run.Settings(
        factory,
        options["output"],
        _prior(options),
        n_channels=options.get("channels", 1),
        n_jobs=options.get("jobs", 1),
        timeout=options["timeout"],
        changing=changing(options),
        **given,
    )


def _prior(options: dict[str, Any]) -> CalculatorFactory | Path | None:
    """What is beneath the expensive calculator: another one, or a file of evaluations."""
    name, method = options.get("prior"), options.get("prior_method")
    settings = options.get("prior_settings") or ()
    if name is None:
        if method is not None or settings:
            raise InputError("--prior-method and --prior-set need --prior, a calculator's name")
        return None
    place = Path(name)
    if place.suffix != ".jsonl" and not place.is_dir():
        return calculator_factory(name, method, settings)
    file = place / run.EVALUATIONS if place.is_dir() else place
    if not file.is_file():
        raise InputError(f"--prior is {name}, but there is no file {file}")
    if method is not None or settings:
        raise InputError(f"--prior is {name}, an earlier run, which has no method or settings")
    return place


def _vibrations(options: dict[str, Any], start: Any) -> Vibrations | None:
    temperatures, region = options["temperatures"], options["region"]
    if not (options["vibrations"] or temperatures):
        return None
    chosen = None if region is None else chosen_atoms(region, start, "--region")
    return Vibrations(temperatures or (ROOM,), options["low_modes"], chosen)


def _require_positive(options: dict[str, Any]) -> None:
    positive = ("tol", "channels", "max_gradients", "jobs", "timeout", "tries", "saddle_force")
    for name in positive:
        value = options.get(name)
        if value is not None and not 0 < value < float("inf"):
            raise InputError(
                f"--{name.replace('_', '-')} is {value}; it must be a positive, finite number"
            )
    for name, most in _MOST.items():
        value = options.get(name)
        if value is not None and value > most:
            raise InputError(f"--{name} is {value:g}; it must be at most {most:g}")
    budget = options.get("max_gradients")
    if budget is not None and budget < _LEAST:
        raise InputError(
            f"--max-gradients is {budget}; a search begins with {_LEAST} calculations, so give "
            "more than that"
        )


def _ends(options: dict[str, Any]) -> tuple[Any, Any, list[Finding]]:
    """Both ends, corrected if asked; InputError where no path can join them."""
    sources = [options[name] for name in ("reactant", "product")]
    start, end = (read_structure(source) for source in sources)
    if options["frozen"] is not None:
        start, end = (freeze(atoms, options["frozen"]) for atoms in (start, end))
    start, end, corrected, findings = looked_over(
        start, end, fix=options["fix"], mirror=options["mirror"], order=options["order"],
        cell=options["cell"],
    )  # fmt: skip
    for finding in corrected:
        click.echo(f"corrected: {finding.sentence}", err=True)
    refuse(findings)
    for finding in findings:
        click.echo(str(finding), err=True)
    return start, end, [*corrected, *findings]


def _status(found: run.Found) -> Exit:
    result: PathResult = found.result
    if result.status is Status.INTERRUPTED:
        return Exit.INTERRUPTED
    if result.status is Status.FAILED:
        return Exit.CALCULATOR
    if found.not_verified or found.not_vibrated or found.not_followed:
        return Exit.CALCULATOR
    report = found.summary.verification
    if report is not None and report.problem:  # the calculator failed: that says nothing of ends
        return Exit.CALCULATOR
    if report is not None and not report.connects_the_ends:
        return Exit.NOT_CONNECTED
    return Exit.CERTIFIED if result.certified else Exit.NOT_CERTIFIED


def _failed(status: Exit, error: object) -> Exit:
    click.echo(f"fourierpathfinder: {error}", err=True)
    logging.getLogger("fourierpathfinder.cli").debug("ended: %s", error)
    return status


def _ending_signals() -> list[signal.Signals]:
    """Ctrl-C and those that end the run as it does, but for what `nohup` has turned off."""
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    return [number for number in signals if signal.getsignal(number) is not signal.SIG_IGN]


def _interrupt(number: int, frame: object) -> None:
    """End the run; a second signal does not wait until it has written what it has."""
    for again in _ending_signals():
        signal.signal(again, _end_at_once)
    raise KeyboardInterrupt


def _end_at_once(number: int, frame: object) -> None:
    """All that was calculated is in the file, and workers end when this process does."""
    os.write(2, f"fourierpathfinder: {_INTERRUPTED}\n".encode())
    os._exit(Exit.INTERRUPTED)
