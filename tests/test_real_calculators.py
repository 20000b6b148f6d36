"""Barriers of a surface and of a molecule, with real calculators behind one call.

The ends are built and relaxed here; the molecule's saddle is also found by another program from
another start.
"""

import numpy as np
import pytest
from ase import Atoms
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS

from fourierpathfinder import Direct, Status, Surrogate, find_path
from fourierpathfinder.atoms import MoleculeLandscape, refine_with_sella

MILLI_EV = 1e-3


def gfn2_xtb():
    tblite = pytest.importorskip("tblite.ase", reason="tblite has no wheel for this machine")
    return tblite.TBLite(method="GFN2-xTB", accuracy=0.01, verbosity=0)


def relaxed(atoms, calculator, fmax):
    atoms.calc = calculator
    assert BFGS(atoms, logfile=None).run(fmax=fmax, steps=300)
    return atoms


def adatom(column):
    """Au in a hollow of Al(100), 2x2x3; all but the top layer and the adatom held."""
    slab = fcc100("Al", size=(2, 2, 3))
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(column, 0))
    slab.center(vacuum=4, axis=2)
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    return relaxed(slab, EMT(), 1e-3)


@pytest.fixture(scope="module")
def hop():
    return adatom(0), adatom(1)


@pytest.fixture(scope="module")
def isomers():
    """HCN and HNC, both exactly on a line, so that the straight path leads through the nuclei."""
    hcn = Atoms("HCN", [(0, 0, -1.07), (0, 0, 0), (0, 0, 1.15)])
    hnc = Atoms("HCN", [(0, 0, 2.15), (0, 0, 0), (0, 0, 1.15)])
    return tuple(relaxed(atoms, gfn2_xtb(), 1e-3) for atoms in (hcn, hnc))


@pytest.fixture(scope="module")
def sella_energy():
    """The saddle between them by sella, from a triangle that no path was asked for."""
    sella = pytest.importorskip("sella", reason="sella has no wheel for this machine")
    triangle = Atoms("HCN", [(1.1, 0, 0.5), (0, 0, 0), (0, 0, 1.19)])
    triangle.calc = gfn2_xtb()
    search = sella.Sella(triangle, order=1, internal=False, logfile=None)
    assert search.run(fmax=1e-3, steps=200)
    return triangle.get_potential_energy()


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("method", "max_gradients"), [(None, 40), (Direct(), 200)], ids=["default", "direct"]
)
def test_gold_hops_on_aluminium(hop, method, max_gradients, last_bits):
    for seed, changed in enumerate(last_bits(MoleculeLandscape(hop[0], EMT), 4)):
        result = find_path(changed, *hop, method=method, rng=seed, max_gradients=max_gradients)
        assert result.success
        assert result.barrier == pytest.approx(0.3745, abs=MILLI_EV)
        assert result.reverse_barrier == pytest.approx(0.3745, abs=MILLI_EV)
        assert result.n_gradients <= max_gradients
        if method is None:
            assert isinstance(result.method, Surrogate)
            assert result.status is Status.CERTIFIED
            assert result.certified


def test_sella_goes_on_from_the_saddle(isomers, sella_energy):
    landscape = MoleculeLandscape(isomers[0], gfn2_xtb)
    result = find_path(landscape, *isomers, method=Surrogate(tol=0.03, certify=False), rng=0)
    saddle, n_gradients = refine_with_sella(landscape, result, force=1e-3)
    assert saddle.gradient_norm < 2e-3 < result.saddle.gradient_norm
    assert saddle.value == pytest.approx(sella_energy, abs=1e-5)
    assert n_gradients < 60


def test_sella_keeps_held_atoms_in_their_places(hop):
    pytest.importorskip("sella", reason="sella has no wheel for this machine")
    landscape = MoleculeLandscape(hop[0], EMT)
    result = find_path(landscape, *hop, rng=0)
    saddle, _ = refine_with_sella(landscape, result, force=1e-3)
    assert saddle.gradient_norm < 5e-3
    assert saddle.value == pytest.approx(result.height, abs=MILLI_EV)
    assert saddle.position.shape == result.saddle.position.shape


@pytest.mark.statistical
@pytest.mark.parametrize(
    ("method", "max_gradients"), [(None, 40), (Direct(), 200)], ids=["default", "direct"]
)
def test_hydrogen_goes_round_carbon(isomers, sella_energy, method, max_gradients, last_bits):
    landscape = MoleculeLandscape(isomers[0], gfn2_xtb)
    for seed, changed in enumerate(last_bits(landscape, 3)):
        result = find_path(changed, *isomers, method=method, rng=seed, max_gradients=max_gradients)
        assert result.success
        assert result.height == pytest.approx(sella_energy, abs=MILLI_EV)
        assert result.barrier == pytest.approx(3.175, abs=0.005)
        nearest = min(
            np.linalg.norm(np.diff(landscape.positions(point), axis=0), axis=-1).min()
            for point in result.path(np.linspace(0, 1, 41))
        )
        assert nearest > 0.9, "the atoms keep apart"


@pytest.mark.parametrize("seed", range(4))
def test_huge_energies_on_the_way_are_not_taken_for_noise(seed):
    """Ends that are far from relaxed, an atom that passes others: certified is still right."""
    start = Atoms("Cu4", [(0.3, 0.3, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    start.set_constraint(FixAtoms([0]))
    end = start.copy()
    end.positions[3, 2] *= -1
    landscape = MoleculeLandscape(start, EMT)
    result = find_path(landscape, start, end, max_gradients=60, rng=seed)
    values, _ = landscape.value_and_grad(np.asarray(result.path(np.linspace(0, 1, 201))))
    if result.certified:
        assert values.max() - result.height <= max(result.height_error, MILLI_EV)
        assert result.height_error <= 0.01 * (result.height - values.min()) + MILLI_EV


def chair(side):
    """Tetrahydropyran as a chair, one or the other way up."""
    symbols, positions = [], []
    for k in range(6):
        up = side * (1 if k % 2 == 0 else -1)
        outwards = np.array([np.cos(np.pi * k / 3), np.sin(np.pi * k / 3), 0])
        centre = 1.46 * outwards + np.array([0, 0, 0.25 * up])
        symbols.append("C" if k else "O")
        positions.append(centre)
        if k:
            axial = centre + np.array([0, 0, 1.09 * up])
            equatorial = centre + 1.09 * (0.943 * outwards - np.array([0, 0, 0.33 * up]))
            symbols += ["H", "H"]
            positions += [axial, equatorial] if up > 0 else [equatorial, axial]
    return Atoms(symbols, positions)


@pytest.mark.parametrize("seed", [0, 1])
def test_a_ring_turns_over_its_pass_and_not_over_a_ridge_beside(seed):
    """In the middle of its pseudorotation the landscape goes down along that as well."""
    start, end = (relaxed(chair(side), gfn2_xtb(), 0.01) for side in (1, -1))
    landscape = MoleculeLandscape(start, gfn2_xtb)
    result = find_path(landscape, start, end, rng=seed, max_gradients=200)
    assert result.certified
    x, step = result.saddle.position, 0.01
    places = np.concatenate([x + step * np.eye(len(x)), x - step * np.eye(len(x))])
    after, before = np.split(np.asarray(landscape.value_and_grad(places)[1]), 2)
    hessian = (after - before) / (2 * step)
    curvatures = np.linalg.eigvalsh((hessian + hessian.T) / 2)
    assert curvatures[1] > 0.05 * curvatures[0]
