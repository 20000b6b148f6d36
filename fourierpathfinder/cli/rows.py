"""A pair's row in the table of `find-many`: names with their units, None where nothing is known."""

from collections.abc import Mapping
from typing import Any

from ..atoms.preflight.minimum import NOT_RELAXED
from .exits import Exit
from .pairs import Pair

_WORDS = {
    Exit.CERTIFIED: "certified",
    Exit.NOT_CERTIFIED: "not certified",
    Exit.NOT_CONNECTED: "not connected",
    Exit.INTERRUPTED: "interrupted",
}
FAILED = "failed"

_RATES = ("temperature_K", "free_energy_barrier_eV", "reverse_free_energy_barrier_eV",
          "reaction_free_energy_eV", "forward_per_s", "reverse_per_s", "wigner",
          "eckart")  # fmt: skip


_OURS = ("name", "status", "barrier_eV", "reverse_barrier_eV", "barrier_error_eV",
         "reaction_energy_eV", "saddle_gradient_norm_eV_per_A", "n_gradients",
         "n_gradients_relaxing", "n_gradients_verifying", "n_failures", "connects_the_ends",
         "n_negative_curvatures", "imaginary_frequency_per_cm", *_RATES, "findings",
         "reason", "reactant", "product")  # fmt: skip
"""All columns of ours, in their order."""


def row_of(pair: Pair, result: Mapping[str, Any], status: int, why: str) -> dict[str, Any]:
    """The row of a pair from its `result.json`; its notes come last."""
    saddle, vibrations = result["saddle"] or {}, result.get("vibrations") or {}
    verified, rates = _verified(result), (vibrations.get("rates") or [{}])[0]
    word = next((word for exit_, word in _WORDS.items() if exit_ == status), FAILED)
    energies = (result["end_energy"], result["start_energy"])
    is_over_a_saddle = status == Exit.CERTIFIED and result["saddle"] is not None
    return {
        **failed_row(pair, why or ("" if is_over_a_saddle else result["message"])),
        "status": word,
        "barrier_eV": result["barrier"],
        "reverse_barrier_eV": result["reverse_barrier"],
        "barrier_error_eV": result["height_error"],
        "reaction_energy_eV": None if None in energies else energies[0] - energies[1],
        "saddle_gradient_norm_eV_per_A": saddle.get("force"),
        "n_gradients": result["n_gradients"],
        "n_gradients_relaxing": result["n_gradients_relaxing"],
        "n_gradients_verifying": verified.get("n_gradients"),
        "n_failures": result["n_failures"],
        "connects_the_ends": verified.get("connects_the_ends"),
        "n_negative_curvatures": verified.get("n_negative_curvatures"),
        "imaginary_frequency_per_cm": vibrations.get("imaginary_frequency"),
        **{name: rates.get(name) for name in _RATES},
        "findings": "; ".join(result["findings"]),
        **_notes(pair),
    }


def has_unrelaxed_ends(row: Mapping[str, Any]) -> bool:
    """Whether the barrier of a row is not measured from minima."""
    return NOT_RELAXED in (row["findings"] or "")


def failed_row(pair: Pair, why: str) -> dict[str, Any]:
    """The row of a pair of which nothing is known but why."""
    return {
        **dict.fromkeys(_OURS),
        "name": pair.name,
        "status": FAILED,
        "reason": why,
        "reactant": pair.reactant,
        "product": pair.product,
        **_notes(pair),
    }


def _verified(result: Mapping[str, Any]) -> Mapping[str, Any]:
    """What `--verify` found of the saddle; the gradients alone where it could not examine it."""
    found = result.get("verification") or {}
    return {"n_gradients": found["n_gradients"]} if found.get("problem") else found


def _notes(pair: Pair) -> dict[str, Any]:
    """What the user's own table has of the pair; columns of ours keep their meaning."""
    return {key if key not in _OURS else f"given_{key}": note for key, note in pair.notes.items()}
