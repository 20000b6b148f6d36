"""The benchmark of architectures: a sample of each kind; all are `python -m benchmarks.zoo`."""

import math

import pytest

pytest.importorskip("torch")

from benchmarks.zoo.__main__ import Row, all_kinds, examined, table

SAMPLE = [
    "EfficientNet, BatchNormAct",
    "U-Net, ignored pixels",
    "GRU",
    "Graph attention",
    "Autoencoder, tied weights",
    "LoRA beside a frozen layer",
    "Perceptron in bfloat16",
    "Two heads and two targets",
]
REFUSED = {
    "Noise in evaluation": "draws random numbers",
    "Standardised by the batch": "no mean over samples",
    "BatchNorm without statistics": "track_running_stats=False",
}
KINDS = {kind.name: kind for kind in all_kinds() if kind.loss is not None}


@pytest.mark.parametrize("name", SAMPLE)
def test_the_loss_is_the_modules_own(name):
    row = examined(KINDS[name])
    assert not row.refusal
    assert row.is_right, f"differs by {row.difference}"


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_such_loss_is_refused(name):
    assert REFUSED[name] in examined(KINDS[name]).refusal


def test_there_are_many():
    assert len(KINDS) >= 40


def test_what_is_wrong_is_said():
    assert not Row("x", 1, 2e-5).is_right
    assert Row("x", 1, 2e-5, rough=True).is_right
    assert not Row("x", 1, math.nan).is_right
    assert "refused: why" in table([Row("x", 1, math.nan, "why")])
