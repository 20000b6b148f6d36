"""A normal mode as a movie: structures that swing about where it was measured."""

import numpy as np
from ase import Atoms

from .modes import NormalModes


def mode_movie(
    modes: NormalModes, mode: int = 0, *, n_images: int = 24, amplitude: float = 0.4
) -> list[Atoms]:
    """One period of a mode, to be written as `mode.extxyz` and played in a loop.

    Parameters
    ----------
    modes : NormalModes
        Of a structure.
    mode : int
        Which, from the lowest; 0 is a saddle's imaginary one.
    n_images : int
        Structures in the period.
    amplitude : float
        How far the atom goes that goes farthest, in Å.

    Returns
    -------
    list of ase.Atoms
        Without energies; `info["frequency"]` is in cm⁻¹, negative where it is imaginary.

    Raises
    ------
    ValueError
        If there is no such mode.

    Examples
    --------
    >>> from ase import Atoms
    >>> from ase.calculators.emt import EMT
    >>> from fourierpathfinder.atoms import MoleculeLandscape
    >>> from fourierpathfinder.rates import mode_movie, normal_modes
    >>> nitrogen = Atoms("N2", [(0, 0, 0), (0, 0, 0.99799)])
    >>> modes = normal_modes(MoleculeLandscape(nitrogen, EMT), nitrogen)
    >>> len(mode_movie(modes))
    24
    """
    if not -len(modes.frequencies) <= mode < len(modes.frequencies):
        raise ValueError(f"`mode` is {mode}; there are modes 0 to {len(modes.frequencies) - 1}")
    vector = modes.displacements[mode]
    vector = vector * amplitude / np.linalg.norm(vector, axis=1).max()
    images = []
    for phase in np.arange(n_images) / n_images:
        image = Atoms.copy(modes.atoms)
        image.positions = modes.atoms.positions + np.sin(2 * np.pi * phase) * vector
        image.info = {"frequency": float(modes.frequencies[mode]), "phase": float(phase)}
        images.append(image)
    return images
