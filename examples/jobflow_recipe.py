"""A barrier as a job of jobflow, between jobs that relax its ends: pip install jobflow.

    python examples/jobflow_recipe.py

Atoms go from job to job as ASE's JSON, constraints included, and numbers come out; the flow runs
here with `run_locally`, and on a cluster with jobflow-remote or FireWorks, unchanged.
"""

from typing import Any

from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.io.jsonio import decode, encode
from jobflow import Flow, Job, job, run_locally

from fourierpathfinder import Surrogate, find_path, relax
from fourierpathfinder.atoms import MoleculeLandscape


@job
def relaxed(atoms: str) -> str:
    """The nearest minimum, in few gradients."""
    start = decode(atoms)
    landscape = MoleculeLandscape(start, EMT)
    return encode(landscape.atoms(relax(landscape, start).position))


@job
def barrier(reactant: str, product: str) -> dict[str, Any]:
    """The lowest path between two minima."""
    start, end = decode(reactant), decode(product)
    landscape = MoleculeLandscape(start, EMT)
    result = find_path(landscape, start, end, method=Surrogate(saddle_gradient=0.01), rng=0)
    return {
        "barrier_eV": float(result.barrier),
        "error_eV": float(result.height_error),
        "certified": bool(result.certified),
        "n_gradients": int(result.n_gradients),
        "saddle": result.saddle and encode(landscape.atoms(result.saddle.position)),
    }


def hop() -> Flow:
    """A gold atom goes from hollow to hollow of Al(100)."""
    ends = [relaxed(encode(adatom(hollow))) for hollow in (0, 1)]
    between: Job = barrier(ends[0].output, ends[1].output)
    return Flow([*ends, between], output=between.output, name="hop")


def adatom(hollow: int) -> Atoms:
    """Not relaxed yet; two layers are held."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(hollow, 0))
    slab.info.clear()
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    return slab


def main() -> None:
    """Run the flow in this process."""
    flow = hop()
    answers = run_locally(flow, log=False, ensure_success=True)
    found = answers[flow.jobs[-1].uuid][1].output
    print(f"  barrier  {found['barrier_eV']:.4f} ± {found['error_eV']:.4f} eV")
    print(f"certified  {'yes' if found['certified'] else 'no'}")
    print(f"gradients  {found['n_gradients']}, the ends already relaxed")


if __name__ == "__main__":
    main()
