"""The model that chooses displacements: its symmetries, and degenerate vibrations of molecules."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.optimize import BFGS
from scipy.spatial.transform import Rotation

from fourierpathfinder.atoms import MoleculeLandscape
from fourierpathfinder.rates import normal_modes
from fourierpathfinder.rates.directions import spring_model, told_apart

TURN = Rotation.from_euler("xyz", [0.3, 0.7, 1.1])


def test_the_model_is_blind_to_shifts_and_turns_with_the_structure():
    atoms = molecule("CH3OH")
    model = spring_model(atoms).toarray()
    np.testing.assert_allclose(model, model.T, atol=1e-14)
    shifts = np.tile(np.eye(3), len(atoms))
    np.testing.assert_allclose(model @ shifts.T, 0, atol=1e-14)
    assert np.linalg.eigvalsh(model).min() > -1e-12
    turned = atoms.copy()
    turned.positions = TURN.apply(atoms.positions)
    whole = np.kron(np.eye(len(atoms)), TURN.as_matrix())
    np.testing.assert_allclose(spring_model(turned).toarray(), whole @ model @ whole.T, atol=1e-12)


def test_directions_span_the_same_and_are_apart_in_the_model(rng):
    root = rng.normal(size=(5, 5))
    model, rows = root @ root.T, np.linalg.qr(rng.normal(size=(5, 3)))[0].T
    found = told_apart(rows, model)
    np.testing.assert_allclose(found.T @ found, rows.T @ rows, atol=1e-12)
    inner = found @ model @ found.T
    np.testing.assert_allclose(inner, np.diag(np.diag(inner)), atol=1e-12)


def relaxed(atoms, calculator):
    atoms = atoms.copy()
    atoms.calc = calculator
    BFGS(atoms, logfile=None).run(fmax=1e-4)
    atoms.calc = None
    return atoms


@pytest.mark.parametrize(
    ("atoms", "pairs"),
    [
        (Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)]), [(0, 1)]),
        (Atoms("OCO", [(0, 0, -1.16), (0, 0, 0), (0, 0, 1.16)]), [(0, 1)]),
        (molecule("C2H2"), [(0, 1), (2, 3)]),
        (molecule("NH3"), [(1, 2), (4, 5)]),
    ],
    ids=["HCN", "CO2", "C2H2", "NH3"],
)
def test_degenerate_vibrations_are_one_line_in_every_orientation(atoms, pairs):
    tblite = pytest.importorskip("tblite.ase", reason="needs tblite")
    calculator = tblite.TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)
    atoms = relaxed(atoms, calculator)
    turned = atoms.copy()
    turned.positions = TURN.apply(atoms.positions)
    found = [
        normal_modes(MoleculeLandscape(one, calculator), one).frequencies for one in (atoms, turned)
    ]
    np.testing.assert_allclose(found[0], found[1], atol=0.1)
    for first, second in pairs:
        for frequencies in found:
            assert frequencies[first] == pytest.approx(frequencies[second], abs=0.1)
