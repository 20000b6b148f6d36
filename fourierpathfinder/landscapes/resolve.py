"""Whatever the user has, as a landscape; nothing is imported that the user has not imported.

An object of a library proves that the library is loaded, so that it is looked for in
`sys.modules` only.
"""

import sys
from collections.abc import Callable
from typing import Any, TypeAlias

from .._deprecation import argument_goes
from .function import FunctionLandscape
from .protocols import Landscape

GradientSource: TypeAlias = Callable[..., Any] | str | bool | None

_NAME = "landscape"

_BATCHES = "an object with `value_and_grad(points (M, D)) -> (values (M,), gradients (M, D))`"
_COMPILED = "a numba.njit function (x, gradient) -> value"

_ACCEPTED = f"accepted are {_BATCHES}, a function of one point with `gradient=...`, and {_COMPILED}"
_ACCEPTED_ALONE = f"accepted are {_BATCHES}, and {_COMPILED}"

_WAYS = (
    "pass `gradient=` a function (D,) -> (D,); True if the function returns (value, gradient), as "
    "`jax.value_and_grad` makes it; "
    '"autograd" if it is written with autograd.numpy; "torch" if it is written with torch; or '
    '"finite-difference", which costs 2 D evaluations a gradient'
)

_WRAPPED = (
    "pass `FunctionLandscape(function, gradient)` of `fourierpathfinder.landscapes`, or "
    "`AutogradLandscape(function)`, or `TorchLandscape(function)`"
)


def as_landscape(
    landscape: Any, gradient: GradientSource = None, *, name: str | None = None
) -> Landscape:
    """The landscape that `landscape` is or stands for.

    Parameters
    ----------
    landscape : Landscape or callable
        A landscape is returned as it is. A callable is a function of one point (D,) -> float,
        with its `gradient`; a `numba.njit` function of two arguments writes its gradient into
        the second (see `CompiledLandscape`).
    gradient : callable, True, "autograd", "torch", "finite-difference" or None
        Where the gradient of a plain function comes from: a callable (D,) -> (D,), True where
        the function returns (value, gradient), or a way to differentiate it. Never guessed.
    name : str, optional
        What messages call the landscape. It goes with the next release.

    Returns
    -------
    Landscape
        The object itself, or an adapter around the function.

    Raises
    ------
    TypeError
        If `landscape` is neither a landscape nor a function; the message says what it is and
        what is accepted.
    ValueError
        If a function comes without a gradient, or a landscape with one.

    Examples
    --------
    >>> import numpy as np
    >>> bowl = as_landscape(lambda x: x @ x, gradient=lambda x: 2 * x)
    >>> bowl.value_and_grad(np.array([[3.0]]))
    (array([9.]), array([[6.]]))
    """
    if name is not None:
        argument_goes("as_landscape", "name")
    called = name or _NAME
    return _resolved(landscape, gradient, called, alone=called != _NAME)


def landscape_alone(landscape: Any, name: str = _NAME) -> Landscape:
    """The same for a call that has no `gradient` beside it, which the messages do not ask for.

    Parameters
    ----------
    landscape : Landscape or numba.njit function
        As of `as_landscape`.
    name : str
        What the caller calls it, for messages.

    Returns
    -------
    Landscape

    Raises
    ------
    TypeError, ValueError
        As of `as_landscape`.
    """
    return _resolved(landscape, None, name, alone=True)


def _resolved(landscape: Any, gradient: GradientSource, name: str, *, alone: bool) -> Landscape:
    _refuse_what_needs_more(landscape, name)
    if isinstance(landscape, Landscape):
        if gradient is not None:
            raise ValueError(
                f"`gradient` was given, but `landscape` ({type(landscape).__name__}) has its own "
                "in `value_and_grad`; leave `gradient` out"
            )
        return landscape
    if not callable(landscape):
        accepted = _ACCEPTED_ALONE if alone else _ACCEPTED
        raise TypeError(f"`{name}` is a {type(landscape).__name__}; {accepted}")
    return _from_function(landscape, gradient, name, alone=alone)


def _from_function(
    function: Callable[..., Any], gradient: GradientSource, name: str, *, alone: bool
) -> Landscape:
    if gradient is None:
        if _is_point_function(function):
            from .compiled import CompiledLandscape

            return CompiledLandscape(function)
        ways = _WRAPPED if alone else _WAYS
        raise ValueError(f"`{name}` is a plain function without a gradient; {ways}")
    is_word = isinstance(gradient, str)
    if is_word and gradient in ("autograd", "torch"):
        from .differentiated import AutogradLandscape, TorchLandscape

        return (AutogradLandscape if gradient == "autograd" else TorchLandscape)(function)
    is_known = gradient == "finite-difference" if is_word else gradient is True
    if not (callable(gradient) or is_known):
        kind = ValueError if is_word else TypeError
        raise kind(f"`gradient` is {gradient!r}; {_WAYS}")
    return FunctionLandscape(function, gradient)


def _is_point_function(function: Any) -> bool:
    """Whether this is a numba.njit function (x, gradient) -> value."""
    if not _is_instance(function, "numba.core.registry", "CPUDispatcher"):
        return False
    return int(function.py_func.__code__.co_argcount) == 2


def _refuse_what_needs_more(landscape: Any, name: str) -> None:
    """Raise an error for what is a part of a landscape only."""
    if isinstance(landscape, type):
        raise TypeError(
            f"`{name}` is the class {landscape.__name__}; pass an instance, "
            f"`{landscape.__name__}(...)`"
        )
    if _is_instance(landscape, "ase", "Atoms"):
        raise TypeError(
            f"`{name}` is an ASE Atoms object; pass `MoleculeLandscape(atoms, calculator)` of "
            "`fourierpathfinder.landscapes`, and the two structures as `start` and `end`"
        )
    if _is_instance(landscape, "torch.nn", "Module"):
        raise TypeError(
            f"`{name}` is a torch module; pass `NetworkLandscape(module, loss, data)` of "
            "`fourierpathfinder.landscapes`, and the two trained networks as `start` and `end`"
        )


def _is_instance(value: object, module: str, name: str) -> bool:
    """Whether `value` is of a class that only a loaded library can have given it."""
    kind = getattr(sys.modules.get(module), name, None)
    return kind is not None and isinstance(value, kind)
