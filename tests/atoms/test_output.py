"""Structures along a path, as ASE's own tools for bands take them."""

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.emt import EMT
from ase.io import read, write
from ase.mep.neb import NEBTools
from matplotlib.figure import Figure

from fourierpathfinder import find_path
from fourierpathfinder.atoms import MoleculeLandscape, path_atoms


@pytest.fixture(scope="module")
def found():
    pyramid = Atoms("Cu4", [(0, 0, 0), (2.3, 0, 0), (1.2, 2, 0), (1.2, 0.7, 1.9)])
    turned = pyramid.copy()
    turned.positions[3, 2] *= -1
    landscape = MoleculeLandscape(pyramid, EMT)
    return landscape, find_path(landscape, pyramid, turned, rng=0)


def test_every_image_has_energy_and_forces_and_says_whence(found):
    landscape, result = found
    images = path_atoms(landscape, result)
    assert all(image.info["energy_from"] == "profile" for image in images)
    true = path_atoms(landscape, result, calculate=True)
    assert all(image.info["energy_from"] == "calculator" for image in true)
    for image in true:
        other = image.copy()
        other.calc = EMT()
        assert image.get_potential_energy() == pytest.approx(other.get_potential_energy())
        np.testing.assert_allclose(image.get_forces(), other.get_forces(), atol=1e-9)


def test_forces_of_the_profile_are_those_along_the_path(found):
    landscape, result = found
    images = path_atoms(landscape, result, 201)
    positions = np.array([image.positions for image in images])
    energies = np.array([image.get_potential_energy() for image in images])
    steps = np.diff(positions, axis=0)
    works = [
        -(step * (a.get_forces() + b.get_forces()) / 2).sum()
        for step, a, b in zip(steps, images[:-1], images[1:], strict=True)
    ]
    np.testing.assert_allclose(works, np.diff(energies), atol=0.02)


def test_tools_for_bands_take_what_a_file_gives_back(found, tmp_path):
    landscape, result = found
    for name in ("path.extxyz", "path.traj"):
        write(tmp_path / name, path_atoms(landscape, result))
        tools = NEBTools(read(tmp_path / name, ":"))
        barrier, _ = tools.get_barrier(fit=False)
        assert barrier == pytest.approx(result.barrier, abs=2e-3)
        fitted, _ = tools.get_barrier()
        assert fitted == pytest.approx(result.barrier, rel=0.1)
        tools.plot_band(Figure().subplots())


def test_only_what_is_not_known_is_calculated(found):
    landscape, result = found
    points = np.stack([result.path.start, result.path.end])
    known = (points, *landscape.value_and_grad(points))

    class Counting:
        asked = 0
        atoms = staticmethod(landscape.atoms)

        def value_and_grad(self, places):
            self.asked += len(places)
            return landscape.value_and_grad(places)

    counting = Counting()
    images = path_atoms(counting, result, 5, known, calculate=True)
    assert counting.asked == len(images) - 2
    images = path_atoms(counting, result, 5, known)
    assert [image.info["energy_from"] == "calculator" for image in images].count(True) == 2
