"""The files of a run in ASE's own tools."""

import subprocess
import sys

import numpy as np
import pytest
from ase.io import read
from ase.io.trajectory import Trajectory
from ase.mep import NEBTools

from fourierpathfinder.cli.exits import Exit

from .helpers import in_a_process, read_result

pytestmark = pytest.mark.xdist_group("conventions")  # one worker makes what all of them look at


@pytest.fixture(scope="module")
def finished(hop, tmp_path_factory):
    folder = tmp_path_factory.mktemp("conventions") / "out"
    ends = (hop / "reactant.traj", hop / "product.traj")
    options = ["--vibrations", "--mep", "--region", 12]
    process = in_a_process(["find", *ends, "-c", "emt", "-o", folder, *options])
    output, _ = process.communicate()
    assert process.returncode == Exit.CERTIFIED, output
    return folder


# the energies of a minimum-energy path are the surrogate's, at its feet too: held to 5 meV
@pytest.mark.parametrize(("name", "error"), [("path.extxyz", 1e-4), ("mep.extxyz", 5e-3)])
def test_neb_tools_reads_the_barrier_and_draws_the_band(finished, name, error):
    tools = NEBTools(read(finished / name, ":"))
    barrier, _ = tools.get_barrier(fit=False)
    assert barrier == pytest.approx(read_result(finished)["barrier"], abs=error)
    fitted, _ = tools.get_barrier()
    assert fitted == pytest.approx(barrier, abs=0.02)
    figure = tools.plot_band()
    assert figure.axes[0].lines


def test_a_trajectory_keeps_energies_and_forces(finished, tmp_path):
    images = read(finished / "path.extxyz", ":")
    with Trajectory(tmp_path / "path.traj", "w") as trajectory:
        for image in images:
            trajectory.write(image)
    with Trajectory(tmp_path / "path.traj") as trajectory:
        again = list(trajectory)
    assert len(again) == len(images)
    for old, new in zip(images, again, strict=True):
        assert new.get_potential_energy() == old.get_potential_energy()
        np.testing.assert_array_equal(new.get_forces(), old.get_forces())
        assert new.constraints[0].index.tolist() == old.constraints[0].index.tolist()


def test_the_gui_opens_every_file_of_structures(finished):
    """Without a window: what it does to show a file, it does in its terminal mode too."""
    files = sorted([*finished.glob("*.extxyz"), *finished.glob("*.xyz")])
    assert [file.name for file in files] == [
        "mep.extxyz", "mode.extxyz", "path.extxyz", "saddle.xyz",
    ]  # fmt: skip
    for file in files:
        done = subprocess.run(
            [sys.executable, "-m", "ase", "gui", "--terminal", "--graph", "i", str(file)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        assert len(done.stdout.splitlines()) == len(read(file, ":"))
