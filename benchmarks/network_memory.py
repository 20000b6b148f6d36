"""What a path takes in memory, beside the model itself: GPT-2's shape, 124 million weights.

    python -m benchmarks.network_memory                 adapters of rank 8 on a frozen base
    python -m benchmarks.network_memory --full          all weights move; one term
    python -m benchmarks.network_memory --width 64      a small one

Weights and tokens are random. Printed are the most memory that the process held during 20 steps,
above what it held before the model was made, and that as multiples of the model.
"""

import argparse
import resource
from pathlib import Path
from time import perf_counter

import torch
from torch import nn

from fourierpathfinder import IntermediateResult, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape

N_WORDS, N_LAYERS = 50257, 12
LENGTH = 4
MIB = 2**20


class Adapted(nn.Module):
    """A linear layer with, if the rank is positive, a thin product beside it; it is then frozen."""

    def __init__(self, n_in: int, n_out: int, rank: int) -> None:
        super().__init__()
        self.base = nn.Linear(n_in, n_out)
        self.down = nn.Linear(n_in, rank, bias=False) if rank else None
        self.up = nn.Linear(rank, n_out, bias=False) if rank else None

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """As the layer alone, and what the adapter adds."""
        return self.base(x) if self.up is None else self.base(x) + self.up(self.down(x))


class Block(nn.Module):
    """GPT-2's."""

    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        self.n_heads = max(1, width // 64)
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = Adapted(width, 3 * width, rank), nn.Linear(width, width)
        self.full, self.last = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T, width) to as many."""
        parts = self.qkv(self.norm1(x)).chunk(3, dim=-1)
        q, k, v = (part.unflatten(-1, (self.n_heads, -1)).transpose(1, 2) for part in parts)
        seen = nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.last(nn.functional.gelu(self.full(self.norm2(x))))


class Language(nn.Module):
    """Words, twelve blocks, and the same words again."""

    def __init__(self, width: int, rank: int) -> None:
        super().__init__()
        self.words, self.places = nn.Embedding(N_WORDS, width), nn.Embedding(1024, width)
        self.blocks = nn.Sequential(*(Block(width, rank) for _ in range(N_LAYERS)))
        self.norm = nn.LayerNorm(width)
        if rank:
            for name, parameter in self.named_parameters():
                parameter.requires_grad_(".down." in name or ".up." in name)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Tokens (B, T) to logits (B, words), of the last place."""
        x = self.words(x) + self.places.weight[: x.shape[1]]
        return self.norm(self.blocks(x))[:, -1] @ self.words.weight.T


def in_use(line: str) -> float:
    """What the process holds (VmRSS) or held at most (VmHWM), in MiB."""
    text = Path("/proc/self/status").read_text()
    return float(text.split(f"{line}:")[1].split()[0]) / 1024


def main(given: argparse.Namespace) -> None:
    """Run some steps and say what they took."""
    torch.set_num_threads(given.threads)
    torch.manual_seed(0)
    tokens = torch.randint(N_WORDS, (32, LENGTH))
    before = in_use("VmRSS")
    module = Language(given.width, 0 if given.full else given.rank)
    sizes = [(p.numel() * 4 / MIB, p.requires_grad) for p in module.parameters()]
    model, moving = sum(size for size, _ in sizes), sum(size for size, moves in sizes if moves)
    print(
        f"model {model:.0f} MiB, of which {moving:.1f} move; held {in_use('VmRSS') - before:.0f}",
        flush=True,
    )
    data = tokens, tokens[:, 0]
    landscape = NetworkLandscape(module, nn.functional.cross_entropy, data, memory=64 * MIB)
    start = landscape.coordinates(module)
    end = start + 0.01 * torch.randn_like(start)
    del module
    method = Stochastic(
        n_terms=1, points_per_step=1, batch_size=1, n_steps=given.steps, evaluation_samples=32
    )
    began = perf_counter()

    def say(what: str) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
        seconds = perf_counter() - began
        print(
            f"{what}: at most {peak:.0f} MiB, {peak / model:.2f} models; {seconds:.0f} s",
            flush=True,
        )

    def tell(now: IntermediateResult) -> None:
        if now.n_iterations in (1, given.steps):
            say(f"{now.n_iterations} steps")

    find_path(landscape, start, end, method=method, rng=0, callback=tell)
    say("and the height")


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--full", action="store_true", help="no adapters: all weights move")
    parser.add_argument("--rank", type=int, default=8)
    parser.add_argument("--width", type=int, default=768)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


if __name__ == "__main__":
    main(arguments())
