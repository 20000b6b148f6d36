"""What a calculator answers, as one float and an array (n, 3); anything else is named."""

from math import prod
from typing import Any

import numpy as np


def energy_of(answer: Any) -> float:
    """One energy in eV, also where it comes as an array or list of one number.

    Raises
    ------
    TypeError, ValueError
        If it is no real number, or more than one.
    """
    energy = answer if hasattr(answer, "shape") else np.asarray(answer)
    if getattr(energy.dtype, "kind", "f") not in "fiu":
        raise TypeError(f"its energy is {_named(answer)}; it must be a real number, in eV")
    if prod(energy.shape) != 1:
        raise ValueError(
            f"its energy has shape {tuple(energy.shape)}; it must be one number, in eV"
        )
    return float(energy.reshape(()))


def gradient_of(forces: Any, n_atoms: int) -> np.ndarray:
    """The gradient (n, 3) of the energy, in eV/Å, that belongs to forces on `n_atoms` atoms.

    Raises
    ------
    ValueError
        If they have another shape.
    """
    found = np.asarray(forces, dtype=float)
    if found.shape != (n_atoms, 3):
        raise ValueError(
            f"its forces have shape {found.shape}; they must have {(n_atoms, 3)}, in eV/Å: one row "
            "for each atom"
        )
    return -found


def _named(answer: Any) -> str:
    return "None" if answer is None else f"a {type(answer).__name__}"
