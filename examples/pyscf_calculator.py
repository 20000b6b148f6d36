r"""A density functional, or Hartree-Fock, from PySCF as an ASE calculator, GFN2-xTB beneath it.

    python examples/pyscf_calculator.py                       HCN to HNC, HF/def2-SVP
    python examples/pyscf_calculator.py a.xyz b.xyz --xc pbe  two structures of yours
    fourierpathfinder find a.xyz b.xyz -c examples/pyscf_calculator.py:PySCF --set xc=pbe \
        --prior tblite --prior-method GFN2-xTB

Energies by density fitting, forces from PySCF's analytic gradients; each calculation starts from
the density matrix of the last one. Needs `pip install pyscf tblite`.
"""

import argparse
from typing import Any, ClassVar

import numpy as np
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.units import Bohr, Hartree


class PySCF(Calculator):
    """PySCF behind ASE's interface.

    Parameters
    ----------
    xc : str
        A functional as PySCF names it, or "hf".
    basis : str
        A basis set as PySCF names it.
    charge, spin : int
        The charge, and the number of unpaired electrons.
    tolerance : float
        Of the energy in Hartree at which self-consistency ends: forces need a tight one.
    """

    implemented_properties: ClassVar[list[str]] = ["energy", "forces"]
    default_parameters: ClassVar[dict[str, Any]] = {
        "xc": "hf", "basis": "def2-svp", "charge": 0, "spin": 0, "tolerance": 1e-9,
    }  # fmt: skip

    _last: np.ndarray | None = None
    """The density matrix of the last calculation."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: list[str] | None = None,
        system_changes: list[str] = all_changes,
    ) -> None:
        """Energy in eV and forces in eV/Å."""
        from ase.calculators.calculator import CalculationFailed

        super().calculate(atoms, properties, system_changes)
        field = self._mean_field()
        energy = field.kernel(self._last)
        if not field.converged:
            self._last = None
            raise CalculationFailed("PySCF: the density has not converged")
        self._last = field.make_rdm1()
        gradient = field.nuc_grad_method().kernel()
        self.results = {"energy": energy * Hartree, "forces": -gradient * Hartree / Bohr}

    def reset(self) -> None:
        """Forget the last density, too."""
        super().reset()
        self._last = None

    def _mean_field(self) -> Any:
        from pyscf import dft, gto, scf

        asked = self.parameters
        molecule = gto.M(
            atom=list(zip(self.atoms.symbols, self.atoms.positions, strict=True)),
            basis=asked["basis"], charge=asked["charge"], spin=asked["spin"], verbose=0,
        )  # fmt: skip
        field = scf.HF(molecule) if asked["xc"].lower() == "hf" else dft.KS(molecule)
        if asked["xc"].lower() != "hf":
            field.xc = asked["xc"]
        field = field.density_fit()
        field.conv_tol = asked["tolerance"]
        return field


def hydrogen_cyanide() -> tuple[Atoms, Atoms]:
    """HCN and HNC, relaxed with HF/def2-SVP."""
    from ase.optimize import BFGS

    ends = []
    for symbols, z in (("HCN", (-1.06, 0.0, 1.13)), ("HCN", (2.13, 0.0, 1.15))):
        atoms = Atoms(symbols, [(0.02, 0.0, height) for height in z])
        atoms.calc = PySCF()
        BFGS(atoms, logfile=None).run(fmax=0.01, steps=50)
        ends.append(Atoms(symbols, atoms.positions))
    return ends[0], ends[1]


def draw(result: Any, cheap: Any, file: str) -> None:
    """Both landscapes along the path, and the difference that was left to be found."""
    from matplotlib.figure import Figure

    inner = result.times > 0
    below = cheap.value_and_grad(result.path(result.times))[0]
    cheap_rise, rise = below - below[~inner], result.heights - result.start_value
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(result.times, rise, label=f"expensive, {result.n_gradients} gradients")
    axes.plot(result.times, cheap_rise, "--", label=f"cheap, {result.n_prior_gradients} gradients")
    axes.plot(result.times, rise - cheap_rise, ":", label="difference")
    axes.plot(result.saddle.time, result.barrier, "o", color="C0", label="saddle")
    axes.set_xlabel("t along the path")
    axes.set_ylabel("energy above the reactant (eV)")
    axes.legend()
    figure.savefig(file, dpi=120)


def main() -> None:
    """The path with the cheap potential beneath and without."""
    from functools import partial

    from ase.io import read
    from tblite.ase import TBLite

    from fourierpathfinder import find_path
    from fourierpathfinder.atoms import MoleculeLandscape

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("ends", nargs="*", metavar="FILE", help="reactant and product")
    parser.add_argument("--xc", default="hf")
    parser.add_argument("--basis", default="def2-svp")
    parser.add_argument("--plain", action="store_true", help="without the prior as well")
    parser.add_argument("--picture", metavar="FILE", help="draw both along the path")
    given = parser.parse_args()
    start, end = map(read, given.ends) if given.ends else hydrogen_cyanide()
    expensive = MoleculeLandscape(start, partial(PySCF, xc=given.xc, basis=given.basis))
    cheap = MoleculeLandscape(start, partial(TBLite, method="GFN2-xTB", verbosity=0))
    result = find_path(expensive, start, end, prior=cheap, rng=0)
    print(result)
    if given.picture:
        draw(result, cheap, given.picture)
    if given.plain:
        print(find_path(expensive, start, end, rng=0))


if __name__ == "__main__":
    main()
