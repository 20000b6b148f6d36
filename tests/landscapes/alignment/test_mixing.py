"""Batches of sorted data hold samples of all kinds once they are mixed."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from fourierpathfinder.landscapes import StraightThrough, align_units
from fourierpathfinder.landscapes.alignment.inputs import Batch, batches_of
from fourierpathfinder.landscapes.alignment.mixing import MixedBatches

N_CLASSES, N_EACH = 3, 256
LABELS = torch.arange(N_CLASSES).repeat_interleave(N_EACH)
IMAGES = torch.randn(len(LABELS), 5, generator=torch.Generator().manual_seed(0))
IMAGES[torch.arange(len(LABELS)), LABELS] += 2.0


def built(seed):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(5, 12), nn.ReLU(), nn.Linear(12, N_CLASSES))


A, B = built(0), built(1)


def classes_by_call(rng):
    """Those of each batch that a loss is called with, where the data are sorted by class."""
    seen = []

    def loss(output, target):
        seen.append(torch.bincount(target, minlength=N_CLASSES).tolist())
        return cross_entropy(output, target)

    settings = StraightThrough(loss, n_passes=2, rng=rng)
    aligned = align_units(A, A, B, (IMAGES, LABELS), straight_through=settings)
    torch.testing.assert_close(aligned(IMAGES), B(IMAGES))
    return seen


def test_no_batch_of_sorted_data_is_of_one_class():
    seen = classes_by_call(0)
    assert min(min(classes) for classes in seen) > N_EACH // 10
    per_pass = N_CLASSES
    assert len(seen) == per_pass * (1 + 2 * 2), "three batches to compare, then two passes of both"


def test_the_order_is_that_of_the_seed_and_another_at_each_pass():
    once = classes_by_call(0)
    assert classes_by_call(0) == once
    assert classes_by_call(np.random.default_rng(1)) != once
    first, second = once[3:6], once[9:12]
    assert first != second


def test_all_samples_come_once():
    numbers = torch.arange(len(LABELS))
    mixed = MixedBatches(list(batches_of(A, (IMAGES, numbers))), np.random.default_rng(0))
    for _ in range(2):
        batches = mixed.drawn()
        chosen = torch.cat([batch.target for batch in batches])
        torch.testing.assert_close(chosen.sort()[0], numbers)
        inputs = torch.cat([batch.args[0] for batch in batches])
        torch.testing.assert_close(inputs, IMAGES[chosen])


class Named:
    """An object that may hold samples, which all look alike."""

    def __repr__(self):
        return "a batch"


@pytest.mark.parametrize(
    "others",
    [
        Batch((torch.zeros(4, 7),), {}, torch.zeros(4)),
        Batch((torch.zeros(4, 5),), {"mask": torch.zeros(4)}, torch.zeros(4)),
        Batch((torch.zeros(4, 5),), {}, torch.zeros(4).double()),
        Batch((torch.zeros(4, 5),), {}, torch.tensor(0.0)),
        Batch((torch.zeros(4, 5), Named()), {}, torch.zeros(4)),
    ],
    ids=["longer", "another argument", "another type", "one number", "another object"],
)
def test_what_does_not_fit_together_comes_in_another_order(others):
    objects = [Named()] * (len(others.args) - 1)
    like = (torch.zeros(4, 5), *objects)
    given = [*(Batch(like, {}, torch.zeros(4)) for _ in range(7)), others]
    mixed = MixedBatches(given, np.random.default_rng(0))
    orders = [mixed.drawn() for _ in range(2)]
    assert all({id(batch) for batch in order} == {id(batch) for batch in given} for order in orders)
    assert any(one is not other for one, other in zip(*orders, strict=True))


def test_one_batch_stays_as_it_is():
    (one,) = batches_of(A, (IMAGES[:9], LABELS[:9]))
    assert MixedBatches([one], np.random.default_rng(0)).drawn() == [one]
