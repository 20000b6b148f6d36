"""Your own model: any module, loss and data, and two trained states of it."""

import torch

from fourierpathfinder import find_path
from fourierpathfinder.landscapes import NetworkLandscape


def make_model() -> torch.nn.Module:
    return torch.nn.Sequential(torch.nn.Linear(1, 32), torch.nn.Tanh(), torch.nn.Linear(32, 1))


def trained(seed: int) -> torch.nn.Module:
    torch.manual_seed(seed)
    model = make_model()
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1000):
        adam.zero_grad()
        loss(model(x), y).backward()
        adam.step()
    return model


x = torch.linspace(-2, 2, 256)[:, None]
y = torch.sin(3 * x)
loss = torch.nn.functional.mse_loss
first, second = trained(0), trained(1)

landscape = NetworkLandscape(make_model(), loss, (x, y))
result = find_path(landscape, first, second, rng=0)
print(result)
halfway = landscape.module(result.path(0.5))  # a module again, to use like any other
print("loss halfway:", loss(halfway(x), y).item())
