"""The permutations that benchmarks/alignment.py writes by hand, and its own weight matching."""

from copy import deepcopy

import pytest
import torch

from benchmarks.alignment import PAIRS, git_re_basin
from fourierpathfinder.landscapes import align_units


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.title)
def test_hidden_permutations_are_found_and_keep_the_function(pair):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        module = pair.make().eval()
        images = torch.rand(8, 1, 28, 28)
        state = {name: tensor.clone() for name, tensor in module.state_dict().items()}
        for places in pair.permutations.values():
            n_units = min(state[name].shape[axis] for name, axis in places)
            order = torch.randperm(n_units)
            for name, axis in places:
                split = state[name].unflatten(axis, (n_units, -1))
                state[name] = split.index_select(axis, order).flatten(axis, axis + 1)
    other = deepcopy(module)
    other.load_state_dict(state)
    with torch.no_grad():
        torch.testing.assert_close(other(images), module(images), rtol=1e-4, atol=1e-4)
    by_hand = git_re_basin(module, other, pair.permutations)
    found = align_units(module, module, other, images, match_activations=False)
    for aligned in (by_hand, found):
        torch.testing.assert_close(aligned.state_dict(), module.state_dict())
