"""The table of sensitivities: made bit by bit, from the runs that are there."""

import csv
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "benchmarks" / "sensitivities.py"
pytest.importorskip("ase")


def command(*arguments):
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout


def test_goes_on_where_it_was_stopped_and_prints_what_it_has(tmp_path):
    file = tmp_path / "runs.csv"
    asked = "certify.few_checks", "trust.saddles", "--csv", file, "--systems", "fig3", "--seeds", 1
    command(*asked)
    rows = list(csv.DictReader(file.read_text().splitlines()))
    assert [(row["number"], row["value"]) for row in rows] == [
        ("all", "as it is"),
        ("trust.saddles_in_a_row", "False"),
        ("certify.few_checks", "1"),
        ("certify.few_checks", "4"),
    ]
    assert all(3 < int(row["n_gradients"]) <= 60 for row in rows)
    lines = file.read_text().splitlines(keepends=True)
    made_up = lines[3].split(",")
    file.write_text("".join([*lines[:3], ",".join([*made_up[:4], "59", "1", "1\n"])]))
    command(*asked)
    assert file.read_text().splitlines(keepends=True)[4:] == lines[4:]
    page = command("--csv", file, "--rst")
    assert f"**{rows[0]['n_gradients']}**" in page
    shown = next(line for line in page.splitlines() if "few_checks" in line).split()
    assert shown == ["``certify.few_checks``", "2", "59", "!1", rows[3]["n_gradients"]]
