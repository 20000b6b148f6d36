"""The points of one path calculated on a cluster, or on any other executor.

Any executor will do; each of these names opens one of the kinds:

    python executors.py processes
    python executors.py executorlib         pip install executorlib
    python executors.py dask                pip install dask-jobqueue
    mpiexec -n 3 python -m mpi4py.futures executors.py mpi

On a cluster with Slurm, put `executorlib.SlurmClusterExecutor()` in place of executorlib's
`SingleNodeExecutor`, and dask-jobqueue's `SLURMCluster(...)` in place of its `LocalCluster`.
"""

import sys
from concurrent.futures import Executor, ProcessPoolExecutor

from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from fourierpathfinder import find_path
from fourierpathfinder.landscapes import MoleculeLandscape


def main(name: str) -> None:
    """Find the barrier of an adatom's hop with calculations on an executor."""
    with opened(name) as executor:
        start, end = adatom(0), adatom(1)
        result = find_path(MoleculeLandscape(start, EMT), start, end, executor=executor, rng=0)
    print(f"barrier {result.barrier:.4f} eV in {result.n_gradients} gradients")


def opened(name: str) -> Executor:
    """An executor of the kind that goes by this name."""
    if name == "executorlib":
        from executorlib import SingleNodeExecutor

        return SingleNodeExecutor(max_workers=2)
    if name == "dask":
        from dask.distributed import Client
        from dask_jobqueue.local import LocalCluster

        cluster = LocalCluster(cores=1, processes=1, memory="2GB")
        cluster.scale(jobs=2)
        return Client(cluster).get_executor()
    if name == "mpi":
        from mpi4py.futures import MPIPoolExecutor

        return MPIPoolExecutor()
    return ProcessPoolExecutor(2)


def adatom(column: int) -> Atoms:
    """Gold in a hollow of Al(100), relaxed; all but the top layer and the gold held."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(column, 0))
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.01)
    return slab


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "processes")
