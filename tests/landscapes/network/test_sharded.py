"""Sharded parameters are refused, with what to do; once they are gathered they are an end."""

import pytest
import torch
from torch import distributed, nn
from torch.distributed.checkpoint.state_dict import StateDictOptions, get_model_state_dict
from torch.distributed.fsdp import FullyShardedDataParallel, fully_shard

from fourierpathfinder.landscapes import NetworkLandscape

DATA = torch.randn(8, 5), torch.arange(8) % 3

pytestmark = pytest.mark.xdist_group("distributed")


@pytest.fixture
def mesh(tmp_path):
    """One process, which is enough for the kinds of parameters."""
    distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meeting", rank=0, world_size=1
    )
    yield distributed.init_device_mesh("cpu", (1,))
    distributed.destroy_process_group()


def landscape_of(module):
    return NetworkLandscape(module, nn.functional.cross_entropy, DATA)


def test_sharded_parameters(mesh):
    landscape = landscape_of(nn.Linear(5, 3))
    sharded = fully_shard(nn.Linear(5, 3), mesh=mesh)
    message = r"'weight' is spread over several processes \(DTensor\); gather them .*full_state"
    with pytest.raises(ValueError, match=message):
        landscape_of(sharded)
    for end in (sharded, sharded.state_dict(), list(sharded.parameters())):
        with pytest.raises(ValueError, match=message):
            landscape.coordinates(end)


def test_gathered_parameters_are_an_end(mesh):
    torch.manual_seed(0)
    module = nn.Linear(5, 3)
    landscape = landscape_of(nn.Linear(5, 3))
    expected = landscape.coordinates(module)
    sharded = fully_shard(module, mesh=mesh)
    whole = get_model_state_dict(sharded, options=StateDictOptions(full_state_dict=True))
    assert torch.equal(landscape.coordinates(whole), expected)


def test_the_older_way(mesh):
    class Wrapped(FullyShardedDataParallel):
        """Of that kind; to wrap a module torch asks for an accelerator."""

        def __init__(self):
            nn.Module.__init__(self)

    with pytest.raises(ValueError, match=r"FullyShardedDataParallel.*; gather them"):
        landscape_of(nn.Sequential(nn.Linear(5, 3), Wrapped()))
