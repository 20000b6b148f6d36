"""Modules that cannot be called with other parameters, since something stands around them.

Parameters may be spread over several processes, of which each holds a part alone: a point of the
landscape is whole, so these have to be gathered first. Others hand a module to several devices, or
have made another program of it.
"""

import sys
from collections.abc import Mapping
from typing import Any

import torch

from ..alignment.refusals import refuse_scripted, whole_or

_OVER_DEVICES = (torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel)
_GATHER = (
    "gather them with `torch.distributed.checkpoint.state_dict.get_model_state_dict(module, "
    "options=StateDictOptions(full_state_dict=True))` in all processes at once, give what comes "
    "back as an end, and build the landscape from a module that was not sharded "
    "(examples/two_processes.py)"
)


def refuse_sharded(state: Mapping[str, Any]) -> None:
    """Raise an error if a parameter is spread over several processes.

    Raises
    ------
    ValueError
        With what to do.
    """
    for name, tensor in state.items():
        if _is_of("torch.distributed.tensor", "DTensor", tensor):
            raise ValueError(f"{name!r} is spread over several processes (DTensor); {_GATHER}")


def refuse_wrapped(module: Any) -> None:
    """Raise an error if a module is wrapped, scripted, or has sharded parameters.

    Raises
    ------
    ValueError
        With what to do.
    """
    for name, part in module.named_modules():
        if isinstance(part, _OVER_DEVICES):
            raise ValueError(
                f"{whole_or(name)} is a {type(part).__name__}, which hands it to several devices "
                "or processes; put what it holds, its `.module`, in its place"
            )
        if _is_of("torch.distributed.fsdp", "FullyShardedDataParallel", part):
            raise ValueError(
                "a part of the module is a FullyShardedDataParallel, whose parameters are spread "
                f"over several processes; {_GATHER}"
            )
    refuse_scripted(module)
    refuse_sharded(dict(module.named_parameters()))


def _is_of(library: str, kind: str, value: Any) -> bool:
    """Whether a value is of a kind; if its library was never imported there is none."""
    found = sys.modules.get(library)
    return found is not None and isinstance(value, getattr(found, kind, ()))
