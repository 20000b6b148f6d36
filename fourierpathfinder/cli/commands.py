"""The commands `find`, `find-many`, `connect`, `check` and `plot`."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from ..atoms.preflight import Finding
from ..storage.errors import OtherProblemError
from ..storage.lock import locked
from . import connecting, many, run
from .calculators import CalculatorFactory, unheard
from .document import read_result
from .ending import reason_of, status_of, with_exit_status
from .exits import Exit, InputError
from .given_once import require_one_source, require_set_once
from .guesses import read_initial
from .help import Command
from .minima import evaluated_findings
from .opening import opened, opened_prior, require_same_problem
from .options import CHECK, CONNECT, FIND, MANY, with_options
from .outputs import draw, make_folder, require_own
from .pairs import Pair, read_pairs
from .places import EVALUATIONS, RESULT, Place
from .report import logging_to, table
from .rows import has_unrelaxed_ends
from .scheduler import connected, require_reachable
from .settings import Settings, settings_of, vibrations_of
from .structures import digest_of, freeze, looked_over, read_structure, refuse
from .tables import PAIRS, TABLES, write_tables


@click.group(
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="Exit status: 0 certified, 1 not certified, 2 bad input, 3 calculator failed, "
    "4 output failed, 5 ends not connected, 70 unforeseen, 130 interrupted.",
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
@with_options(FIND)
@with_exit_status
def find(**options: Any) -> Exit:
    """Find the path from REACTANT to PRODUCT (files that ASE reads, file@index)."""
    settings = settings_of(options)
    start, end, findings = _ends(options, settings.calculator)
    settings = replace(settings, vibrations=vibrations_of(options, start))
    if options["initial"] is not None:
        initial = read_initial(options["initial"], options["frozen"], reactant=start)
        settings = replace(settings, initial=initial)
    make_folder(settings.output)
    require_own(settings.output)
    with (
        locked(settings.output),
        logging_to(settings.output / "run.log"),
        connected(options["scheduler"]) as executor,
        opened(settings, (start, end), executor) as landscape,
        opened_prior(settings, (start, end)) as prior,
    ):
        found = run.find(settings, landscape, (start, end), findings, prior)
        text = table(found)
        logging.getLogger("fourierpathfinder.cli.table").info("%s", text)
    click.echo(text)
    if found.failure is not None:
        raise found.failure
    if reason := reason_of(found):
        click.echo(f"fourierpathfinder: {reason}", err=True)
    return status_of(found)


@fourierpathfinder.command(
    "find-many",
    cls=Command,
    several=("--temperature",),
    help="\b\nFind the paths of many pairs: a CSV table with columns reactant and product, a\n"
    "folder of pairs or bands, or a file with pair after pair. All of find's options.\n"
    "Example: fourierpathfinder find-many pairs.csv -c tblite --jobs 4",
)
@with_options(MANY)
@with_exit_status
def find_many(source: str, **options: Any) -> Exit:
    """Find the paths of many pairs, into one table."""
    settings = settings_of(options)
    require_set_once(options["each"], "--each")
    for key in options["each"]:
        require_one_source(key, options["settings"], "--each", "--set")
    if options["method"] is not None and "method" in options["each"]:
        raise InputError("--each and --method both give 'method'; leave one of them out")
    pairs = read_pairs(source)
    if options["scheduler"] is not None:
        require_reachable(options["scheduler"])
    folder: Path = settings.output
    if (folder / PAIRS).exists() and not settings.restart:
        raise InputError(
            f"{folder} contains an earlier run; pass --restart to continue it, or another --output"
        )
    make_folder(folder)
    require_own(folder, TABLES, PAIRS)
    given, each = _given(), options["each"]
    work = many.Many(
        pairs,
        folder / PAIRS,
        lambda pair: [*_of_pair(pair, given, each), "--", pair.reactant, pair.product],
        {**settings.calculator.identity, **_contents(settings, options)},
        settings.n_jobs,
        _made_here(settings, options),
        _refusal,
        settings.steps,
    )
    with locked(folder), logging_to(folder / "run.log"):
        rows = work.rows()
        n_certified = sum(row["status"] == "certified" for row in rows)
        click.echo(f"{n_certified} of {len(rows)} pairs are certified")
        if n_unrelaxed := sum(map(has_unrelaxed_ends, rows)):
            has = "1 pair has" if n_unrelaxed == 1 else f"{n_unrelaxed} pairs have"
            click.echo(f"{has} ends that are not relaxed; the column findings says which")
        written = write_tables(folder, rows, f"fourierpathfinder find-many {source}")
    click.echo(f"written {' '.join(map(str, written))}")
    return Exit.CERTIFIED if n_certified == len(rows) else Exit.NOT_CERTIFIED


def _of_pair(pair: Pair, given: list[str], each: tuple[str, ...]) -> list[str]:
    """The options of `find` for a pair; a first path that was given counts before its own."""
    comes_with_it = pair.initial and "--initial" not in given
    return [*given, *pair.settings(each), *(["--initial", pair.initial] if comes_with_it else ())]


def _refusal(words: list[str]) -> str:
    """Why `find` with these words would refuse the evaluations of its folder, being of others.

    What else is wrong is said in the pair's row.
    """
    try:
        options = find.make_context("find", words).params
        start, end, _, _ = _looked_over(options)
        require_same_problem(settings_of(options), (start, end))
    except OtherProblemError as error:
        return str(error)
    except (InputError, ValueError, OSError, click.ClickException):
        return ""
    return ""


def _contents(settings: Settings, options: dict[str, Any]) -> dict[str, Any]:
    """By what a change of what all pairs begin from is noticed."""
    prior, initial = settings.prior, options["initial"]
    if isinstance(prior, CalculatorFactory):
        beneath: Any = prior.identity
    else:
        beneath = None if prior is None else digest_of(str(prior))
    contents = {"prior": beneath, "initial": None if initial is None else digest_of(initial)}
    return {name: content for name, content in contents.items() if content is not None}


def _made_here(settings: Settings, options: dict[str, Any]) -> list[CalculatorFactory]:
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
@with_options(CONNECT)
@with_exit_status
def connect_command(structures: str, **options: Any) -> Exit:
    """Join the minima in STRUCTURES (a folder, or one file) by the lowest paths."""
    settings = settings_of(options)
    minima = connecting.read_structures(structures)
    if options["frozen"] is not None:
        minima = [freeze(atoms, options["frozen"]) for atoms in minima]
    asked = connecting.Asked(options["pairs"], options["tries"])
    make_folder(settings.output)
    require_own(settings.output, connecting.WRITTEN)
    with (
        locked(settings.output),
        logging_to(settings.output / "run.log"),
        opened(settings, minima) as landscape,
        opened_prior(settings, minima) as prior,
    ):
        found = connecting.run_connect(settings, asked, landscape, minima, prior)
        text = connecting.table(found, settings.output)
        logging.getLogger("fourierpathfinder.cli.table").info("%s", text)
    click.echo(text)
    if found.written.failure is not None:
        raise found.written.failure
    if found.graph.was_interrupted:
        raise KeyboardInterrupt
    return Exit.CERTIFIED if found.is_certified else Exit.NOT_CERTIFIED


@fourierpathfinder.command(cls=Command)
@with_options(CHECK)
@with_exit_status
def check(**options: Any) -> Exit:
    """Check both ends, with two calculations, without a search."""
    settings = settings_of(options)
    start, end, findings = _ends(options, settings.calculator)
    make_folder(settings.output)
    with locked(settings.output):
        if (settings.output / EVALUATIONS).exists():
            raise InputError(
                f"{settings.output} contains an earlier run, beside which a check keeps nothing; "
                "give another --output"
            )
        with (
            logging_to(settings.output / "run.log"),
            opened(settings, (start, end)) as landscape,
        ):
            findings += evaluated_findings(landscape, (start, end))
            (settings.output / EVALUATIONS).unlink(missing_ok=True)
    click.echo(
        f"{len(findings)} finding(s)" if findings else "No problems were found with these ends."
    )
    return Exit.CERTIFIED


@fourierpathfinder.command(cls=Command)
@click.argument("result", type=Place(exists=True, path_type=Path))
@click.option("-o", "--output", type=Place(dir_okay=False, path_type=Path),
              help="The picture; profile.png beside the result if left out.")  # fmt: skip
@with_exit_status
def plot(result: Path, output: Path | None) -> Exit:
    """Draw the profile again from a result.json, or the folder it is in."""
    result = result / RESULT if result.is_dir() else result
    if result.suffix != ".json" or not result.is_file():
        raise InputError(f"there is no result {result}; give a result.json, or the folder of a run")
    if output is not None and not output.parent.is_dir():
        raise InputError(f"--output is {output}, but there is no folder {output.parent}")
    try:
        read = read_result(result)
    except ValueError as error:
        raise InputError(str(error)) from error
    written = draw(output or result.with_name("profile.png"), read)
    if not written:
        raise InputError("drawing needs matplotlib: pip install 'fourierpathfinder[plot]'")
    click.echo(f"written {written[0]}")
    return Exit.CERTIFIED


def _looked_over(options: dict[str, Any]) -> tuple[Any, Any, list[Finding], list[Finding]]:
    """Both ends as they are read, what was corrected if asked, and what there is to say."""
    sources = [options[name] for name in ("reactant", "product")]
    start, end = (read_structure(source) for source in sources)
    if options["frozen"] is not None:
        start, end = (freeze(atoms, options["frozen"]) for atoms in (start, end))
    return looked_over(
        start, end, fix=options["fix"], mirror=options["mirror"], order=options["order"],
        cell=options["cell"],
    )  # fmt: skip


def _ends(options: dict[str, Any], calculator: CalculatorFactory) -> tuple[Any, Any, list[Finding]]:
    """Both ends, corrected if asked; InputError where no path can join them."""
    start, end, corrected, findings = _looked_over(options)
    for finding in corrected:
        click.echo(f"corrected: {finding.sentence}", err=True)
    refuse(findings)
    findings += unheard(calculator, start)
    for finding in findings:
        click.echo(str(finding), err=True)
    return start, end, [*corrected, *findings]
