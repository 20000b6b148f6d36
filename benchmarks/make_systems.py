"""Relax the ends of every molecule and surface of the benchmarks, and find the saddle between.

    python benchmarks/make_systems.py [NAME ...]

Writes `structures/NAME.extxyz`: start, end and saddle.
"""

import sys
from collections.abc import Callable

import numpy as np
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc111, molecule
from ase.constraints import FixAtoms
from ase.io import write
from ase.optimize import BFGS
from systems import EMT, MOLECULES, STRUCTURES

Ends = tuple[Atoms, Atoms]
FMAX = 2e-5


def hop(element: str, size: tuple[int, int, int], n_held: int) -> Ends:
    """An adatom on Al(100) in one hollow and in the next; the lowest `n_held` layers are held."""
    slab = fcc100("Al", size, vacuum=4)
    add_adsorbate(slab, element, 1.7, "hollow")
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > size[2] - n_held]))
    moved = slab.copy()
    moved.positions[-1] += slab.cell[0] / size[0]
    return slab, moved


def vacancy() -> Ends:
    """32 sites of copper, one empty; a neighbour moves into it."""
    crystal = bulk("Cu", cubic=True) * (2, 2, 2)
    distances = crystal.get_distances(0, range(1, 32), mic=True)
    neighbour = int(np.argmin(distances)) + 1
    jump = crystal.get_distance(neighbour, 0, mic=True, vector=True)
    del crystal[0]
    moved = crystal.copy()
    moved.positions[neighbour - 1] += jump
    return crystal, moved


def dissociation() -> Ends:
    """N2 lying on held Cu(111), and its atoms in neighbouring hollows: ASE's own tutorial."""
    slab = fcc111("Cu", (4, 4, 2))
    slab.pbc = (True, True, False)
    length = 1.10
    nitrogen = Atoms("N2", [[0, 0, 0], [0.5 * 3**0.5 * length, 0.5 * length, 0]])
    add_adsorbate(slab, nitrogen, 1.0, "fcc")
    slab.set_constraint(FixAtoms(mask=slab.symbols == "Cu"))
    relaxed = relax(slab, EMT)
    apart = relaxed.copy()
    apart.positions[-1, :2] = apart.positions[-2, :2] + 0.25 * slab.cell[0, :2]
    return relaxed, apart


def hydrogen_cyanide() -> Ends:
    """H-C-N and C-N-H, both straight."""
    hcn = Atoms("HCN", [[0, 0, -1.07], [0, 0, 0], [0, 0, 1.15]])
    return hcn, Atoms("HCN", [[0, 0, 2.15], [0, 0, 0], [0, 0, 1.17]])


def formaldehyde() -> Ends:
    """H2CO, and H2 beside CO."""
    whole = molecule("H2CO")
    oxygen, carbon = (whole.positions[whole.symbols == s][0] for s in "OC")
    axis = (oxygen - carbon) / np.linalg.norm(oxygen - carbon)
    side = np.cross(axis, [1.0, 0, 0])
    apart = whole.copy()
    hydrogens = np.flatnonzero(whole.symbols == "H")
    side *= np.sign(side @ (whole.positions[hydrogens[0]] - carbon))
    apart.positions[hydrogens[0]] = carbon + 2.6 * side - 1.2 * axis
    apart.positions[hydrogens[1]] = carbon + 2.2 * side - 1.8 * axis
    return whole, apart


def ammonia() -> Ends:
    """NH3 and its mirror image."""
    start = molecule("NH3")
    end = start.copy()
    end.positions[:, 2] *= -1
    return start, end


def vinyl_alcohol() -> Ends:
    """Syn vinyl alcohol, and acetaldehyde with the hydroxyl's hydrogen on the other carbon."""
    alcohol = [[-1.23, -0.1, 0], [-0.02, 0.44, 0], [1.13, -0.27, 0], [-2.1, 0.53, 0],
               [-1.37, -1.18, 0], [0.1, 1.52, 0], [0.93, -1.21, 0]]  # fmt: skip
    aldehyde = [[-1.17, -0.15, 0], [0.23, 0.4, 0], [1.23, -0.28, 0], [-1.92, 0.45, 0.5],
                [-1.24, -1.15, 0.43], [0.31, 1.5, 0], [-1.4, -0.2, -1.06]]  # fmt: skip
    return Atoms("CCOHHHH", alcohol), Atoms("CCOHHHH", aldehyde)


def ethane() -> Ends:
    """One methyl group turned by 120 degrees: the same molecule, its hydrogens renamed."""
    start = molecule("C2H6")
    carbons = start.positions[start.symbols == "C"]
    axis = carbons[1] - carbons[0]
    beyond = (start.positions - carbons.mean(axis=0)) @ axis > 0
    half = start[beyond]
    half.rotate(120, axis, center=carbons[0])
    end = start.copy()
    end.positions[beyond] = half.positions
    return start, end


def malonaldehyde() -> Ends:
    """The proton at one oxygen, and the mirror image with the halves' names exchanged."""
    positions = [[-1.3, 1.1, 0], [-1.21, -0.15, 0], [0, -0.85, 0], [1.2, -0.1, 0], [1.25, 1.2, 0],
                 [-0.35, 1.5, 0], [-2.15, -0.72, 0], [0, -1.93, 0], [2.15, -0.66, 0]]  # fmt: skip
    start = relax(Atoms("OCCCOHHHH", positions), MOLECULES["malon"][1])
    end = start.copy()
    end.positions = start.positions[[4, 3, 2, 1, 0, 5, 8, 7, 6]] * [-1, 1, 1]
    return start, end


MAKERS: dict[str, Callable[[], Ends]] = {
    "au223": lambda: hop("Au", (2, 2, 3), n_held=2),
    "au333": lambda: hop("Au", (3, 3, 3), n_held=1),
    "al333": lambda: hop("Al", (3, 3, 3), n_held=1),
    "cuvac": vacancy,
    "n2cu": dissociation,
    "hcn": hydrogen_cyanide,
    "h2co": formaldehyde,
    "nh3": ammonia,
    "vinyl": vinyl_alcohol,
    "ethane": ethane,
    "malon": malonaldehyde,
    "au1000": lambda: hop("Au", (11, 10, 4), n_held=1),
}


def relax(atoms: Atoms, calculator: Callable, fmax: float = FMAX) -> Atoms:
    """The minimum below a structure, in eV/Å."""
    relaxed = atoms.copy()
    relaxed.calc = calculator()
    if not BFGS(relaxed, logfile=None).run(fmax=fmax, steps=2000):
        raise RuntimeError(f"{atoms.symbols} does not relax to {fmax} eV/Å")
    return relaxed


def known(relaxed: Atoms) -> Atoms:
    """A copy that remembers its energy."""
    kept = relaxed.copy()
    kept.info = {"known_energy": relaxed.get_potential_energy()}
    return kept


def make(name: str) -> None:
    calculator = MOLECULES[name][1]
    ends = [known(relax(end, calculator)) for end in MAKERS[name]()]
    write(STRUCTURES / f"{name}.extxyz", ends)
    print(name, *(f"{end.info['known_energy']:.6f}" for end in ends), flush=True)


if __name__ == "__main__":
    for each in sys.argv[1:] or MAKERS:
        make(each)
