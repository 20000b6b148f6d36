"""Modules that stand around the network itself: for several devices, of averages, compiled.

They calculate what the network within them does, which is taken in their place.
"""

import logging
import re
from collections.abc import Collection, Iterable
from typing import Any

import torch

_log = logging.getLogger(__name__)

_AROUND = (
    torch.nn.DataParallel,
    torch.nn.parallel.DistributedDataParallel,
    torch.optim.swa_utils.AveragedModel,
)
_WRAPPERS = {
    *("_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"),
}
"""What stands in names, also within them, for parts that were compiled or wrapped for training."""


def within(module: Any) -> Any:
    """The network in a module that only stands around it; other things as they are."""
    while True:
        if isinstance(module, _AROUND):
            inner = module.module
        elif is_compiled(module):
            inner = module._orig_mod
        else:
            return module
        _log.info("of a %s the network within is taken", type(module).__name__)
        module = inner


def is_compiled(module: Any) -> bool:
    """Whether it is what `torch.compile` makes of a module."""
    return isinstance(module, torch.nn.Module) and "_orig_mod" in module._modules


def plain(name: str) -> str:
    """A name of a parameter without what stands in it for parts that were wrapped."""
    return ".".join(part for part in name.split(".") if part not in _WRAPPERS)


def names_within(names: Iterable[str], own: Collection[str]) -> dict[str, str]:
    """The names in a state dict of a module around the network, and those that the network has.

    Empty where they are the network's own.
    """
    short = {name: re.sub(r"^(module\.)+", "", plain(name)) for name in names}
    return {name: each for name, each in short.items() if name not in own and each in own}
