"""Vibrations, free energies and rates of a run: what `--vibrations` and `--temperature` do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..rates import (
    AsTheyAre,
    Grimme,
    Harmonic,
    IdealGas,
    NormalModes,
    Raised,
    ReactionRates,
    mode_movie,
    reaction_rates,
)
from ..rates.kinetics import told_prefactors
from ..rates.low_modes import LowModes
from ..result import PathResult
from .exits import InputError

AS_THEY_ARE = "harmonic"
"""What is done with low modes where nothing is said of them."""
LOW_MODES: dict[str, LowModes] = {AS_THEY_ARE: AsTheyAre(), "grimme": Grimme(), "raised": Raised()}
"""By the words of the option."""

UNITS = {"frequency": "cm⁻¹", "temperature": "K", "rate": "1/s", "prefactor": "1/s"}


@dataclass(frozen=True)
class Vibrations:
    """What the options say."""

    temperatures: tuple[float, ...]
    low_modes: str = AS_THEY_ARE
    region: tuple[int, ...] | None = None

    def __post_init__(self) -> None:
        for temperature in self.temperatures:
            if not 0 < temperature < float("inf"):
                raise InputError(
                    f"--temperature is {temperature}; it must be a positive, finite number of K"
                )

    def of(self, landscape: Any, result: PathResult, known: tuple[Any, Any]) -> ReactionRates:
        """The rates of a path; `known` are all points and gradients that were evaluated."""
        low_modes = LOW_MODES[self.low_modes]
        free = self.region is None and landscape.molecule.moves_as_a_whole
        kind = IdealGas(low_modes=low_modes) if free else Harmonic(low_modes)
        return reaction_rates(
            landscape,
            result,
            self.temperatures,
            thermochemistry=kind,
            region=self.region,
            known=known,
        )


def text(rates: ReactionRates, n_gradients: int) -> str:
    """What is printed below the table of the path."""
    forward, reverse = rates.zero_point_barriers
    rows = {
        "imaginary": f"{-rates.imaginary_frequency:.1f}i cm⁻¹"
        if rates.imaginary_frequency < 0 else "none",
        "with ZPE": f"{forward:.4f} eV, reverse {reverse:.4f} eV",
        "prefactor": f"{told_prefactors(rates)} (Vineyard)",
        "model": f"{rates.thermochemistry[0]!r}",
        "vibrations": f"{n_gradients} gradients",
    }  # fmt: skip
    lines = [f"{name:>10}  {told}" for name, told in rows.items()]
    lines += [f"{'note':>10}  {note}" for note in rates.notes]
    return "\n".join([*lines, "", str(rates), "k is Eyring's, to be multiplied by a factor"])


def as_document(rates: ReactionRates | None) -> dict[str, Any] | None:
    """The entry `vibrations` of `result.json`; energies in eV, and the units of `UNITS`."""
    if rates is None:
        return None
    three = {"reactant": rates.reactant, "saddle": rates.saddle, "product": rates.product}
    return {
        "thermochemistry": [repr(kind) for kind in rates.thermochemistry],
        **{name: _modes(modes) for name, modes in three.items()},
        "imaginary_frequency": rates.imaginary_frequency,
        "zero_point_barrier": rates.zero_point_barriers[0],
        "zero_point_reverse_barrier": rates.zero_point_barriers[1],
        **_finite({"prefactor": rates.prefactor, "reverse_prefactor": rates.reverse_prefactor}),
        "rates": [_finite(row) for row in rates.rows()],
        "notes": list(rates.notes),
    }


def movie(rates: ReactionRates) -> Sequence[Any]:
    """The saddle's imaginary mode as structures."""
    return mode_movie(rates.saddle)


def _modes(modes: NormalModes) -> dict[str, Any]:
    return {
        "energy": modes.energy,
        "force": modes.force,
        "frequencies": modes.frequencies.tolist(),
        "zero_point_energy": modes.zero_point_energy,
        "shifts_and_turns_left_out": modes.n_left_out,
    }


def _finite(row: Mapping[str, float]) -> dict[str, float | None]:
    return {name: value if np.isfinite(value) else None for name, value in row.items()}
