"""How several points are computed at once, or one after the other."""

import warnings

import torch
from torch import nn

from fourierpathfinder.landscapes import NetworkLandscape


def test_what_vmap_would_do_point_by_point_is_looped_over_from_the_beginning():
    """Attention on a processor has no batched form, of which torch warns."""
    layer = nn.TransformerEncoderLayer(8, 2, 8, batch_first=True)
    data = torch.randn(12, 3, 8), torch.randn(12, 3, 8)
    landscape = NetworkLandscape(layer, nn.functional.mse_loss, data, vectorize=True)
    point = landscape.coordinates(layer)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        together = landscape.value_and_grad(torch.stack([point, 1.1 * point]))
    alone = [landscape.value_and_grad(each[None]) for each in (point, 1.1 * point)]
    torch.testing.assert_close(together[0], torch.cat([values for values, _ in alone]))
    torch.testing.assert_close(together[1], torch.cat([gradients for _, gradients in alone]))
