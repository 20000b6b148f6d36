import pytest
import torch

from examples.nn_experiments.networks import NETWORKS

TABLE_I = {"fcp": 42_200, "lenet": 61_706, "autoencoder": 52_224, "lstm": 15_456}


@pytest.mark.parametrize("activation", ["softplus", "relu"])
@pytest.mark.parametrize("name", TABLE_I)
def test_parameters_are_those_of_table_one(name, activation):
    network = NETWORKS[name]
    module = network.make(activation)
    assert sum(p.numel() for p in module.parameters()) == network.n_parameters == TABLE_I[name]
    images, labels = torch.rand(3, 1, 28, 28), torch.tensor([1, 2, 3])
    targets = network.targets(images, labels)
    output = module(images)
    assert output.shape == ((3, 784) if network.reconstructs else (3, 10))
    assert network.loss(output, targets).ndim == 0
    if name != "lstm":
        kind = {"softplus": torch.nn.Softplus, "relu": torch.nn.ReLU}[activation]
        assert any(isinstance(part, kind) for part in module)


def test_pixels_of_the_lstm_are_permuted_as_published():
    order = torch.randperm(784, generator=torch.Generator().manual_seed(1234))
    module = NETWORKS["lstm"].make("softplus")
    assert torch.equal(module.permutation, order)
    assert "permutation" not in module.state_dict()
