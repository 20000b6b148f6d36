"""Results in safetensors files, and small when they are pickled."""

import pickle

import numpy as np
import pytest

from fourierpathfinder import Direct, Stochastic, Surrogate, find_path, load_result, save_result
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.storage.errors import CheckpointError

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")


@pytest.fixture(scope="module")
def of_networks():
    torch.manual_seed(0)
    a, b = torch.nn.Linear(5, 3), torch.nn.Linear(5, 3)
    cross_entropy = torch.nn.CrossEntropyLoss(reduction="none")
    data = torch.randn(3000, 5), torch.randint(3, (3000,))
    landscape = NetworkLandscape(a, lambda o, t: cross_entropy(o, t).mean(), data)
    return find_path(landscape, a, b, method=Stochastic(n_steps=5), rng=0)


def test_there_and_back(of_networks, tmp_path):
    file = save_result(of_networks, tmp_path / "path.safetensors")
    found = load_result(file, like=of_networks.path.start)
    for name in ("start", "end", "coefficients"):
        mine, theirs = getattr(of_networks.path, name), getattr(found.path, name)
        assert torch.equal(mine, theirs)
        assert mine.dtype == theirs.dtype
    for name in ("height", "height_time", "height_error", "status", "n_sample_gradients"):
        assert getattr(found, name) == getattr(of_networks, name)
    assert np.array_equal(found.heights, of_networks.heights)
    assert np.array_equal(found.history.heights, of_networks.history.heights)
    assert found.method == repr(of_networks.method)
    assert file.stat().st_size < 20_000


def test_other_programs_can_read_it(of_networks, tmp_path):
    from safetensors.torch import load_file

    tensors = load_file(save_result(of_networks, tmp_path / "path.safetensors"))
    assert torch.equal(tensors["result.path.coefficients"], of_networks.path.coefficients)


def test_of_numpy(tmp_path):
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Direct(), rng=0)
    found = load_result(save_result(result, tmp_path / "path.safetensors"))
    assert np.array_equal(found.path.coefficients, result.path.coefficients)


def test_evaluations_come_along(tmp_path):
    toy = two_channels()
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    found = load_result(save_result(result, tmp_path / "path.safetensors"))
    values, gradients = toy.value_and_grad(found.evaluations.points)
    assert len(found.evaluations) == result.n_gradients
    assert np.array_equal(found.evaluations.values, values)
    assert np.array_equal(found.evaluations.gradients, gradients)


def test_what_holds_no_result(tmp_path):
    from safetensors.numpy import save_file

    (tmp_path / "text").write_text("no tensors", encoding="utf-8")
    save_file({"x": np.zeros(3)}, tmp_path / "other")
    for name in ("text", "other"):
        with pytest.raises(CheckpointError, match=rf"{name} holds no result"):
            load_result(tmp_path / name)


def test_a_result_pickles_without_its_data(of_networks):
    content = pickle.dumps(of_networks)
    assert len(content) < 20_000, "neither the data nor a lambda"
    found = pickle.loads(content)
    assert found.landscape is None
    assert found.height == of_networks.height
    assert torch.equal(found.path.coefficients, of_networks.path.coefficients)
    assert of_networks.landscape is not None
