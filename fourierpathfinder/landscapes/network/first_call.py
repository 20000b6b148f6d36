"""Torch's errors at the first calls of a module and of a loss, with what these were called with.

Types that do not go together are the likeliest cause: inputs in double precision and parameters in
single, targets of another whole number than torch's losses take.
"""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..._errors import first_line
from ..trees import tensors_of
from .memory import is_out_of_memory

_KINDS = (
    *(RuntimeError, TypeError, ValueError, IndexError, AttributeError),
    *(NotImplementedError, AssertionError, KeyError),
)
"""Errors that are raised again with more words; others are the user's own."""


def calling(args: Any, kwargs: Any, parameters: Any) -> AbstractContextManager[None]:
    """In which a module is called.

    Parameters
    ----------
    args, kwargs
        What with.
    parameters : iterable of Tensor
        Its own.
    """
    inputs = tensors_of((args, kwargs))
    what = f"the module could not be called with inputs of {_kinds(inputs)}"
    lists = _LISTS if _has_lists(args, kwargs) else ""
    return _said(what, _of_parameters(inputs, parameters), lists)


def comparing(output: Any, target: Any) -> AbstractContextManager[None]:
    """In which a loss is calculated."""
    kinds = f"an output of {_kinds(tensors_of(output))} and a target of "
    return _said(f"`loss` could not be calculated from {kinds}{_kinds(tensors_of(target))}")


@contextmanager
def differentiating() -> Iterator[None]:
    """Within it, a gradient is taken for the first time, of a loss that has a value."""
    try:
        yield
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        if is_out_of_memory(error):
            raise
        first = first_line(error, type(error).__name__).rstrip(".")
        raise type(error)(
            f"the loss has a value, but in evaluation mode torch takes no gradient of it: {first}. "
            "The module or `loss` writes over what the way back needs (use `x = x + y` for "
            "`x += y`), or can be differentiated in training mode alone; change or leave out that "
            "place"
        ) from error


_LISTS = (
    "; torch makes of a list of numbers in a sample as many tensors, one for each place, so let "
    'samples hold tensors (`dataset.with_format("torch")`), or pass `collate=`'
)
"""What to do where samples hold lists of numbers."""
_NO_LIST = ("positional argument", "not list", "not tuple", "'list' object", "'tuple' object")
"""What errors say of that."""


def _has_lists(args: Any, kwargs: Any) -> bool:
    """Whether inputs are lists of tensors, or one for each number of a sample."""
    values = [*args, *kwargs.values()]
    if any(isinstance(value, list | tuple) and tensors_of(value) for value in values):
        return True
    return len(args) > 1 and all(getattr(value, "ndim", 0) == 1 for value in args)


_WITHOUT = "does not require grad"
_BY_INPUTS = (
    "; if it is a derivative by the inputs, take it in `forward`, from "
    "`x = x.detach().requires_grad_()`, and return it: samples come without gradients"
)
"""What to do where torch finds no gradient."""


@contextmanager
def _said(what: str, cure: str = "", lists: str = "") -> Iterator[None]:
    try:
        yield
    except Exception as error:
        text = str(error)
        if (
            type(error) not in _KINDS
            or text.startswith(("`loss`", "the module"))
            or is_out_of_memory(error)
        ):
            raise
        first = first_line(error, "no reason given")
        if _WITHOUT in first:
            cure = _BY_INPUTS
        if any(words in first for words in _NO_LIST):
            cure = lists or cure
        raise type(error)(f"{what}: {first.rstrip('.')}{cure}") from error


def _of_parameters(inputs: tuple[Any, ...], parameters: Any) -> str:
    own = {tensor.dtype for tensor in parameters if tensor.is_floating_point()}
    other = {tensor.dtype for tensor in inputs if tensor.is_floating_point()} - own
    if not other or len(own) > 1:
        return ""
    wanted = next(iter(own))
    return f"; the parameters are of {wanted}, so convert the inputs, `.to({wanted})`"


def _kinds(tensors: tuple[Any, ...]) -> str:
    found = [f"{tensor.dtype} {tuple(tensor.shape)}" for tensor in tensors[:4]]
    return ", ".join(found + (["..."] if len(tensors) > len(found) else [])) or "no tensor"
