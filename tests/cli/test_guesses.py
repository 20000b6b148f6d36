"""What `--initial` takes: structures in order, a band's folder, the folder of a finished run."""

import numpy as np
import pytest
from ase.io import read, write

from fourierpathfinder.cli.exits import Exit, InputError
from fourierpathfinder.cli.guesses import read_initial
from fourierpathfinder.result import PathResult

from .helpers import read_result


@pytest.fixture
def ends(hop):
    return [hop / f"{name}.traj" for name in ("reactant", "product")]


def between(ends, n):
    """Structures on the straight line, the moving atom lifted."""
    start, end = (read(end) for end in ends)
    images = []
    for t in np.linspace(0, 1, n + 2)[1:-1]:
        image = start.copy()
        image.positions += t * (end.positions - start.positions)
        image.positions[-1, 2] += 0.3 * np.sin(np.pi * t)
        images.append(image)
    return images


def test_structures_in_order(ends, command, tmp_path):
    write(tmp_path / "guess.extxyz", between(ends, 3))
    plain = command("find", *ends, "-c", "emt", "-o", tmp_path / "plain")
    done = command(
        "find", *ends, "-c", "emt", "-o", tmp_path / "out", "--initial", tmp_path / "guess.extxyz"
    )
    assert plain.exit_code == done.exit_code == Exit.CERTIFIED, done.output
    heights = [read_result(tmp_path / name)["height"] for name in ("plain", "out")]
    assert heights[0] == pytest.approx(heights[1], abs=2e-3)


def test_structures_of_a_plain_file_have_the_cell_of_the_reactant(ends, command, tmp_path):
    guess = between(ends, 3)
    write(tmp_path / "guess.extxyz", guess)
    write(tmp_path / "guess.xyz", guess, format="xyz")  # elements and places, nothing else
    results = []
    for kind in ("extxyz", "xyz"):
        given, output = tmp_path / f"guess.{kind}", tmp_path / kind
        done = command("find", *ends, "-c", "emt", "-o", output, "--initial", given)
        assert done.exit_code == Exit.CERTIFIED, done.output
        results.append(read_result(output))
    assert "without a cell: the reactant's is taken" in done.output
    assert results[0]["n_gradients"] == results[1]["n_gradients"]
    assert results[0]["height"] == pytest.approx(results[1]["height"], abs=1e-6)


def test_the_folder_of_a_finished_run(ends, command, tmp_path):
    first = command("find", *ends, "-c", "emt", "-o", tmp_path / "first")
    done = command(
        "find", *ends, "-c", "emt", "-o", tmp_path / "out", "--initial", tmp_path / "first"
    )
    assert first.exit_code == done.exit_code == Exit.CERTIFIED, done.output
    counts = [read_result(tmp_path / name)["n_gradients"] for name in ("first", "out")]
    assert counts[1] <= 0.7 * counts[0]
    found = read_initial(str(tmp_path / "first"))
    assert isinstance(found, PathResult)
    assert len(found.evaluations) == counts[0]


def test_the_folder_of_a_band(ends, tmp_path):
    images = [read(ends[0]), *between(ends, 2), read(ends[1])]
    for k, image in enumerate(images):
        (tmp_path / f"{k:02}").mkdir()
        image.write(tmp_path / f"{k:02}" / "POSCAR", format="vasp")
    found = read_initial(str(tmp_path))
    assert len(found) == 4
    for image, one in zip(images, found, strict=True):
        assert sorted(image.numbers) == sorted(one.numbers)


def test_results_come_along_where_atoms_are_frozen(ends, tmp_path):
    from ase.calculators.emt import EMT

    image = between(ends, 1)[0]
    image.calc = EMT()
    energy = image.get_potential_energy()
    image.get_forces()
    write(tmp_path / "one.traj", image)
    (found,) = read_initial(str(tmp_path / "one.traj"), "0:3")
    assert found.calc.results["energy"] == pytest.approx(energy)
    assert 0 in found.constraints[-1].index


def test_what_is_no_guess_is_said(ends, command, tmp_path):
    with pytest.raises(InputError, match="--initial is nowhere"):
        read_initial("nowhere")
    (tmp_path / "text.xyz").write_text("no structure")
    with pytest.raises(InputError, match="cannot be read"):
        read_initial(str(tmp_path / "text.xyz"))
    from ase.build import molecule

    write(tmp_path / "other.xyz", molecule("H2O"))
    done = command(
        "find", *ends, "-c", "emt", "-o", tmp_path / "out", "--initial", tmp_path / "other.xyz"
    )
    assert done.exit_code == Exit.BAD_INPUT
    assert "--initial does not fit these ends" in done.output


def test_a_guess_of_another_system_is_refused_before_anything_is_relaxed(ends, command, tmp_path):
    from ase.build import molecule

    write(tmp_path / "other.xyz", molecule("H2O"))
    done = command(
        "find", *ends, "-c", "emt", "-o", tmp_path / "out", "--relax-ends",
        "--initial", tmp_path / "other.xyz",
    )  # fmt: skip
    assert done.exit_code == Exit.BAD_INPUT
    assert "--initial does not fit these ends" in done.output
    assert "relaxing" not in done.output
    assert not (tmp_path / "out" / "evaluations.jsonl").exists()


@pytest.mark.parametrize("option", ["--initial", "--prior"])
def test_the_result_of_a_run_stands_for_its_folder(option, hop, tmp_path, command):
    ends = (hop / "reactant.traj", hop / "product.traj")
    assert command("find", *ends, "-c", "emt", "-o", tmp_path / "out").exit_code == Exit.CERTIFIED
    for k, given in enumerate((tmp_path / "out", tmp_path / "out" / "result.json")):
        arguments = ("find", *ends, "-c", "emt", "-o", tmp_path / f"{k}", option, given)
        assert command(*arguments).exit_code == Exit.CERTIFIED
    first, second = (read_result(tmp_path / f"{k}") for k in range(2))
    assert first["n_gradients"] == second["n_gradients"]
    assert first["barrier"] == second["barrier"]
