"""`find --vibrations --temperature`: what is printed, written and refused."""

import numpy as np
import pytest
from ase import units
from ase.io import read
from ase.thermochemistry import HarmonicThermo

from fourierpathfinder.cli.exits import Exit

from .helpers import read_result


@pytest.fixture
def vibrate(hop, command, tmp_path):
    def find(*options):
        ends = (hop / "reactant.traj", hop / "product.traj")
        return command("find", *ends, "-c", "emt", "-o", tmp_path / "out", *options)

    return find


def test_rates_are_printed_and_written(vibrate, tmp_path):
    done = vibrate("--verify", "--vibrations", "--temperature", 300, 500)
    assert done.exit_code == Exit.CERTIFIED, done.output
    assert "ΔG‡/eV" in done.output
    result = read_result(tmp_path / "out")
    told = result["vibrations"]
    assert [row["temperature_K"] for row in told["rates"]] == [300, 500]
    assert told["notes"] == []
    for row in told["rates"]:
        free = {}
        for name in ("reactant", "saddle", "product"):
            energies = np.array(told[name]["frequencies"])[name == "saddle" :] * units.invcm
            thermo = HarmonicThermo(energies, told[name]["energy"])
            free[name] = thermo.get_helmholtz_energy(row["temperature_K"], verbose=False)
        barrier = free["saddle"] - free["reactant"]
        assert row["free_energy_barrier_eV"] == pytest.approx(barrier, abs=1e-9)
        thermal = units.kB * row["temperature_K"]
        rate = thermal * units._e / units._hplanck * np.exp(-barrier / thermal)
        assert row["forward_per_s"] == pytest.approx(rate, rel=1e-6)
    n_displaced = 3 * 2 * len(told["reactant"]["frequencies"])
    assert 0 < result["n_gradients_vibrating"] < n_displaced  # curvatures were known
    movie = read(tmp_path / "out" / "mode.extxyz", ":")
    assert movie[0].info["frequency"] == pytest.approx(told["imaginary_frequency"])
    assert told["imaginary_frequency"] < 0


def test_a_restart_displaces_nothing_again(vibrate, tmp_path):
    first = vibrate("--temperature", 300)
    lines = len((tmp_path / "out" / "evaluations.jsonl").read_text().splitlines())
    again = vibrate("--temperature", 400, "--restart", "--no-resume-check")
    assert again.exit_code == first.exit_code == Exit.CERTIFIED
    assert len((tmp_path / "out" / "evaluations.jsonl").read_text().splitlines()) == lines
    assert read_result(tmp_path / "out")["n_gradients_vibrating"] == 0


def test_a_restart_leaves_no_file_of_an_earlier_result(vibrate, tmp_path):
    out = tmp_path / "out"
    first = vibrate("--verify", "--mep", "--vibrations")
    assert first.exit_code == Exit.CERTIFIED, first.output
    assert (out / "mode.extxyz").is_file()
    assert (out / "mep.extxyz").is_file()
    (out / "minimum-towards-product.xyz").write_text("of an earlier verification")
    (out / "mine.extxyz").write_text("of the user")
    (tmp_path / "elsewhere").write_text("of the user")
    (out / "minimum-towards-reactant.xyz").symlink_to(tmp_path / "elsewhere")
    again = vibrate("--restart", "--no-resume-check")
    assert again.exit_code == Exit.CERTIFIED, again.output
    assert {file.name for file in out.iterdir() if file.suffix in (".extxyz", ".xyz")} == {
        "path.extxyz", "saddle.xyz", "mine.extxyz", "minimum-towards-reactant.xyz"
    }  # fmt: skip
    assert read_result(out)["vibrations"] is None


def test_a_region_vibrates_alone(vibrate, tmp_path):
    done = vibrate("--vibrations", "--region", "12", "--low-modes", "raised")
    assert done.exit_code == Exit.CERTIFIED, done.output
    told = read_result(tmp_path / "out")["vibrations"]
    assert len(told["saddle"]["frequencies"]) == 3
    assert "Raised" in told["thermochemistry"][0]
    assert told["rates"][0]["temperature_K"] == 298.15


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--temperature", -3), "--temperature is -3.0"),
        (("--vibrations", "--region", 99), "--region"),
        (("--vibrations", "--region", "0:4"), "these atoms are held"),
        (("--region", "12"), "--region is '12'; it needs --vibrations"),
        (("--low-modes", "grimme"), "--low-modes is 'grimme'; it needs --vibrations"),
    ],
)
def test_bad_options_cost_nothing(vibrate, tmp_path, options, words):
    done = vibrate(*options)
    assert done.exit_code == Exit.BAD_INPUT
    assert words in done.output
    assert not (tmp_path / "out").exists()


def test_a_calculator_that_fails_beside_the_path_loses_no_result(faulty_find, tmp_path):
    done = faulty_find("--vibrations", fault="raise", at="30-999")
    assert done.exit_code == Exit.CALCULATOR
    assert "vibrations  no: " in done.output
    assert "the density does not converge" in done.output
    result = read_result(tmp_path / "out")
    assert result["certified"]
    assert result["vibrations"] is None
