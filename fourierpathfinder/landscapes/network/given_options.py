"""What a landscape is given besides its data and its ends, looked at before anything is made of it.

These are cheap checks; what only a call of the module can tell is found out at the first points.
"""

from typing import Any

import torch

from ..._counts import require_counts
from .sharded import refuse_wrapped


def check_module(module: Any) -> None:
    """Raise an error if this is no module that can be called with other parameters."""
    if not isinstance(module, torch.nn.Module):
        raise TypeError(f"`module` is a {type(module).__name__}; pass an instance of nn.Module")
    refuse_wrapped(module)


def check_loss(loss: Any) -> None:
    """Raise an error if this can be no mean over samples."""
    if loss is not None and not callable(loss):
        raise TypeError(f"`loss` is a {type(loss).__name__}; pass a function of output and target")
    if getattr(loss, "reduction", "mean") == "sum":
        raise ValueError("`loss` sums over the samples; pass one that takes their mean")


def check_options(
    batch_size: Any, batch_norm: Any, autocast: Any, penalty: Any, offload: Any, vectorize: Any
) -> None:
    """Raise an error that names the first option of another kind, or that goes with no other."""
    if batch_size is not None:
        require_counts(batch_size=batch_size)
    if batch_norm not in ("estimate", "frozen"):
        raise ValueError(f'`batch_norm` is {batch_norm!r}; it must be "estimate" or "frozen"')
    if penalty is not None and not callable(penalty):
        raise TypeError(
            f"`penalty` is a {type(penalty).__name__}; pass a function of the parameters by name, "
            "such as `lambda parameters: 1e-4 * sum((p**2).sum() for p in parameters.values())`"
        )
    if autocast is not None and not isinstance(autocast, torch.dtype):
        raise TypeError(
            f"`autocast` is a {type(autocast).__name__}; pass a type of torch's, such as "
            "`torch.bfloat16`"
        )
    if not isinstance(offload, bool):
        raise TypeError(f"`offload` is a {type(offload).__name__}; pass True or False")
    if offload and vectorize:
        raise ValueError(
            "`offload` and `vectorize` are both True; with parameters fetched a layer at a time "
            "points are done one after the other, so leave `vectorize` out"
        )


def device_of(module: Any, device: Any) -> Any:
    """Where to compute: as it was asked for, or where the module is."""
    if device is not None:
        return torch.device(device)
    devices = {parameter.device for parameter in module.parameters()}
    if len(devices) > 1:
        raise ValueError(f"`module` is spread over {sorted(map(str, devices))}; pass `device`")
    return next(iter(devices), torch.device("cpu"))
