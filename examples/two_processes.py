"""Two networks trained with FSDP in two processes, and the path between them found in both.

    python examples/two_processes.py

Each process keeps a half of the data. Parameters are sharded while the networks are trained, and
gathered to be the ends. Both processes then take the same steps on the path: each finds the
gradient on samples of its own, and the mean of these is what both go on with.
"""

import tempfile
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, distributed, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.device_mesh import DeviceMesh
from torch.distributed.fsdp import fully_shard

from fourierpathfinder import Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.landscapes.abilities import Abilities, Forwarding

N_PROCESSES = 2


class Shared(Forwarding):
    """The mean of the landscapes of all processes, each of which has as many samples of its own."""

    def value_and_grad(self, points: Tensor, samples: Any = None) -> tuple[Tensor, Tensor]:
        """Values (M,) and gradients (M, D), each process taking those samples of its own."""
        values, gradients = self.landscape.value_and_grad(points, samples)
        return averaged(values), averaged(gradients)

    def value(self, points: Tensor, samples: Any = None) -> Tensor:
        """Values (M,) alone."""
        return averaged(self.landscape.value(points, samples))

    def offering(self, behind: Abilities) -> Abilities:
        """All that the landscape behind offers, with values from here."""
        return replace(super().offering(behind), values=self)


def averaged(tensor: Tensor) -> Tensor:
    """The mean over all processes."""
    distributed.all_reduce(tensor)
    return tensor / N_PROCESSES


def make_model() -> nn.Module:
    """A small network."""
    return nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))


def trained(seed: int, x: Tensor, y: Tensor, mesh: DeviceMesh) -> dict[str, Any]:
    """The state dict of a network that was sharded over `mesh` while it was trained."""
    torch.manual_seed(seed)
    model = fully_shard(make_model(), mesh=mesh)
    adam = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(300):
        adam.zero_grad()
        nn.functional.mse_loss(model(x), y).backward()
        adam.step()
    return get_model_state_dict(model, options=StateDictOptions(full_state_dict=True))


def main(rank: int, folder: str) -> None:
    """What each of the processes does."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=N_PROCESSES
    )
    x = torch.linspace(-2, 2, 256)[:, None]
    own = x[rank::N_PROCESSES], torch.sin(3 * x)[rank::N_PROCESSES]
    # Sharded parameters keep their group of processes for good. With one of their own, that of the
    # search ends its threads when it is destroyed: one left at work while Python ends may abort it.
    mesh = DeviceMesh.from_group(distributed.new_group(), "cpu")
    first, second = trained(0, *own, mesh), trained(1, *own, mesh)
    landscape = Shared(NetworkLandscape(make_model(), nn.functional.mse_loss, own))
    result = find_path(landscape, first, second, method=Stochastic(n_steps=400), rng=0)
    straight = landscape.value((result.path.start + result.path.end)[None] / 2)
    terms = [torch.empty_like(result.path.coefficients) for _ in range(N_PROCESSES)]
    distributed.all_gather(terms, result.path.coefficients)
    if rank == 0:
        print(f"ends {result.start_value:.6f}, {result.end_value:.6f}")
        print(f"straight line {float(straight):.6f}, half-way")
        print(f"path {result.height:.6f}, at its highest point")
        print(f"same path in both processes: {torch.equal(*terms)}")
    distributed.destroy_process_group()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        torch.multiprocessing.spawn(main, (folder,), nprocs=N_PROCESSES)
