"""Modules and tensors that cannot be computed with, wherever they come from."""

from typing import Any

import torch


def refuse_scripted(module: Any) -> None:
    """Raise an error if a module, or a part of it, cannot be called with other parameters.

    Raises
    ------
    ValueError
        With the part that is a program of TorchScript.
    """
    for name, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            raise ValueError(
                f"{whole_or(name)} is a {type(part).__name__}, a program of TorchScript with "
                "parameters of its own; pass the module that it was made from, after "
                "`load_state_dict(scripted.state_dict())`"
            )


def refuse_meta(tensor: Any, what: str) -> None:
    """Raise an error if a tensor holds no numbers; `what` it is begins the message.

    Raises
    ------
    ValueError
        With what to do.
    """
    if isinstance(tensor, torch.Tensor) and tensor.is_meta:
        raise ValueError(
            f"{what} is on the device `meta`, which holds no numbers; load the parameters first"
        )


def refuse_lazy(module: Any) -> None:
    """Raise an error if a module has a lazy layer that was never called.

    Raises
    ------
    ValueError
        With what to do.
    """
    for name, tensor in module.state_dict(keep_vars=True).items():
        if torch.nn.parameter.is_lazy(tensor):
            raise ValueError(
                f"{name!r} has no shape yet; call the module once with some inputs, so that its "
                "lazy layers know what they are given"
            )


def whole_or(name: str) -> str:
    """The part of a module of that name in a sentence; the module, if it has none."""
    return f"the part {name!r} of the module" if name else "the module"
