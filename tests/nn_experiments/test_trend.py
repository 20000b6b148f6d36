import copy
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from examples.nn_experiments import trend
from examples.nn_experiments.trend import draw_trend

SCRIPT = Path(trend.__file__).parents[1] / "nn_trend.py"


@pytest.fixture
def studies(tree):
    """Of two sizes; the larger one has one network only, and no converged heights yet."""
    larger = copy.deepcopy(tree)
    larger["settings"]["n_train"] = 5000
    del larger["networks"]["autoencoder"], larger["networks"]["fcp"]["heights"]["converged"]
    return [larger, tree]


def test_means_stand_at_the_sizes_of_their_studies(studies):
    figure = draw_trend(studies)
    first = figure.axes[0].containers[0]
    np.testing.assert_array_equal(first.lines[0].get_xdata(), [400, 5000])
    name = trend.set_name("lbfgs-train")
    assert first.get_label() == name
    expected = [
        np.mean(tree["networks"]["fcp"]["heights"]["paper"]["train"]["lbfgs-train"]["heights"])
        for tree in studies[::-1]
    ]
    np.testing.assert_allclose(first.lines[0].get_ydata(), expected)


def test_command_draws_a_file(studies, tmp_path):
    for size, tree in zip(("large", "small"), studies, strict=True):
        (tmp_path / size).mkdir()
        (tmp_path / size / "results.json").write_text(json.dumps(tree))
    call = [sys.executable, SCRIPT, "large", "small", "--output", "trend.png"]
    subprocess.run(call, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "trend.png").read_bytes().startswith(b"\x89PNG")
    missing = subprocess.run(
        [sys.executable, SCRIPT, "nothing"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert missing.returncode == 1
    assert "run the stage 'results'" in missing.stderr
    assert "Traceback" not in missing.stderr


def test_studies_without_results_are_refused(tree):
    with pytest.raises(ValueError, match="none of the studies"):
        draw_trend([tree | {"networks": {}}])
