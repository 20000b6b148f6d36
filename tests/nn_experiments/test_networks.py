import pytest
import torch

from examples.nn_experiments.networks import NETWORKS, written_out

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


def test_the_layer_written_out_is_torchs_own():
    module = NETWORKS["lstm"].make("softplus").double()
    steps = torch.rand(5, 28, 28, dtype=torch.float64)
    hidden, _ = module.lstm(steps)
    torch.testing.assert_close(written_out(module.lstm, steps), hidden[:, -1])


def test_many_members_of_the_layer_written_out_are_done_at_once():
    modules = [NETWORKS["lstm"].make("softplus").double() for _ in range(3)]
    stacked, _ = torch.func.stack_module_state([module.lstm for module in modules])
    steps = torch.rand(5, 28, 28, dtype=torch.float64)

    def hidden(parameters):
        return torch.func.functional_call(Last(modules[0].lstm), parameters, (steps,))

    class Last(torch.nn.Module):
        def __init__(self, lstm):
            super().__init__()
            self.lstm = lstm

        def forward(self, steps):
            return written_out(self.lstm, steps)

    found = torch.func.vmap(hidden)({f"lstm.{name}": x for name, x in stacked.items()})
    for module, one in zip(modules, found, strict=True):
        torch.testing.assert_close(one, written_out(module.lstm, steps))
