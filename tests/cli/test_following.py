"""A tight saddle and the minimum-energy path, as a user of the command gets them."""

import json

import numpy as np
import pytest
from ase.calculators.emt import EMT
from ase.io import read

from fourierpathfinder.cli.exits import Exit

from .helpers import in_a_process, read_result


@pytest.fixture(scope="module")
def finished(hop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("followed") / "out"
    ends = (hop / "reactant.traj", hop / "product.traj")
    options = ["--mep", "--saddle-force", "0.005"]
    process = in_a_process(["find", *ends, "-c", "emt", "-o", folder, *options])
    output, _ = process.communicate()
    assert process.returncode == Exit.CERTIFIED, output
    return folder, output


def test_the_saddle_is_as_tight_as_asked_for(finished):
    saddle = read(finished[0] / "saddle.xyz")
    saddle.calc = EMT()
    force = np.linalg.norm(saddle.get_forces(), axis=1).max()
    assert force <= 0.005
    assert read_result(finished[0])["saddle"]["largest_force"] == pytest.approx(force, abs=1e-4)


def test_the_structures_along_the_path_hold_energies_and_forces(finished):
    images = read(finished[0] / "mep.extxyz", ":")
    told = read_result(finished[0])["minimum_energy_path"]
    lengths = [image.info["length"] for image in images]
    assert lengths == pytest.approx(told["lengths"], abs=1e-6)
    assert (np.diff(lengths) > 0).all()
    for image, error in zip(images, told["energy_errors"], strict=True):
        energy, forces = image.get_potential_energy(), image.get_forces()
        image.calc = EMT()
        assert energy == pytest.approx(image.get_potential_energy(), abs=error + 1e-3)
        np.testing.assert_allclose(forces, image.get_forces(), atol=0.05)


def test_forces_point_along_the_path(finished):
    """In mass-weighted coordinates, where the slope is large enough to tell."""
    images = read(finished[0] / "mep.extxyz", ":")
    positions = np.array([image.positions for image in images])
    for k in range(1, len(images) - 1):
        root = np.sqrt(images[k].get_masses())[:, None]
        along = root * (positions[k + 1] - positions[k - 1])
        force = images[k].get_forces() / root
        if np.abs(images[k].get_forces()).max() > 0.1:
            cosine = (along * force).sum() / np.linalg.norm(along) / np.linalg.norm(force)
            assert abs(cosine) > 0.95


def test_what_is_said_of_it(finished):
    folder, output = finished
    told = json.loads((folder / "result.json").read_text())["minimum_energy_path"]
    assert told["connects_the_ends"]
    assert told["success"]
    assert told["mass_weighted"]
    assert told["length_unit"] == "Å √u"
    assert [end["is_end"] for end in told["ends"]] == ["start", "end"]
    assert "mep  From the start to the end" in output
    assert "mep.extxyz" in output


def test_without_the_options_nothing_is_followed(hop, tmp_path):
    ends = (hop / "reactant.traj", hop / "product.traj")
    process = in_a_process(["find", *ends, "-c", "emt", "-o", tmp_path / "out"])
    process.communicate()
    assert read_result(tmp_path / "out")["minimum_energy_path"] is None
    assert not (tmp_path / "out" / "mep.extxyz").exists()
