import pytest

from examples.nn_experiments.networks import NETWORKS
from examples.nn_experiments.settings import load_settings, preset_names


@pytest.mark.parametrize("preset", preset_names())
def test_presets_hold_all_that_their_networks_need(preset):
    settings = load_settings(preset)
    assert settings.preset == preset
    for name in settings.networks:
        assert settings.training.lbfgs_steps[name] > 0
        assert settings.training.sgd_epochs[name] > 0
        assert settings.training.sgd_learning_rates[name] > 0


def test_paper_preset_is_the_papers():
    settings = load_settings("paper")
    assert settings.networks == tuple(NETWORKS)
    assert (settings.training.n_members, settings.training.n_kept) == (75, 48)
    assert (settings.n_train, settings.heights.n_pairs) == (60_000, 300)
    paper = settings.heights.paper
    assert (paper.n_terms, paper.n_points, paper.n_steps) == (10, 51, 100)
    assert (paper.smoothness, paper.learning_rate) == (1e-4, 1e-3)


def test_single_settings_come_last(tmp_path):
    config = tmp_path / "mine.toml"
    config.write_text("n_train = 300\n[heights]\nn_pairs = 3\n[heights.paper]\nn_steps = 7\n")
    changes = ["heights.n_pairs=4", "activation=relu", "networks=fcp", "training.n_members=20"]
    settings = load_settings("quick", config, [*changes, "training.sgd_epochs.fcp=2"])
    assert (settings.n_train, settings.heights.n_pairs) == (300, 4)
    assert (settings.activation, settings.networks) == ("relu", ("fcp",))
    assert settings.training.n_members == 20
    assert settings.heights.paper.n_steps == 7
    assert settings.heights.paper.n_points == load_settings("quick").heights.paper.n_points
    assert settings.training.sgd_epochs == {"fcp": 2, "autoencoder": 100}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("n_trains=3", "no setting is called 'n_trains'; there are .*n_train"),
        ("heights.paper.steps=3", r"'heights\.paper\.steps'"),
        ("n_train=many", "`n_train` is 'many'; it must be a int"),
        ("training=3", "`training` is 3; it is a table"),
        ("n_train", "write it as NAME=VALUE"),
        ("networks=vgg", "no network is called 'vgg'"),
        ("activation=tanh", "`activation` is 'tanh'"),
        ("training.n_kept=99", "`training.n_kept` is 99; it must lie between 2 and"),
    ],
)
def test_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        load_settings("quick", changes=[change])
