"""Processes in crystals and on surfaces: barriers, their order, and other methods beside.

    python benchmarks/crystals.py                       all of them, a line each
    python benchmarks/crystals.py --only vacancy dimer  those whose name has one of these
    python benchmarks/crystals.py --bands               climbing nudged elastic bands beside them

Ends are relaxed to 0.01 eV/Å with `relax`. A saddle's order is the number of negative eigenvalues
of a Hessian by finite differences, over the atoms that move most. `sella` is by how much the saddle
that sella makes of ours is lower; nothing where sella is not installed. A path is sampled densely:
`above` is by how much it rises above its stated height.
"""

import argparse
import time
import warnings

import numpy as np
from ase.calculators.emt import EMT
from ase.mep import NEB
from ase.mep.neb import NEBOptimizer
from crystal_processes import PROCESSES

from fourierpathfinder import PathResult, Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape, refine_with_sella
from fourierpathfinder.reaction_path import relax

NEAR = 40
"""Atoms of the Hessian: those that move most, and in small cells all that are free."""

BUDGET = 200
"""Gradients of a path."""

STEP = 0.01
"""In Å, of its finite differences."""


def order(landscape: MoleculeLandscape, result: PathResult) -> int:
    """How many directions lead down from the saddle."""
    if result.saddle is None:
        return -1
    start, top = (landscape.positions(x) for x in (result.path.start, result.saddle.position))
    moved = np.linalg.norm(top - start, axis=1)[landscape.free]
    chosen = landscape.free[np.argsort(-moved)[:NEAR]]
    atoms = landscape.atoms(result.saddle.position)
    atoms.set_constraint()
    atoms.calc = EMT()
    rows = []
    for atom in chosen:
        for axis in range(3):
            forces = []
            for sign in (1, -1):
                atoms.positions = top
                atoms.positions[atom, axis] += sign * STEP
                forces.append(atoms.get_forces()[chosen])
            rows.append(((forces[1] - forces[0]) / (2 * STEP)).ravel())
    hessian = np.array(rows)
    return int((np.linalg.eigvalsh((hessian + hessian.T) / 2) < -0.01).sum())


def by_sella(landscape: MoleculeLandscape, result: PathResult) -> str:
    """By how much sella's saddle is lower than ours, in meV."""
    if result.saddle is None:
        return "no saddle"
    try:
        found, _ = refine_with_sella(landscape, result, force=1e-3)
    except ImportError:
        return ""
    except (RuntimeError, ValueError, ArithmeticError) as error:
        return type(error).__name__
    return f"{1000 * (result.saddle.value - found.value):.2f}"


def by_band(landscape: MoleculeLandscape, result: PathResult) -> str:
    """The barrier of a climbing band of five images, and its gradients."""
    images = [landscape.atoms(result.path.start) for _ in range(6)]
    images.append(landscape.atoms(result.path.end))
    for image in images:
        image.calc = EMT()
    chain = NEB(images, climb=True, method="improvedtangent")
    chain.interpolate("idpp", mic=True)
    optimizer = NEBOptimizer(chain, logfile=None)
    done = optimizer.run(fmax=0.05, steps=100)
    energies = [image.get_potential_energy() for image in images]
    barrier, n = max(energies) - energies[0], 2 + 5 * (optimizer.nsteps + 1)
    return f"{barrier:.4f} in {n}" + ("" if done else ", not converged")


def row(name: str, *, bands: bool, force: float | None) -> str:
    began = time.perf_counter()
    structures = PROCESSES[name]()
    landscape = MoleculeLandscape(structures[0], EMT)
    minima = [relax(landscape, x, force=0.01) for x in landscape.ends(*structures)]
    if landscape.same(*(one.position for one in minima), labelled=True):
        return f"{name:34s}  the ends relax to one minimum"
    result = find_path(
        landscape,
        *(one.position for one in minima),
        method=Surrogate(saddle_gradient=force),
        rng=0,
        max_gradients=BUDGET,
    )
    seconds = time.perf_counter() - began
    dense, _ = landscape.value_and_grad(np.asarray(result.path(np.linspace(0, 1, 61))))
    above = 1000 * (dense.max() - result.height)
    return (
        f"{name:34s}  {landscape.n_coordinates:4d}  {result.n_gradients:9d}  "
        f"{result.barrier:9.4f}  {1000 * result.height_error:7.2f}  {above:6.2f}  "
        f"{result.status.name:13s}  "
        f"{order(landscape, result):5d}  {by_sella(landscape, result):>10s}  {seconds:7.0f}"
        + (f"  {by_band(landscape, result)}" if bands else "")
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[""], metavar="TEXT")
    parser.add_argument("--bands", action="store_true")
    parser.add_argument("--force", type=float, metavar="F", help="at the saddle, in eV/Å")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")  # what sella says of JAX
    print(
        f"{'process':34s}     D  gradients  barrier/eV  ± /meV  above  status         order  "
        f"sella/meV  seconds{'  band' if options.bands else ''}"
    )
    for name in PROCESSES:
        if any(text in name for text in options.only):
            print(row(name, bands=options.bands, force=options.force), flush=True)


if __name__ == "__main__":
    main()
