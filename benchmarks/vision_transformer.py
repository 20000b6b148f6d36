"""A small vision transformer, written out."""

import torch
from torch import nn


class Block(nn.Module):
    """A transformer's block, normalised first."""

    def __init__(self, width: int, n_heads: int, n_hidden: int) -> None:
        super().__init__()
        self.n_heads = n_heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.q, self.k, self.v = (nn.Linear(width, width) for _ in range(3))
        self.out = nn.Linear(width, width)
        self.full, self.last = nn.Linear(width, n_hidden), nn.Linear(n_hidden, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """All tokens (B, T, width) to as many."""
        y = self.norm1(x)
        heads = (f(y).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
                 for f in (self.q, self.k, self.v))  # fmt: skip
        seen = nn.functional.scaled_dot_product_attention(*heads)
        x = x + self.out(seen.transpose(1, 2).flatten(2))
        return x + self.last(nn.functional.gelu(self.full(self.norm2(x))))


class Transformer(nn.Module):
    """A vision transformer: 16 patches of 7 x 7 pixels, two blocks, the mean of all tokens."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.patches = nn.Conv2d(1, width, 7, 7)
        self.places = nn.Parameter(0.02 * torch.randn(16, width))
        self.blocks = nn.ModuleList(Block(width, 4, 2 * width) for _ in range(2))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Images (B, 1, 28, 28) to logits (B, 10)."""
        x = self.patches(x).flatten(2).transpose(1, 2) + self.places
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x).mean(1))
