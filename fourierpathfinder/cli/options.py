"""The options of all commands, in groups that several of them share."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from .places import Place
from .vibrating import AS_THEY_ARE, LOW_MODES

Options = tuple[Callable[..., Any], ...]

_ENDS: Options = (click.argument("reactant"), click.argument("product"))

_CALCULATOR: Options = (
    click.option("-c", "--calculator", required=True, metavar="NAME",
                 help="emt, tblite, module:Class, calc.py:make"),
    click.option("--method", metavar="NAME", help="Its method, such as GFN2-xTB."),
    click.option("--set", "settings", multiple=True, metavar="KEY=VALUE",
                 help="Any other setting of the calculator."),
    click.option("--freeze", "frozen", metavar="ATOMS", help="Atoms to keep fixed, such as 0:16."),
)  # fmt: skip

_PRIOR: Options = (
    click.option("--prior", metavar="NAME",
                 help="A cheap calculator or earlier run beneath it."),
    click.option("--prior-method", hidden=True, metavar="NAME", help="The prior's method."),
    click.option("--prior-set", "prior_settings", multiple=True, hidden=True, metavar="KEY=VALUE",
                 help="Any other setting of the prior."),
)  # fmt: skip

_CORRECTING: Options = (
    click.option("--fix", is_flag=True, help="Correct the structures where that is safe."),
    click.option("--order", is_flag=True, hidden=True,
                 help="Put the product's atoms in the order that fits best."),
    click.option("--cell", is_flag=True, hidden=True,
                 help="The cell changes along the path, too."),
    click.option("--pressure", type=float, hidden=True, metavar="GPA",
                 help="With --cell, the pressure in GPa (0)."),
    click.option("--mirror", is_flag=True, hidden=True, help="Use the product's mirror image."),
)  # fmt: skip

_PLACE: Options = (
    click.option("-o", "--output", type=Place(file_okay=False, path_type=Path),
                 default="fourierpathfinder-output", metavar="DIR",
                 help="Folder for all files (fourierpathfinder-output)."),
    click.option("--timeout", type=float, hidden=True, metavar="SECONDS",
                 help="Limit of one calculation."),
)  # fmt: skip

_TOL = click.option("--tol", type=float, default=1e-3, hidden=True, metavar="X",
                    help="Tolerance, as a fraction of the rise (0.001).")  # fmt: skip

_LIMITS: Options = (
    click.option("--max-gradients", type=int, metavar="N", help="Most calculations of the search."),
    click.option("-j", "--jobs", type=int, default=1, metavar="N",
                 help="Calculations at a time (1)."),
)  # fmt: skip

_RESTART: Options = (
    click.option("--restart", is_flag=True, help="Continue from the files in DIR."),
    click.option("--no-resume-check", "resume_check", flag_value=False, default=True, hidden=True,
                 help="Continue without evaluating a known point again."),
)  # fmt: skip

_VIBRATIONS: Options = (
    click.option("--vibrations", is_flag=True, help="Normal modes, free energies and rates."),
    click.option("--temperature", "temperatures", type=float, multiple=True, metavar="T [T ...]",
                 help="In K, for the rates (298.15)."),
    click.option("--low-modes", type=click.Choice(list(LOW_MODES)), default=AS_THEY_ARE,
                 hidden=True, help="What is done with low frequencies (harmonic)."),
    click.option("--region", metavar="ATOMS", hidden=True, help="Only these atoms vibrate."),
)  # fmt: skip

CHECK: Options = (*_ENDS, *_CALCULATOR, *_CORRECTING, *_PLACE)

FIND: Options = (
    *CHECK,
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

MANY: Options = (
    click.argument("source", metavar="TABLE|FOLDER|FILE"),
    *(option for option in FIND if option not in _ENDS),
    click.option("--each", multiple=True, metavar="KEY",
                 help="A calculator's setting that each pair brings, such as charge."),
)  # fmt: skip

CONNECT: Options = (
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


def with_options(options: Options) -> Callable[[Callable[..., Any]], Any]:
    """Give a command these options."""

    def decorate(command: Callable[..., Any]) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate
