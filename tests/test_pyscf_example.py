"""The calculator of examples/pyscf_calculator.py: its forces, and what it remembers."""

import importlib.util
from pathlib import Path

import pytest
from ase import Atoms

pytest.importorskip("pyscf")

EXAMPLE = Path(__file__).parents[1] / "examples" / "pyscf_calculator.py"


@pytest.fixture(scope="module")
def pyscf_calculator():
    spec = importlib.util.spec_from_file_location("pyscf_calculator", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PySCF


@pytest.mark.parametrize("xc", ["hf", "lda,vwn"])
def test_forces_are_those_of_the_energy(pyscf_calculator, xc):
    atoms = Atoms("HCN", [(0.1, 0, -1.0), (0, 0, 0), (0, 0.05, 1.2)])
    atoms.calc = pyscf_calculator(xc=xc, basis="sto-3g", tolerance=1e-11)
    force, step = atoms.get_forces()[0, 2], 1e-3
    energies = []
    for sign in (1, -1):
        moved = atoms.copy()
        moved.calc = atoms.calc
        moved.positions[0, 2] += sign * step
        energies.append(moved.get_potential_energy())
    assert force == pytest.approx((energies[1] - energies[0]) / (2 * step), abs=5e-3)


def test_the_last_density_is_where_the_next_calculation_begins(pyscf_calculator):
    atoms = Atoms("HCN", [(0.1, 0, -1.0), (0, 0, 0), (0, 0.05, 1.2)])
    atoms.calc = pyscf_calculator(basis="sto-3g")
    energy = atoms.get_potential_energy()
    assert atoms.calc._last is not None
    atoms.positions[0, 0] += 0.01
    near = atoms.get_potential_energy()
    fresh = atoms.copy()
    fresh.calc = pyscf_calculator(basis="sto-3g")
    assert near == pytest.approx(fresh.get_potential_energy(), abs=1e-6)
    assert abs(near - energy) > 1e-6
