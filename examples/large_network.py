"""A network of 11 million weights in the shape of ResNet-18, with batch normalisation.

    python examples/large_network.py                           20 steps on the processor
    python examples/large_network.py --device cuda --steps 2000 --batch-size 128 --bfloat16

Images and labels are random: this shows what memory and time a step takes, not a low path. With
--bfloat16 the terms are kept and the network is evaluated in half the memory.
"""

import argparse
import resource
from time import perf_counter

import torch
from torch import nn

from fourierpathfinder import IntermediateResult, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

N_IMAGES = 32


class Block(nn.Module):
    """Two convolutions, added to what came in."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.inner = nn.Sequential(
            nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
            nn.ReLU(),
            nn.Conv2d(n_out, n_out, 3, padding=1, bias=False),
            nn.BatchNorm2d(n_out),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1:
            convolution = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.shortcut = nn.Sequential(convolution, nn.BatchNorm2d(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Half as many pixels where the stride is 2."""
        return torch.relu(self.shortcut(x) + self.inner(x))


def resnet(width: int) -> nn.Sequential:
    """ResNet-18 for images of 32 x 32; 11.2 million weights where the width is 64."""
    layers: list[nn.Module] = [
        nn.Conv2d(3, width, 3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(),
    ]
    n_in = width
    for stage in range(4):
        n_out = width * 2**stage
        layers += [Block(n_in, n_out, 1 if stage == 0 else 2), Block(n_out, n_out, 1)]
        n_in = n_out
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(n_in, 10))


def main(given: argparse.Namespace) -> None:
    """Run some steps and say what they took."""
    torch.manual_seed(0)
    data = torch.randn(N_IMAGES, 3, 32, 32), torch.randint(10, (N_IMAGES,))
    landscape = NetworkLandscape(
        resnet(given.width),
        nn.functional.cross_entropy,
        data,
        device=given.device,
        autocast=torch.bfloat16 if given.bfloat16 else None,
    )
    print(f"{landscape.n_coordinates:,} weights, {landscape.n_coordinates * 4 / 2**20:.0f} MiB")
    method = Stochastic(
        n_steps=given.steps,
        points_per_step=1,
        batch_size=given.batch_size,
        evaluation_samples=32,
        dtype="bfloat16" if given.bfloat16 else None,
    )
    began = [perf_counter()]

    def tell(result: IntermediateResult) -> None:
        began.append(perf_counter())
        print(f"step {result.n_iterations}: {began[-1] - began[-2]:.2f} s", flush=True)

    ends = (landscape.coordinates(resnet(given.width)) for _ in range(2))
    result = find_path(landscape, *ends, method=method, rng=0, callback=tell)
    print(f"height {result.height:.3f} ± {result.height_error:.1g}")
    print(f"memory at most {most_memory(given.device):.2f} GiB")


def most_memory(device: str) -> float:
    """The most that was in use at a time, in GiB."""
    if device.startswith("cuda"):
        return torch.cuda.max_memory_allocated() / 2**30
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch-size", type=int, default=8)
    parser.add_argument("--width", type=int, default=64, help="channels of the first stage")
    parser.add_argument("--bfloat16", action="store_true")
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
