"""Refinement of a path's saddle by sella, to any force.

The height of a path is known long before the force at its saddle has vanished, as the error of
the energy is of second order in what is missing. Where the structure itself matters (normal modes,
rates), sella continues from the saddle that was found.
"""

import os
from collections.abc import Sequence

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from .._extras import needs
from ..landscapes.abilities import innermost
from ..result import PathResult, Saddle
from .molecule import MoleculeLandscape


class LandscapeCalculator(Calculator):  # type: ignore[misc]
    """A landscape of atoms as an ASE calculator, for optimizers that want one.

    Parameters
    ----------
    landscape : MoleculeLandscape
        Or what stands before one, such as an `IsolatedLandscape`.

    Attributes
    ----------
    n_gradients : int
        Evaluations so far.
    """

    implemented_properties = ("energy", "free_energy", "forces")

    def __init__(self, landscape: MoleculeLandscape) -> None:
        super().__init__()
        self.n_gradients = 0
        self._landscape = landscape
        self._molecule = innermost(landscape)

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Energy and forces of `atoms`, as ASE asks for them."""
        super().calculate(atoms, properties, system_changes)
        point = self._molecule.coordinates(self.atoms)
        values, gradients = self._landscape.value_and_grad(point[None])
        self.n_gradients += 1
        image = self._molecule.atoms(point, values[0], gradients[0])
        energy = image.get_potential_energy()
        forces = image.get_forces(apply_constraint=False)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}


def refine_with_sella(
    landscape: MoleculeLandscape,
    result: PathResult,
    *,
    force: float = 0.01,
    max_steps: int = 200,
) -> tuple[Saddle, int]:
    """Converge a path's saddle with sella.

    Parameters
    ----------
    landscape : MoleculeLandscape
        What the path was found on.
    result : PathResult
        The path; without a saddle its highest point is where sella begins.
    force : float
        The largest force on an atom at which to stop, in eV/Å.
    max_steps : int
        Sella's steps at most.

    Returns
    -------
    tuple of (Saddle, int)
        The saddle, and the gradients that it took. Its `gradient_norm` says how far it came.

    References
    ----------
    Hermes, Sargsyan, Najm and Zador, J. Chem. Theory Comput. 18, 6974 (2022),
    DOI 10.1021/acs.jctc.2c00395.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder import find_path
    >>> pyramid = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    >>> turned = pyramid.copy()
    >>> turned.positions[3, 2] *= -1
    >>> landscape = MoleculeLandscape(pyramid, EMT)
    >>> result = find_path(landscape, pyramid, turned, rng=0)
    >>> saddle, n_gradients = refine_with_sella(landscape, result, force=0.01)
    >>> saddle.gradient_norm < 0.02
    True
    """
    with needs("refine_with_sella", "sella", "sella"):
        from sella import Sella

    found = result.saddle
    begin = result.path(result.height_time) if found is None else found.position
    molecule = innermost(landscape)
    atoms = molecule.atoms(np.asarray(begin))
    atoms.calc = LandscapeCalculator(landscape)
    Sella(atoms, order=1, internal=False, logfile=os.devnull).run(fmax=force, steps=max_steps)
    point = molecule.coordinates(atoms)
    values, gradients = landscape.value_and_grad(point[None])
    time = result.height_time if found is None else found.time
    saddle = Saddle(point, float(values[0]), float(np.linalg.norm(gradients[0])), time)
    return saddle, atoms.calc.n_gradients + 1
