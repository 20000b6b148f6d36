"""Energies and forces of calculators: one number and one row for each atom, or a sentence."""

import numpy as np
import pytest
from ase.build import bulk
from ase.calculators.calculator import all_changes
from ase.calculators.emt import EMT

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.atoms.calculation import CalculatorError


class Spoilt(EMT):
    """EMT that hands on `spoil` of its energy and forces."""

    def __init__(self, spoil):
        super().__init__()
        self.spoil = spoil

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes):
        super().calculate(atoms, properties, system_changes)
        energy, forces = self.spoil(self.results["energy"], self.results["forces"].copy())
        self.results = {"energy": energy, "forces": forces}

    def calculate_batch(self, structures):
        found = []
        for atoms in structures:
            self.calculate(atoms)
            found.append(dict(self.results))
        return found


def _answers(spoil, n_points):
    atoms = bulk("Cu", cubic=True)
    landscape = MoleculeLandscape(atoms, Spoilt(spoil))
    points = landscape.coordinates(atoms) + np.linspace(0, 0.1, 12) * np.arange(n_points)[:, None]
    expected = MoleculeLandscape(atoms, EMT).value_and_grad(points)
    return landscape.value_and_grad, points, expected


@pytest.mark.parametrize("n_points", [1, 3], ids=["single", "batch"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda energy, forces: ([energy], forces.tolist()),
        lambda energy, forces: (np.array([[energy]]), forces),
        lambda energy, forces: (np.float64(energy), np.asfortranarray(forces)),
    ],
    ids=["lists", "array of one", "other order"],
)
def test_lists_and_arrays_of_one_energy_are_numbers(spoil, n_points):
    value_and_grad, points, expected = _answers(spoil, n_points)
    values, gradients = value_and_grad(points)
    np.testing.assert_allclose(values, expected[0], atol=1e-12)
    np.testing.assert_allclose(gradients, expected[1], atol=1e-12)


def test_an_energy_may_be_a_tensor_of_one_number():
    torch = pytest.importorskip("torch")
    value_and_grad, points, expected = _answers(
        lambda energy, forces: (
            torch.tensor([energy], dtype=torch.float64),
            torch.tensor(forces),
        ),
        1,
    )
    np.testing.assert_allclose(value_and_grad(points)[0], expected[0], atol=1e-12)


@pytest.mark.parametrize("n_points", [1, 3], ids=["single", "batch"])
@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda energy, forces: (None, forces), "its energy is None"),
        (lambda energy, forces: (str(energy), forces), "its energy is a str"),
        (lambda energy, forces: (complex(energy), forces), "its energy is a complex"),
        (lambda energy, forces: ([energy] * 4, forces), r"its energy has shape \(4,\)"),
        (
            lambda energy, forces: (energy, forces.ravel()),
            r"shape \(12,\); they must have \(4, 3\)",
        ),
        (lambda energy, forces: (energy, forces.T), r"shape \(3, 4\); they must have \(4, 3\)"),
        (lambda energy, forces: (energy, forces[:3]), r"shape \(3, 3\); they must have \(4, 3\)"),
    ],
)
def test_what_is_no_energy_or_no_forces_is_named(spoil, why, n_points):
    value_and_grad, points, _ = _answers(spoil, n_points)
    with pytest.raises(CalculatorError, match=why):
        value_and_grad(points)
