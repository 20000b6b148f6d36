"""Calculators that evaluate several structures in one call, as machine-learnt potentials can.

A calculator is one simply by having the method; it still evaluates single structures as ASE's
calculators do, and is asked so where a batch fails.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from ase import Atoms
from ase.stress import voigt_6_to_full_3x3_stress

from .answers import energy_of, gradient_of


@runtime_checkable
class BatchCalculator(Protocol):
    """What a calculator offers that takes whole batches.

    Examples
    --------
    >>> from ase.calculators.emt import EMT
    >>> class OneAfterTheOther(EMT):
    ...     def calculate_batch(self, structures):
    ...         for atoms in structures:
    ...             self.calculate(atoms, ["energy", "forces"])
    ...             yield dict(self.results)
    >>> isinstance(OneAfterTheOther(), BatchCalculator), isinstance(EMT(), BatchCalculator)
    (True, False)
    """

    def calculate_batch(self, structures: Sequence[Atoms]) -> Sequence[Mapping[str, Any]]:
        """Evaluate all structures.

        Parameters
        ----------
        structures : sequence of ase.Atoms
            Of one system.

        Returns
        -------
        sequence of mapping
            Of each, by ASE's names: `energy` (or `free_energy`, that whose derivative the forces
            are) in eV, `forces` (n, 3) in eV/Å, and, where cells are to change, `stress` (6,) or
            (3, 3) in eV/Å³.
        """
        ...


def evaluated_together(
    calculator: BatchCalculator, structures: Sequence[Atoms]
) -> list[tuple[float, np.ndarray, np.ndarray | None]]:
    """Energy, its gradient (n, 3) and the stress (3, 3), if there is one, of each structure.

    Raises
    ------
    ValueError
        If there are not as many results as structures.
    """
    results = list(calculator.calculate_batch(structures))
    if len(results) != len(structures):
        raise ValueError(
            f"`calculate_batch` of {type(calculator).__name__} gave {len(results)} results for "
            f"{len(structures)} structures; it must give one for each, in their order"
        )
    return [_read(*pair) for pair in zip(results, structures, strict=True)]


def _read(results: Mapping[str, Any], atoms: Atoms) -> tuple[float, np.ndarray, np.ndarray | None]:
    energy = energy_of(results.get("free_energy", results.get("energy", np.nan)))
    stress = results.get("stress")
    if stress is not None:
        stress = np.asarray(stress, dtype=float)
        stress = stress if stress.shape == (3, 3) else voigt_6_to_full_3x3_stress(stress)
    return energy, gradient_of(results["forces"], len(atoms)), stress
