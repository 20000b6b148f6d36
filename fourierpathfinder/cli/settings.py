"""What the options of a command say, checked: the settings of a run."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..atoms.constraints import free_space
from ..landscapes.isolation import LONGEST
from ..rates.kinetics import ROOM
from . import cells
from .calculators import CalculatorFactory, calculator_factory
from .exits import InputError
from .places import EVALUATIONS, folder_of
from .structures import chosen_atoms
from .vibrating import AS_THEY_ARE, Vibrations

LEAST = 3
"""Calculations of the first iteration: both ends, and the middle of the path."""
_MOST = {"timeout": LONGEST, "jobs": 1024}
"""What nobody means, and no machine can do."""


@dataclass(frozen=True)
class Settings:
    """What the options of `find` and `check` say."""

    calculator: CalculatorFactory
    output: Path
    prior: CalculatorFactory | Path | None = None
    tol: float = 1e-3
    max_gradients: int | None = None
    n_channels: int = 1
    n_jobs: int = 1
    timeout: float | None = None
    max_failures: int = 5
    relax_ends: bool = False
    verify: bool = False
    initial: Any = None
    """A first path, as `find_path` takes it."""
    saddle_force: float | None = None
    mep: bool = False
    vibrations: Vibrations | None = None
    restart: bool = False
    resume_check: bool = True
    changing: cells.Changing | None = None
    """Where the cell changes along the path."""
    seed: int = 0

    @property
    def steps(self) -> tuple[str, ...]:
        """The options that ask for something beyond the path."""
        asked = {
            "--verify": self.verify,
            "--mep": self.mep,
            "--vibrations": self.vibrations is not None,
        }
        return tuple(option for option, is_asked in asked.items() if is_asked)


def settings_of(options: dict[str, Any]) -> Settings:
    """The settings of a run; InputError where an option makes no sense."""
    factory = calculator_factory(options["calculator"], options["method"], options["settings"])
    _require_positive(options)
    names = (
        "tol", "max_gradients", "relax_ends", "verify", "saddle_force", "mep", "restart",
        "resume_check",
    )  # fmt: skip
    given = {name: options[name] for name in names if name in options}
    return Settings(
        factory,
        options["output"],
        _prior(options),
        n_channels=options.get("channels", 1),
        n_jobs=options.get("jobs", 1),
        timeout=options["timeout"],
        vibrations=_details_of_vibrations(options),
        changing=cells.changing(options),
        **given,
    )


def vibrations_of(options: dict[str, Any], start: Any) -> Vibrations | None:
    """Which vibrations are asked for, of a system with the structure `start`; None for none."""
    details, region = _details_of_vibrations(options), options["region"]
    if details is None:
        return None
    chosen = None if region is None else chosen_atoms(region, start, "--region")
    if chosen is not None and not free_space(start).movable[list(chosen)].any():
        raise InputError(
            f"--region is {region!r}, but these atoms are held; give some that can move, or leave "
            "it out"
        )
    return replace(details, region=chosen)


def _details_of_vibrations(options: dict[str, Any]) -> Vibrations | None:
    """What is said of vibrations whatever the system is; None where none are asked for."""
    if options.get("vibrations") or options.get("temperatures"):
        return Vibrations(options["temperatures"] or (ROOM,), options["low_modes"])
    _refuse_details(options)
    return None


def _refuse_details(options: dict[str, Any]) -> None:
    """What says how to vibrate does nothing where nothing vibrates."""
    for name, unless_given in (("region", None), ("low_modes", AS_THEY_ARE)):
        if options.get(name, unless_given) != unless_given:
            option = f"--{name.replace('_', '-')}"
            raise InputError(f"{option} is {options[name]!r}; it needs --vibrations")


def _prior(options: dict[str, Any]) -> CalculatorFactory | Path | None:
    """What is beneath the expensive calculator: another one, or a file of evaluations."""
    name, method = options.get("prior"), options.get("prior_method")
    settings = options.get("prior_settings") or ()
    if name is None:
        if method is not None or settings:
            raise InputError("--prior-method and --prior-set need --prior, a calculator's name")
        return None
    place = folder_of(name)
    if place.suffix != ".jsonl" and not place.is_dir():
        try:
            return calculator_factory(name, method, settings, "--prior-")
        except InputError as error:
            raise InputError(f"--prior: {error}; or give the folder of an earlier run") from error
    file = place / EVALUATIONS if place.is_dir() else place
    if not file.is_file():
        raise InputError(f"--prior is {name}, but there is no file {file}")
    if method is not None or settings:
        raise InputError(f"--prior is {name}, an earlier run, which has no method or settings")
    return place


def _require_positive(options: dict[str, Any]) -> None:
    positive = ("tol", "channels", "max_gradients", "jobs", "timeout", "tries", "saddle_force")
    for name in positive:
        value = options.get(name)
        if value is not None and not 0 < value < float("inf"):
            kind = "whole" if isinstance(value, int) else "finite"
            raise InputError(
                f"--{name.replace('_', '-')} is {value}; it must be a positive, {kind} number"
            )
    for name, most in _MOST.items():
        value = options.get(name)
        if value is not None and value > most:
            raise InputError(f"--{name} is {value:g}; it must be at most {most:g}")
    tol = options.get("tol")
    if tol is not None and tol >= 1:
        raise InputError(
            f"--tol is {tol:g}; it is a fraction of the rise and must be below 1, as 0.001 is"
        )
    budget = options.get("max_gradients")
    if budget is not None and budget < LEAST:
        raise InputError(
            f"--max-gradients is {budget}; a search begins with {LEAST} calculations, so give "
            "more than that"
        )
