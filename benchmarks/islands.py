"""A compact island of seven atoms on Pt(111), and the thirty places it rearranges to.

    python benchmarks/islands.py                      all products, in the metric of the bonds
    python benchmarks/islands.py --products 0 3 7     some of them
    python benchmarks/islands.py --plain              on plain coordinates, to compare
    python benchmarks/islands.py --bands              climbing nudged elastic bands beside it
    python benchmarks/islands.py --direct             `Direct()` beside it

343 atoms of which 175 move, under a Morse potential. Each path is sampled densely afterwards: it
is wrong where it rises above its stated height by more than `height_error` and 1 meV.

Structures and potential are those of the saddle-search benchmark of OptBench: Chill, Stevenson,
Ruehle, Shang, Xiao, Farrell, Wales and Henkelman, J. Chem. Theory Comput. 10, 5476 (2014),
DOI 10.1021/ct5008718.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.constraints import FixAtoms
from ase.io import read
from ase.mep import NEB
from ase.mep.neb import NEBOptimizer

from fourierpathfinder import Direct, PathResult, Surrogate, find_path
from fourierpathfinder.atoms import BondMetric, MoleculeLandscape

STRUCTURES = Path(__file__).parent / "structures" / "pt_heptamer.extxyz.xz"

DEPTH, STIFFNESS, REST, CUTOFF = 0.7102, 1.6047, 2.8970, 9.5
"""Of the Morse potential for platinum: eV, 1/Å, Å, Å."""

MOST_GRADIENTS = 150
ROUNDING = 1e-3
"""In eV: how far a path may rise above its stated height beside the stated error."""


class MorsePlatinum(Calculator):
    """Σ D [(1 - e^(-a(r - r0)))² - (the same at the cutoff)] over pairs nearer than the cutoff."""

    implemented_properties = ("energy", "free_energy", "forces")
    n_calculations = 0
    seconds = 0.0

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Energy in eV and forces in eV/Å; the cell is a box with right angles."""
        began = time.process_time()
        super().calculate(atoms, properties, system_changes)
        positions, box = self.atoms.positions, self.atoms.cell.lengths()
        first, second = np.triu_indices(len(positions), 1)
        vectors = positions[second] - positions[first]
        vectors -= np.rint(vectors / box) * box
        squared = (vectors**2).sum(axis=1)
        near = squared < CUTOFF**2
        vectors, lengths = vectors[near], np.sqrt(squared[near])
        bump = np.exp(-STIFFNESS * (lengths - REST))
        edge = np.exp(-STIFFNESS * (CUTOFF - REST))
        energy = DEPTH * float(((1 - bump) ** 2 - (1 - edge) ** 2).sum())
        slopes = (2 * DEPTH * STIFFNESS * (1 - bump) * bump / lengths)[:, None] * vectors
        forces = np.zeros_like(positions)
        np.add.at(forces, first[near], slopes)
        np.add.at(forces, second[near], -slopes)
        self.results = {"energy": energy, "free_energy": energy, "forces": forces}
        MorsePlatinum.n_calculations += 1
        MorsePlatinum.seconds += time.process_time() - began


def structures() -> list[Atoms]:
    """The reactant and its thirty products, with the lower layers held."""
    frames = []
    for frame in read(STRUCTURES, ":"):
        # what ASE makes of `move_mask`: the constraint itself
        held = frame.constraints[0].index
        frame.set_constraint(FixAtoms(held))
        frames.append(frame)
    return frames


def rises(landscape: MoleculeLandscape, result: PathResult, n_points: int = 201) -> float:
    """The largest energy on a path, sampled densely, above its stated height, in eV."""
    times = np.union1d(np.linspace(0, 1, n_points), [result.height_time])
    values, _ = landscape.value_and_grad(np.asarray(result.path(times)))
    return float(values.max() - result.height)


def searched(
    start: Atoms, end: Atoms, *, metric: BondMetric | None, method: Direct | Surrogate
) -> str:
    """One path, judged."""
    landscape = MoleculeLandscape(start, MorsePlatinum, metric=metric)
    began, before = time.process_time(), MorsePlatinum.seconds
    result = find_path(
        landscape, start, end, method=method, rng=0,
        max_gradients=400 if isinstance(method, Direct) else MOST_GRADIENTS,
    )  # fmt: skip
    own = time.process_time() - began - (MorsePlatinum.seconds - before)
    risen = rises(landscape, result)
    allowed = max(result.height_error, ROUNDING)
    verdict = "wrong" if result.certified and risen > allowed else ""
    return (
        f"{result.n_gradients:4d} gradients  barrier {result.barrier:.4f} ± "
        f"{result.height_error:.1g}  {'certified' if result.certified else 'uncertified':11s}  "
        f"rises {1e3 * risen:7.2f} meV  {1e3 * own / result.n_gradients:5.0f} ms a gradient  "
        f"{verdict}"
    )


def band(start: Atoms, end: Atoms, n_images: int = 5) -> str:
    """A climbing band with the improved tangent, from the linear interpolation."""
    images = [start.copy(), *(start.copy() for _ in range(n_images)), end.copy()]
    for image in images:
        image.calc = MorsePlatinum()
    chain = NEB(images, climb=True, method="improvedtangent")
    chain.interpolate("idpp", mic=True)
    before = MorsePlatinum.n_calculations
    done = NEBOptimizer(chain, logfile=None).run(fmax=0.05, steps=200)
    energies = [image.get_potential_energy() for image in images]
    return (
        f"{MorsePlatinum.n_calculations - before:4d} gradients  barrier "
        f"{max(energies) - energies[0]:.4f}  {'converged' if done else 'not converged'}"
    )


def main() -> None:
    """Read the arguments, and print a line a product."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--products", type=int, nargs="*", help="which, 0 to 29; all of them")
    parser.add_argument("--plain", action="store_true", help="on plain coordinates")
    parser.add_argument("--strength", type=float, default=3.0, help="of the metric")
    parser.add_argument("--force", type=float, metavar="F", help="at the saddle, in eV/Å")
    parser.add_argument("--bands", action="store_true", help="climbing bands as well")
    parser.add_argument("--direct", action="store_true", help="Direct() as well")
    arguments = parser.parse_args()
    start, *products = structures()
    chosen = range(len(products)) if arguments.products is None else arguments.products
    metric = None if arguments.plain else BondMetric(strength=arguments.strength)
    for k in chosen:
        method = Surrogate(saddle_gradient=arguments.force)
        print(f"{k:2d} {searched(start, products[k], metric=metric, method=method)}", flush=True)
        if arguments.direct:
            line = searched(start, products[k], metric=metric, method=Direct())
            print(f"   Direct: {line}", flush=True)
        if arguments.bands:
            print(f"   band:   {band(start, products[k])}", flush=True)


if __name__ == "__main__":
    main()
