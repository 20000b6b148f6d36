"""Relax the ends of every molecule and surface of the benchmarks, and find the saddle between.

    python benchmarks/make_systems.py [NAME ...]

Writes `structures/NAME.extxyz`: start, end and saddle. The saddle is searched for twice, from the
top of a climbing band and from that of a path found by the surrogate method; both must agree,
exactly one curvature must be negative, and the descents to its two sides must lead to the ends.
"""

import sys
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc111, molecule
from ase.constraints import FixAtoms
from ase.io import write
from ase.mep.neb import NEB
from ase.optimize import BFGS, FIRE
from sella import Sella
from systems import EMT, MOLECULES, STRUCTURES

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.landscapes import MoleculeLandscape

Ends = tuple[Atoms, Atoms]
FMAX, FMAX_SADDLE = 2e-5, 1e-4
"""In eV/Å."""
N_IMAGES, N_POINTS = 7, 401
STEP, RATTLE, PUSH, SAME = 1e-3, 0.01, 0.1, 0.1
"""In Å: finite differences, pushes off symmetry and off a saddle, differences that do not count."""
FLAT = 1e-2
"""In eV/Å²: curvatures nearer to zero are those of rotations and shifts."""
AGREEMENT = 1e-4
"""In eV."""


@dataclass(frozen=True, eq=False)
class Problem:
    """Relaxed ends in a landscape."""

    landscape: MoleculeLandscape
    calculator: Callable
    start: np.ndarray
    end: np.ndarray

    @classmethod
    def of(cls, start: Atoms, end: Atoms, calculator: Callable) -> "Problem":
        """The ends superposed."""
        landscape = MoleculeLandscape(start, calculator)
        return cls(landscape, calculator, *landscape.ends(start, end))

    def atoms(self, point: np.ndarray) -> Atoms:
        """The structure at a point, ready to be calculated."""
        atoms = self.landscape.atoms(point)
        atoms.calc = self.calculator()
        return atoms

    def nearest_end(self, atoms: Atoms) -> int | None:
        """0 for the start, 1 for the end, None for another structure."""
        for index, end in enumerate((self.start, self.end)):
            placed = self.landscape.ends(end, atoms)[1]
            if np.abs(placed - end).max() < SAME:
                return index
        return None


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
    """Syn vinyl alcohol, and acetaldehyde with the hydroxyl's hydrogen on the other carbon.

    Of the places that the methyl group's hydrogens could take by turning and by reflection, it is
    the one that they fall into from the saddle.
    """
    alcohol = [[-1.23, -0.1, 0], [-0.02, 0.44, 0], [1.13, -0.27, 0], [-2.1, 0.53, 0],
               [-1.37, -1.18, 0], [0.1, 1.52, 0], [0.93, -1.21, 0]]  # fmt: skip
    aldehyde = [[-0.83, -0.48, -0.09], [0.26, 0.52, 0.1], [1.42, 0.35, -0.13],
                [-1.57, -0.08, -0.77], [-1.32, -0.66, 0.87], [-0.1, 1.49, 0.5],
                [-0.43, -1.41, -0.48]]  # fmt: skip
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


def relax(atoms: Atoms, calculator: Callable) -> Atoms:
    """The minimum next to a structure."""
    relaxed = atoms.copy()
    relaxed.calc = calculator()
    if not BFGS(relaxed, logfile=None).run(fmax=FMAX, steps=3000):
        raise RuntimeError(f"{atoms.symbols} does not relax to {FMAX} eV/Å")
    return relaxed


def slide(side: Atoms) -> Atoms:
    """The end of a careful descent from beside a saddle."""
    if not FIRE(side, logfile=None).run(fmax=1e-3, steps=3000):
        raise RuntimeError("the descent from the saddle does not end")
    return side


def top_of_band(problem: Problem) -> Atoms:
    """The highest image of a climbing band."""
    path = problem.landscape.initial_path(problem.start, problem.end, rng=0)
    images = [problem.atoms(point) for point in path(np.linspace(0, 1, N_IMAGES + 2))]
    band = NEB(images, climb=True, method="improvedtangent")
    if not FIRE(band, logfile=None).run(fmax=0.03, steps=1000):
        raise RuntimeError("the band does not converge")
    return max(images, key=lambda image: image.get_potential_energy())


def top_of_path(problem: Problem) -> Atoms:
    """The highest of many points on the path of the surrogate method."""
    result = find_path(
        problem.landscape, problem.start, problem.end, method=Surrogate(), max_gradients=200, rng=0
    )
    points = result.path(np.linspace(0, 1, N_POINTS))
    return problem.atoms(points[problem.landscape.value_and_grad(points)[0].argmax()])


def saddle_near(top: Atoms) -> Atoms:
    """The saddle next to a structure, by sella with all curvatures calculated."""
    top.rattle(RATTLE, seed=0)  # a symmetric band may lie on a ridge between two saddles
    search = Sella(top, order=1, internal=False, gamma=0.0, logfile=None)
    if not search.run(fmax=FMAX_SADDLE, steps=300):
        raise RuntimeError("sella does not converge")
    return top


def check(problem: Problem, saddle: Atoms) -> float:
    """Insist on one falling direction that leads to both ends; return its curvature, in eV/Å²."""
    point = problem.landscape.coordinates(saddle)
    shifts = STEP * np.eye(len(point))
    up, down = (problem.landscape.value_and_grad(point + s)[1] for s in (shifts, -shifts))
    hessian = (up - down) / (2 * STEP)
    curvatures, directions = np.linalg.eigh((hessian + hessian.T) / 2)
    if (curvatures < -FLAT).sum() != 1:
        raise RuntimeError(f"the curvatures begin with {curvatures[:4]}")
    sides = [problem.atoms(point + sign * PUSH * directions[:, 0]) for sign in (-1, 1)]
    reached = {problem.nearest_end(slide(side)) for side in sides}
    if reached != {0, 1}:
        raise RuntimeError(f"the saddle leads to {reached}, not to both ends")
    return float(curvatures[0])


def known(relaxed: Atoms, **info: float) -> Atoms:
    """A copy that remembers its energy."""
    kept = relaxed.copy()
    kept.calc = None
    kept.info = {"known_energy": relaxed.get_potential_energy(), **info}
    return kept


def make(name: str) -> None:
    """Relax, search in both ways, compare, check and write."""
    calculator = MOLECULES[name][1]
    start, end = (relax(atoms, calculator) for atoms in MAKERS[name]())
    problem = Problem.of(start, end, calculator)
    saddles = [saddle_near(top(problem)) for top in (top_of_band, top_of_path)]
    heights = [saddle.get_potential_energy() - start.get_potential_energy() for saddle in saddles]
    print(f"{name:8s} barriers {heights[0]:.6f} {heights[1]:.6f}", flush=True)
    if abs(heights[0] - heights[1]) > AGREEMENT:
        raise RuntimeError("the two searches disagree")
    curvature = check(problem, saddles[0])
    frames = [known(start), known(end), known(saddles[0], lowest_curvature=curvature)]
    write(STRUCTURES / f"{name}.extxyz", frames)


if __name__ == "__main__":
    for each in sys.argv[1:] or MAKERS:
        make(each)
