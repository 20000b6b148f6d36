"""A gold atom hops to the next hollow of an aluminium surface: its barrier from one call.

    python examples/adatom_hop.py [FOLDER]

Energies come from ASE's effective medium theory, which needs nothing to be downloaded.
"""

import sys
from pathlib import Path
from time import perf_counter

from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.io import write
from ase.optimize import BFGS
from matplotlib.figure import Figure

from fourierpathfinder import PathResult, find_path
from fourierpathfinder.atoms.output import path_atoms
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.plot import plot_profile


def main(folder: Path) -> None:
    """Find the path and write it down."""
    start, end = adatom(hollow=0), adatom(hollow=1)
    began = perf_counter()
    landscape = MoleculeLandscape(start, EMT)
    result = find_path(landscape, start, end, rng=0)
    seconds = perf_counter() - began
    report(landscape, result)
    print(f"     time  {seconds:.2f} s")
    write_down(landscape, result, folder)


def adatom(hollow: int) -> Atoms:
    """Au in a hollow of Al(100), relaxed; only the top layer and the gold can move."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(hollow, 0))
    slab.info.clear()  # the builder's notes, which are no part of a structure file
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.005)
    return slab


def report(landscape: MoleculeLandscape, result: PathResult) -> None:
    """Print what was found."""
    top = result.path(result.height_time) if result.saddle is None else result.saddle.position
    gold = landscape.atoms(top).positions[-1]
    print(f"  barrier  {result.barrier:.4f} eV, back {result.reverse_barrier:.4f} eV")
    print(f"   saddle  t = {result.height_time:.3f}, gold at {gold.round(3)} Å")
    print(f"gradients  {result.n_gradients}")
    print(f"   method  {result.method}")
    print(f"   status  {result.message}")


def write_down(landscape: MoleculeLandscape, result: PathResult, folder: Path) -> None:
    """The profile as a picture, and the path as structures with energies."""
    folder.mkdir(parents=True, exist_ok=True)
    figure = Figure(figsize=(6, 4), layout="constrained")
    plot_profile(
        result, figure.subplots(), arc_length=True, relative=True, unit="eV", length_unit="Å"
    )
    figure.savefig(folder / "profile.png", dpi=150)
    write(folder / "path.extxyz", path_atoms(landscape, result))
    print(f"  written  {folder / 'profile.png'}, {folder / 'path.extxyz'}")


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["output/adatom_hop"]))
