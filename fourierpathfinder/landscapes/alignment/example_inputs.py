"""Inputs that fit a module, where the user has given none.

Their number of channels or features is that of the first layer; the number of pixels is the first
for which the module runs, tried on torch's meta device, which computes shapes only.
"""

from collections.abc import Iterator
from typing import Any

import torch
from torch import nn

from .copies import copied

MAKERS = (
    *(nn.Linear, nn.Embedding, nn.EmbeddingBag, nn.RNNBase, nn.Conv1d, nn.Conv2d, nn.Conv3d),
    *(nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d),
)
"""Layers that tell what they read."""

_TABLES = (nn.Embedding, nn.EmbeddingBag)
_N_SAMPLES = 16
_N_STEPS = 7
_SIDES = (28, 32, 64, 224, *range(1, 257))
_SEED = 20230228


def made_up_inputs(module: Any) -> torch.Tensor:
    """Random inputs on which the module runs, the same ones every time.

    Parameters
    ----------
    module : torch.nn.Module
        A network that reads one tensor.

    Returns
    -------
    torch.Tensor
        Of the module's dtype and device.

    Raises
    ------
    ValueError
        If no shape fits.
    """
    first = next((layer for layer in module.modules() if isinstance(layer, MAKERS)), None)
    shadow = copied(module).to("meta").eval()
    trial = copied(module).eval()
    like = next(iter(module.parameters()), torch.empty(0))
    for shape in _shapes(first) if first is not None else ():
        # Shapes cost nothing on the meta device; an index may still turn out to be too large.
        kind = torch.int64 if isinstance(first, _TABLES) else like.dtype
        with torch.device("meta"):  # also for what the module makes itself
            fits = _runs(shadow, torch.empty(shape, dtype=kind))
        if not fits:
            continue
        inputs = _inputs(first, shape, like=like)
        if _runs(trial, inputs[:1]) and _runs(trial, inputs):  # not some numbers of samples only
            return inputs
    raise ValueError(
        "no inputs could be made up with which to check that the permuted network is the same one; "
        "pass some as `data`"
    )


def _shapes(first: Any) -> Iterator[tuple[int, ...]]:
    """Shapes that the first layer can read, the likeliest ones first."""
    if isinstance(first, _TABLES):
        yield (_N_SAMPLES, _N_STEPS)
    elif isinstance(first, nn.RNNBase):
        yield (_N_SAMPLES, _N_STEPS, first.input_size)
    elif isinstance(first, nn.Linear):
        yield (_N_SAMPLES, first.in_features)
        yield (_N_SAMPLES, _N_STEPS, first.in_features)
    else:
        n_axes = len(first.kernel_size)
        yield from ((_N_SAMPLES, first.in_channels, *(side,) * n_axes) for side in _SIDES)


def _inputs(first: Any, shape: tuple[int, ...], like: Any) -> torch.Tensor:
    """Random numbers of this shape, on the device and of the dtype of a parameter."""
    generator = torch.Generator().manual_seed(_SEED)
    if isinstance(first, _TABLES):
        return torch.randint(first.num_embeddings, shape, generator=generator).to(like.device)
    return torch.randn(shape, generator=generator).to(like)


def _runs(module: Any, inputs: torch.Tensor) -> bool:
    try:
        with torch.no_grad():
            module(inputs)
    except Exception:  # whatever a module says to inputs that it does not take
        return False
    return True
