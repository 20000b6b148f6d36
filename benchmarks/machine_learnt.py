"""Hops of ions under a machine-learnt potential, CHGNet, with default settings.

    pip install chgnet
    python benchmarks/machine_learnt.py                 all four, one after the other
    python benchmarks/machine_learnt.py --only NaCl     one of them
    python benchmarks/machine_learnt.py --bands         a climbing nudged elastic band beside it
    python benchmarks/machine_learnt.py --force 0.01    until the force at the saddle is 0.01 eV/Å

The cell of the perfect crystal is relaxed, an atom removed, both ends relaxed to 0.02 eV/Å, and the
path found, with all that the relaxations have seen, as `find --relax-ends` does. Times are those of
everything, loading the model included. A path is held to dense sampling: it is wrong where it rises
above its stated height by more than `height_error` and 1 meV.
"""

import argparse
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import bulk
from ase.mep import NEB
from ase.mep.neb import NEBOptimizer
from ase.spacegroup import crystal

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.atoms import CrystalLandscape, MoleculeLandscape
from fourierpathfinder.reaction_path import relax

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

RELAXED = 0.02
"""In eV/Å."""


def rocksalt(names: str, side: float) -> Atoms:
    return bulk(names, "rocksalt", a=side, cubic=True)


def lithium_cobalt_oxide() -> Atoms:
    return crystal(
        ["Li", "Co", "O"], [(0, 0, 0.5), (0, 0, 0), (0, 0, 0.26)], spacegroup=166,
        cellpar=[2.83, 2.83, 14.1, 90, 90, 120],
    )  # fmt: skip


def lithium_iron_phosphate() -> Atoms:
    return crystal(
        ["Li", "Fe", "P", "O", "O", "O"],
        [(0, 0, 0), (0.282, 0.25, 0.975), (0.095, 0.25, 0.418), (0.097, 0.25, 0.743),
         (0.457, 0.25, 0.206), (0.166, 0.046, 0.285)],
        spacegroup=62, cellpar=[10.33, 6.01, 4.69, 90, 90, 90],
    )  # fmt: skip


SYSTEMS: dict[str, tuple[Callable[[], Atoms], tuple[int, int, int], str]] = {
    "NaCl": (lambda: rocksalt("NaCl", 5.65), (2, 2, 2), "Na"),
    "MgO": (lambda: rocksalt("MgO", 4.24), (2, 2, 2), "O"),
    "LiCoO2": (lithium_cobalt_oxide, (3, 3, 1), "Li"),
    "LiFePO4": (lithium_iron_phosphate, (1, 2, 2), "Li"),
}
"""The unit cell, how often it is repeated, and what hops into a vacancy."""


def vacancy_hop(perfect: Atoms, element: str) -> tuple[Atoms, Atoms]:
    """An atom of the element missing, and its nearest like neighbour moved into its place."""
    first = int(np.flatnonzero(perfect.numbers == Atoms(element).numbers[0])[0])
    like = np.flatnonzero(perfect.numbers == perfect.numbers[first])
    vectors = perfect.get_distances(first, like, mic=True, vector=True)
    lengths = np.linalg.norm(vectors, axis=1)
    nearest = int(np.argsort(lengths, kind="stable")[1])
    end = perfect.copy()
    end.positions[like[nearest]] -= vectors[nearest]
    kept = [k for k in range(len(perfect)) if k != first]
    return perfect[kept], end[kept]


def relaxed_cell(atoms: Atoms, make: Callable) -> Atoms:
    """The perfect crystal with its cell and atoms relaxed."""
    landscape = CrystalLandscape(atoms, make)
    return landscape.atoms(relax(landscape, landscape.coordinates(atoms), force=0.01).position)


def band(landscape: MoleculeLandscape, ends: list[np.ndarray], make: Callable) -> str:
    """The barrier of a climbing band of five images, and its gradients."""
    calculator = make()
    images = [landscape.atoms(ends[0])] + [landscape.atoms(ends[0]) for _ in range(5)]
    images.append(landscape.atoms(ends[1]))
    for image in images:
        image.calc = calculator
    chain = NEB(images, climb=True, method="improvedtangent", allow_shared_calculator=True)
    chain.interpolate("idpp")
    optimizer = NEBOptimizer(chain, logfile=None)
    optimizer.run(fmax=0.05, steps=60)
    energies = [image.get_potential_energy() for image in images]
    return f"{max(energies) - energies[0]:.4f} eV in {2 + 5 * (optimizer.nsteps + 1)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=list(SYSTEMS), choices=list(SYSTEMS))
    parser.add_argument("--bands", action="store_true")
    parser.add_argument("--force", type=float, metavar="F", help="at the saddle, in eV/Å")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")  # what pymatgen and CHGNet say of torch and of elements
    from chgnet_calculator import make

    columns = "gradients  barrier (eV)   error  above (meV)  status  seconds"
    print(f"system    atoms  relaxing  {columns}", flush=True)
    for name in options.only:
        began = time.perf_counter()
        cell, repeats, element = SYSTEMS[name]
        start, end = vacancy_hop(relaxed_cell(cell(), make) * repeats, element)
        landscape = MoleculeLandscape(start, make)
        a, b = landscape.ends(start, end)
        first = relax(landscape, a, force=RELAXED)
        last = relax(landscape, b, force=RELAXED, known=first.evaluations)
        minima, ends = (first, last), (first.position, last.position)
        method = Surrogate(saddle_gradient=options.force)
        result = find_path(landscape, *ends, method=method, known=last.evaluations, rng=0)
        seconds = time.perf_counter() - began
        dense, _ = landscape.value_and_grad(np.asarray(result.path(np.linspace(0, 1, 41))))
        print(
            f"{name:8s}  {len(start):5d}  {sum(one.n_gradients for one in minima):8d}  "
            f"{result.n_gradients:9d}  {result.barrier:12.4f}  {result.height_error:6.4f}  "
            f"{1000 * (dense.max() - result.height):11.2f}  {result.status.name:9s}  "
            f"{seconds:5.0f}",
            flush=True,
        )
        if options.bands:
            print(f"{'':8s}  climbing band: {band(landscape, ends, make)}", flush=True)


if __name__ == "__main__":
    main()
