"""The peers and the judge of benchmarks/networks.py, on landscapes where the answer is known."""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure

from benchmarks import network_times, networks
from benchmarks.network_curves import (
    BEZIER,
    CHAIN,
    FixedImages,
    algorithm_2,
    curve_height,
    train_bend,
)
from benchmarks.network_pairs import CASES, mean_loss
from examples.nn_experiments.data import Images
from fourierpathfinder import SinePath


class Ring:
    """(|x|² - 1)², the mean over samples that are all alike."""

    n_samples = 1000

    def __init__(self):
        self.n_sample_gradients = 0
        self.seen = []

    def value_and_grad(self, points, samples):
        self.n_sample_gradients += samples.size
        self.seen.append(samples)
        off = (points**2).sum(-1) - 1
        return off**2, 4 * off[:, None] * points


ENDS = torch.tensor([[-1.0, 0.1], [1.0, 0.1]])


def ring_value(points):
    return ((points**2).sum(-1) - 1) ** 2


@pytest.mark.parametrize("kind", [BEZIER, CHAIN], ids=lambda kind: kind.name)
def test_curves_join_the_ends_and_bend(kind):
    bend = torch.tensor([0.3, 2.0])
    points = kind.curve(ENDS[0], bend, ENDS[1])(np.array([0.0, 0.5, 1.0]))
    torch.testing.assert_close(points[[0, 2]], ENDS)
    middle = bend if kind is CHAIN else ENDS.mean(0) / 2 + bend / 2
    torch.testing.assert_close(points[1], middle)
    weights = kind.weights(torch.linspace(0, 1, 11))
    torch.testing.assert_close(sum(weights), torch.ones(11))


@pytest.mark.parametrize("kind", [BEZIER, CHAIN], ids=lambda kind: kind.name)
def test_curves_are_trained_within_their_budget(kind):
    landscape = Ring()
    curve = train_bend(kind, landscape, *ENDS, rate=0.01, budget=128 * 500)
    assert landscape.n_sample_gradients == 128 * 500
    straight = curve_height(ring_value, SinePath.straight(*ENDS, 1))
    assert curve_height(ring_value, curve) < 0.3 * straight


def test_algorithm_2_sees_fixed_images_and_keeps_its_budget():
    landscape = Ring()
    algorithm_2(landscape, *ENDS, budget=3 * 51 * 7 + 5, n_images=7)
    assert landscape.n_sample_gradients == 3 * 51 * 7
    assert all(np.array_equal(samples, landscape.seen[0]) for samples in landscape.seen)
    assert len(np.unique(FixedImages(landscape, 51, 7)._samples[:, 0])) > 10


def test_height_lies_between_the_samples():
    assert curve_height(
        lambda points: 1 - (points[:, 0] - 0.512) ** 2,
        SinePath.straight(torch.zeros(1), torch.ones(1), 1),
    ) == pytest.approx(1.0, abs=1e-7)
    diverged = BEZIER.curve(ENDS[0], torch.full((2,), float("nan")), ENDS[1])
    assert curve_height(ring_value, diverged) == float("inf")


@pytest.fixture
def few_images():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Images(
            torch.rand(64, 1, 28, 28), torch.arange(64) % 10, torch.rand(8, 1, 28, 28),
            torch.arange(8),
        )  # fmt: skip


def test_a_run_is_judged_written_down_and_resumed(few_images, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(networks, "FRACTIONS", (0.1, 1.0))
    monkeypatch.setitem(CASES, "fcp", replace(CASES["fcp"], n_epochs=1, sgd_rates=(0.1,)))
    given = argparse.Namespace(output=tmp_path, device="cpu", images_per_point=1)
    found = networks.run("fcp", few_images, given)
    first, second = (torch.load(tmp_path / "ends" / f"fcp-64-{seed}.pt") for seed in (0, 1))
    assert not torch.equal(first["1.weight"], second["1.weight"])
    module = CASES["fcp"].make()
    module.load_state_dict(first)
    own = mean_loss(module, CASES["fcp"], few_images.train_images, few_images.train_labels)
    assert found["ends"]["losses"][0] == pytest.approx(own, rel=1e-5)
    assert [found[f"{name}, 5100"]["budget"] for name in networks.METHODS] == [5100] * 4
    assert json.loads((tmp_path / "fcp-64-1.json").read_text()).items() <= found.items()
    networks.write([found], tmp_path)
    assert {"results.json", "table.md", "height_against_budget.png"} <= {
        file.name for file in tmp_path.iterdir()
    }
    assert "| FCP | by activations |" in capsys.readouterr().out
    assert isinstance(networks.draw([found, found]), Figure)
    monkeypatch.setattr(networks, "timed", None)  # nothing is done twice
    assert networks.run("fcp", few_images, given) == found


@pytest.fixture
def asked(few_images, tmp_path, monkeypatch):
    """A pair of FCP that is trained in no time, with one rate for its peers."""
    monkeypatch.setitem(CASES, "fcp", replace(CASES["fcp"], n_epochs=1, sgd_rates=(0.1,)))
    monkeypatch.setattr(network_times, "load_images", lambda *_: few_images)
    monkeypatch.setattr(type(few_images), "first", lambda images, *_: images)
    return network_times.Asked("fcp", (0, 1), None, tmp_path, "cpu", 0)


def test_ways_are_compared_in_equal_time(asked, monkeypatch):
    """A line for each time with all ways, each with steps of its own number."""
    takes = {network_times.OURS: 0.2, network_times.BEZIER.name: 0.1, network_times.CHAIN.name: 0.3}
    monkeypatch.setattr(
        network_times, "seconds_a_step", lambda _, ways: {way: takes[way.name] for way in ways}
    )
    with ThreadPoolExecutor(1) as pool:
        first, second = network_times.rows(asked, [4, 8], [2.0, 1.0], pool)
    assert first.startswith("| FCP | ")
    assert "| 1 | " in first
    assert "(5 steps, defaults)" in first
    assert "(10 steps, batch " in first
    assert "| 2 | " in second
    assert "(20 steps, batch " in second


def test_the_time_of_a_step_is_that_of_steps_alone():
    """A way that takes 5 seconds before its first step, and 2 for each."""

    class Slow:
        seconds = 0.0

        def clock(self):
            return self.seconds

        def curve(self, way, n_steps):
            self.seconds += 5.0 + 2.0 * n_steps

    way = network_times.Way("slow")
    assert network_times.seconds_a_step(Slow(), [way]) == {way: pytest.approx(2.0)}
