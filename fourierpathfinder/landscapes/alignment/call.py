"""One operation of torch as the rules see it, and what several rules do.

Most rules say which axes meet; what is not followed keeps the order of all that takes part.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

from .axes import Axes, Axis, fix, fixed_axes, length, meet


@dataclass(frozen=True)
class Call:
    """One operation: its arguments by name, what it returned, and the axes of tensors.

    Parameters
    ----------
    arguments : dict of str to object
        As in the operation's schema, defaults included.
    output : object
        What came back: a tensor, or several.
    axes_of : callable
        The axes of a tensor.
    """

    arguments: dict[str, Any]
    output: Any
    axes_of: Callable[[Any], Axes]

    def __getitem__(self, name: str) -> Any:
        return self.arguments[name]

    def axes(self, name: str) -> Axes:
        """The axes of an argument that is a tensor."""
        return self.axes_of(self.arguments[name])

    @property
    def tensors(self) -> list[Any]:
        """All arguments that are tensors, in lists too."""
        found: list[Any] = []
        for value in self.arguments.values():
            parts = value if isinstance(value, list | tuple) else [value]
            found += [part for part in parts if isinstance(part, torch.Tensor)]
        return found

    def meet_last(self, name: str, axes: Axes) -> None:
        """Let the axes of an argument, if it is there, meet the last of these."""
        if self.arguments[name] is not None:
            for mine, other in zip(self.axes(name), axes[len(axes) - len(self.axes(name)) :],
                                   strict=True):  # fmt: skip
                if mine and other:
                    meet(mine, other)


@dataclass(frozen=True)
class Places:
    """Where numbers stood along an axis, whose order shows only once that is used.

    Parameters
    ----------
    axes : Axes
        Of the places themselves.
    along : Axis
        On which they are.
    """

    axes: Axes
    along: Axis


Rule: TypeAlias = Callable[[Call], Axes | list[Axes] | list[Axes | Places]]
"""The axes of the result, or of each of several."""


def first_of(output: Any) -> Any:
    """A tensor that came back, or the first of several."""
    return output if isinstance(output, torch.Tensor) else output[0]


def fixing(call: Call) -> list[Axes]:
    """Keep the order of all that takes part, for operations that are not followed."""
    for tensor in call.tensors:
        for axis in call.axes_of(tensor):
            fix(axis)
    outputs = call.output if isinstance(call.output, list | tuple) else [call.output]
    return [fixed_axes(getattr(output, "shape", ())) for output in outputs]


def broadcast(several: Sequence[Axes], shape: Sequence[int]) -> Axes:
    """Axes that run side by side, the last of each together, meet."""
    result: list[Axis] = []
    for place in range(-len(shape), 0):
        here = [axes[place] for axes in several if len(axes) >= -place and axes[place]]
        # One place, as of a gate cut out of several, is repeated beside the others.
        long = [axis for axis in here if length(axis) > 1] or here[:1]
        for other in long[1:]:
            meet(long[0], other)
        result.append(long[0] if long else ())
    return tuple(result)
