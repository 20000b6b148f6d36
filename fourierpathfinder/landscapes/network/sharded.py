"""Parameters that are spread over several processes, of which each holds a part alone.

A point of the landscape is whole, so such parameters have to be gathered first.
"""

import sys
from collections.abc import Mapping
from typing import Any

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
    """Raise an error if a module is wrapped in FSDP's older way, or has sharded parameters.

    Raises
    ------
    ValueError
        With what to do.
    """
    for part in module.modules():
        if _is_of("torch.distributed.fsdp", "FullyShardedDataParallel", part):
            raise ValueError(
                "a part of the module is a FullyShardedDataParallel, whose parameters are spread "
                f"over several processes; {_GATHER}"
            )
    refuse_sharded(dict(module.named_parameters()))


def _is_of(library: str, kind: str, value: Any) -> bool:
    """Whether a value is of a kind; if its library was never imported there is none."""
    found = sys.modules.get(library)
    return found is not None and isinstance(value, getattr(found, kind, ()))
