"""Whether a network whose units were permuted still computes the same.

Sums are taken in another order, so that outputs differ by rounding: by that of the least precise
type in which anything is computed, as where a network in double precision normalises in single.
In half precision it would hide whatever is wrong; such networks are compared in single.
"""

from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from .copies import copied
from .inputs import Batch
from .tracing import outputs_in, tensors_in
from .units import State

_ROUNDINGS = 2e3
"""How many rounding errors the outputs may differ by."""
_AT_MOST = 0.1
"""How far they may differ at all, as a fraction: where a network itself goes to half precision."""
_HALF = (torch.float16, torch.bfloat16)


def check_unchanged(second: Any, permuted: State, batch: Batch) -> None:
    """Refuse permutations that are not what they should be: another order, the same function.

    Parameters
    ----------
    second : torch.nn.Module
        The network as it was, in evaluation mode; it stays as it is.
    permuted : state dict
        With its units in another order.
    batch : Batch
        What to call it with.

    Raises
    ------
    ValueError
        If outputs change, or cannot be compared.
    """
    other = copied(second)
    other.load_state_dict(permuted)
    before, after, rounding = _outputs((second, other), batch)
    if not any(x.is_floating_point() or x.is_complex() for x in before):
        raise ValueError(
            "the module returns no tensor of real numbers by which it could be checked that the "
            "permuted network is the same one; return a tensor, or tensors in a tuple, a dict or "
            "a dataclass"
        )
    if any(bool(x.isnan().any()) or not bool(x.isfinite().any()) for x in before if x.numel()):
        raise ValueError(
            "the network `b` puts out numbers that are not finite, by which it cannot be checked "
            "that the permuted network is the same one; pass other `data`, or check its parameters"
        )
    for x, y in zip(before, after, strict=True):
        if not (x.is_floating_point() or x.is_complex()) or not x.numel():
            continue
        part = min(_ROUNDINGS * rounding, _AT_MOST)
        allowed = part * float(x[x.isfinite()].abs().max())
        # Infinity, as of what is masked, has to stay where it is.
        change = float((x - y).masked_fill(x == y, 0).abs().max())
        if not change <= allowed:
            raise ValueError(
                f"the units of this module cannot be aligned: permuting them changes its outputs "
                f"by {change:.2g}, so that it does something with them that could not be followed; "
                "give those that may be exchanged as `units`"
            )


def _outputs(modules: tuple[Any, Any], batch: Batch) -> tuple[Any, Any, float]:
    """What both put out, in single precision at least where they allow, and the rounding."""
    if any(tensor.dtype in _HALF for tensor in modules[0].state_dict().values()
           if isinstance(tensor, torch.Tensor)):  # fmt: skip
        wide = tuple(copied(module)._apply(_in_single) for module in modules)
        try:
            return _called(wide, Batch(_mapped(batch.args), _mapped(batch.kwargs)))
        except (RuntimeError, TypeError):  # a type that is written into the network
            pass
    return _called(modules, batch)


def _called(modules: tuple[Any, ...], batch: Batch) -> tuple[Any, Any, float]:
    with torch.no_grad(), _Roundings() as watch:
        before, after = (outputs_in(m(*batch.args, **batch.kwargs)) for m in modules)
    return before, after, watch.largest


class _Roundings(TorchDispatchMode):  # type: ignore[misc]
    """Within it, the largest rounding of what is computed is noted, as a fraction."""

    def __init__(self) -> None:
        super().__init__()
        self.largest = 0.0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        """Carry an operation out, and look at what comes back."""
        output = func(*args, **(kwargs or {}))
        for tensor in tensors_in(output):
            if tensor.is_floating_point() or tensor.is_complex():
                self.largest = max(self.largest, torch.finfo(tensor.dtype).eps)
        return output


def _in_single(tensor: Any) -> Any:
    return tensor.float() if tensor.dtype in _HALF else tensor


def _mapped(tree: Any) -> Any:
    """The same inputs, those of half precision in single."""
    if isinstance(tree, torch.Tensor):
        return _in_single(tree)
    if isinstance(tree, dict):
        return {name: _mapped(part) for name, part in tree.items()}
    return tuple(map(_mapped, tree)) if isinstance(tree, tuple | list) else tree
