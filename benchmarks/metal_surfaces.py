"""EMT beneath CHGNet: hops of an adatom on two metal surfaces, with the prior and without.

    pip install chgnet
    python benchmarks/metal_surfaces.py                 both
    python benchmarks/metal_surfaces.py --only Al       one of them
    python benchmarks/metal_surfaces.py --force 0.01    until the force at the saddle is 0.01 eV/Å

Both ends are relaxed to 0.02 eV/Å and the path between them is found, each with EMT beneath and
without. Counted are gradients of CHGNet. "Off by" is how far the stated height lies above that of
dense sampling.
"""

import argparse
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from judge import Watched, continuous_height

from fourierpathfinder import Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape

sys.path.insert(0, str(Path(__file__).parent.parent / "examples"))

RELAXED = 0.02
"""In eV/Å."""
N_SAMPLES = 65
METALS = ("Al", "Cu")


@dataclass(frozen=True)
class Run:
    """One hop."""

    n_relaxing: int
    n_path: int
    n_prior: int
    certified: bool
    barrier: float
    """In eV."""
    misreported: float
    """In meV."""


def hop(metal: str) -> tuple[Atoms, Atoms]:
    """An adatom in one hollow and in the next one; the lowest of three layers is held."""
    ends = []
    for offset in ((0, 0), (1, 0)):
        slab = fcc100(metal, size=(2, 2, 3), vacuum=6)
        add_adsorbate(slab, metal, 1.7, "hollow", offset=offset)
        slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag == 3]))
        ends.append(slab)
    return ends[0], ends[1]


def run(metal: str, *, upon: bool, force: float | None) -> Run:
    """Both ends relaxed and the path found."""
    from chgnet_calculator import make

    ends = hop(metal)
    calculator = make()
    expensive = Watched(MoleculeLandscape(ends[0], lambda: calculator))
    prior = MoleculeLandscape(ends[0], EMT) if upon else None
    first, last = (relax(expensive, end, prior=prior, force=RELAXED) for end in ends)
    n_relaxing = expensive.n_gradients
    result = find_path(
        expensive,
        first.position,
        last.position,
        method=Surrogate(saddle_gradient=force),
        prior=prior,
        max_gradients=100,
        rng=0,
    )
    n_path = expensive.n_gradients - n_relaxing
    n_prior = first.n_prior_gradients + last.n_prior_gradients + result.n_prior_gradients
    height = continuous_height(expensive.landscape, result.path, N_SAMPLES)
    misreported = 1e3 * (result.height - height)
    return Run(n_relaxing, n_path, n_prior, result.certified, result.barrier, misreported)


def main() -> None:
    """Run and print."""
    warnings.filterwarnings("ignore")
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", default=METALS, metavar="METAL")
    parser.add_argument("--force", type=float, metavar="F", help="at the saddle, in eV/Å")
    given = parser.parse_args()
    print("| hop | EMT beneath | ends | path | of EMT | certified | barrier (eV) | off by (meV) |")
    print("| --- |" + " --- |" * 7)
    for metal in given.only:
        for upon in (True, False):
            one = run(metal, upon=upon, force=given.force)
            cells = f"{one.n_relaxing} | {one.n_path} | {one.n_prior} | {one.certified}"
            name = f"{metal} on {metal}(100) | {'yes' if upon else 'no'}"
            print(f"| {name} | {cells} | {one.barrier:.4f} | {one.misreported:+.2f} |", flush=True)


if __name__ == "__main__":
    main()
