from dataclasses import replace

import numpy as np
import pytest
import torch

from examples.nn_experiments import training
from examples.nn_experiments.networks import NETWORKS
from examples.nn_experiments.training import Place, Problem, TrainingRun, initial_points, train
from fourierpathfinder.storage.checkpoint import Snapshots

PLACE = Place()


def problem(network="fcp", n_train=48):
    return Problem(network, "softplus", "digits", n_train, 32)


def a_run(optimizer, network="fcp", **changes):
    settings = {"first": 0, "n_members": 3, "n_epochs": 6, **changes}
    if optimizer == "sgd":
        settings |= {"batch_size": 20, "learning_rate": 0.1, "momentum": 0.9}
    return TrainingRun(problem(network), optimizer, 5, **settings)


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
@pytest.mark.parametrize("network", NETWORKS)
def test_member_equals_its_solo_run(network, optimizer):
    together = train(a_run(optimizer, network, n_epochs=3), PLACE)
    alone = train(a_run(optimizer, network, n_epochs=3, first=1, n_members=1), PLACE)
    assert together["train_losses"].shape == (3, 4)
    for name, array in together.items():
        np.testing.assert_allclose(alone[name][0], array[1], rtol=1e-3, atol=1e-4, err_msg=name)


def test_members_differ_by_seed_optimizer_and_network():
    landscape = problem().landscape(PLACE)
    one = initial_points(a_run("lbfgs"), landscape)
    assert not torch.allclose(one[0], one[1])
    assert not torch.allclose(one, initial_points(a_run("sgd"), landscape))
    assert not torch.allclose(one, initial_points(replace(a_run("lbfgs"), seed=6), landscape))
    state = torch.random.get_rng_state()
    initial_points(a_run("lbfgs"), landscape)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
def test_losses_and_weights_belong_together(optimizer):
    """The weights kept are those at the minima of the two curves."""
    done = train(a_run(optimizer, n_epochs=25), PLACE)
    for of in ("train", "test"):
        landscape = problem().landscape(PLACE, of)
        values = landscape.value(torch.from_numpy(done[f"{of}_points"]))
        np.testing.assert_allclose(values, done[f"{of}_losses"].min(1), rtol=1e-4, atol=1e-9)
    assert (done["test_losses"].argmin(1) < done["train_losses"].argmin(1)).any()


def test_lbfgs_never_raises_the_loss():
    losses = train(a_run("lbfgs", n_epochs=40), PLACE)["train_losses"]
    assert (np.diff(losses) <= 0).all()
    assert losses[:, -1].min() < 1e-5


def test_sgd_is_that_of_torch():
    """With one batch an epoch, so that shuffles play no part."""
    run = replace(a_run("sgd", n_members=1), batch_size=48)
    (first,) = initial_points(run, problem().landscape(PLACE))
    landscape = problem().landscape(PLACE)
    module = landscape.module(first)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.1, momentum=0.9)
    images = problem().images(PLACE)
    losses = []
    for _ in range(7):
        loss = torch.nn.functional.cross_entropy(module(images.train_images), images.train_labels)
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    np.testing.assert_allclose(train(run, PLACE)["train_losses"][0], losses, rtol=1e-4)


@pytest.mark.parametrize("optimizer", ["lbfgs", "sgd"])
def test_training_goes_on_from_where_it_was_killed(tmp_path, monkeypatch, optimizer):
    run = a_run(optimizer, n_epochs=8)
    whole = train(run, PLACE)
    place = Place(checkpoint=tmp_path / "partial.npz")
    monkeypatch.setattr(Snapshots, "due", lambda self: True)
    after, epochs = training.Course.after, []

    def killed_at_the_fifth(*arguments):
        epochs.append(1)
        if len(epochs) == 5:
            raise KeyboardInterrupt
        return after(*arguments)

    monkeypatch.setattr(training.Course, "after", killed_at_the_fifth)
    with pytest.raises(KeyboardInterrupt):
        train(run, place)
    resumed = train(run, place)
    assert len(epochs) == 5 + 4
    for name, array in whole.items():
        np.testing.assert_array_equal(resumed[name], array)


def test_curves_of_members_that_have_all_stopped_are_filled():
    done = train(a_run("lbfgs", n_epochs=200), PLACE)
    assert done["train_losses"].shape == (3, 201)
    assert (done["train_losses"][:, -5:] == done["train_losses"][:, -1:]).all()
