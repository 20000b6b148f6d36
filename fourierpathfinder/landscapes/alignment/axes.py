"""Labels of the axes of tensors: which numbers along them may be exchanged together.

An axis is a product of labels, outermost first: heads and the channels of a head, or channels and
pixels that were flattened into one. An axis of length one has none. Where two axes meet, in a sum
or a matrix product, their labels become one; where a tensor is cut, joined or reshaped, its labels
are split as finely as that asks for. What cannot be followed is fixed: it keeps its order.
"""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import TypeAlias


class Label:
    """One set of numbers along axes, in any number of tensors.

    Parameters
    ----------
    size : int
        How many.
    fixed : bool
        Whether their order must stay.
    """

    def __init__(self, size: int, *, fixed: bool = False) -> None:
        self.size = size
        self.fixed = fixed
        self.factors: Axis = ()
        """The labels of which this one is the product, once it is known to be one."""
        self.segments: tuple[Axis, ...] = ()
        """The axes of which this one consists, one after the other, once they are known."""
        self._same: Label | None = None

    def found(self) -> "Label":
        """The label that this one has become part of, or itself."""
        label = self
        while label._same is not None:
            label = label._same
        return label

    def become(self, other: "Label") -> None:
        """Be the other label from now on."""
        self._same = other

    @property
    def is_whole(self) -> bool:
        """Whether it has not been split."""
        return not self.factors and not self.segments


Axis: TypeAlias = tuple[Label, ...]
Axes: TypeAlias = tuple[Axis, ...]


def new_axis(size: int, *, fixed: bool = False) -> Axis:
    """An axis of its own."""
    return (Label(size, fixed=fixed),) if size > 1 else ()


def one_place() -> Axis:
    """One place, where it counts as such: among those that are joined into an axis."""
    return (Label(1, fixed=True),)


def fixed_axes(shape: Iterable[int]) -> Axes:
    """Axes whose order stays."""
    return tuple(new_axis(size, fixed=True) for size in shape)


def length(axis: Axis) -> int:
    """How many numbers lie along an axis."""
    return prod(label.size for label in axis)


def resolved(axis: Axis) -> Axis:
    """The same axis as the product of labels that are no products themselves."""
    labels: list[Label] = []
    for each in axis:
        label = each.found()
        labels += resolved(label.factors) if label.factors else [label]
    return tuple(labels)


def fix(axis: Axis) -> None:
    """Keep the order along an axis."""
    for label in resolved(axis):
        label.fixed = True
        for segment in label.segments:
            fix(segment)


def is_fixed(axis: Axis) -> bool:
    """Whether the order along the whole axis stays."""
    return all(
        all(map(is_fixed, label.segments)) if label.segments else label.fixed
        for label in resolved(axis)
    )


def meet(first: Axis, second: Axis) -> None:
    """Two axes of one length become one."""
    mine, other = list(resolved(first)), list(resolved(second))
    while mine and other:
        a, b = mine[0], other[0]
        if a.size == b.size:
            _unite(mine.pop(0), other.pop(0))
        else:
            longer = mine if a.size > b.size else other
            parts = _outer(longer[0], min(a.size, b.size))
            if not parts:
                fix((*mine, *other))
                return
            longer[:1] = parts


def regrouped(axes: Axes, shape: Sequence[int]) -> Axes:
    """The axes of a tensor that is given another shape."""
    rest = [label for axis in axes for label in resolved(axis)]
    new: list[Axis] = []
    for size in shape:
        axis: list[Label] = []
        while length(tuple(axis)) < size:
            missing = size // length(tuple(axis))
            if rest[0].size > missing:
                parts = _outer(rest[0], missing)
                if not parts:
                    return _given_up(axes, shape)
                rest[:1] = parts
            axis.append(rest.pop(0))
        if length(tuple(axis)) != size:
            return _given_up(axes, shape)
        new.append(tuple(axis))
    return tuple(new)


def cut(axis: Axis, first: int, last: int) -> Axis:
    """The part of an axis from one place up to another."""
    if (first, last) == (0, length(axis)):
        return axis
    labels = resolved(axis)
    outer, inner = labels[0], labels[1:]
    step = length(inner)
    if first % step or last % step:
        fix(axis)
        return new_axis(last - first, fixed=True)
    pieces = _between(outer, first // step, last // step)
    if pieces is None:
        fix(axis)
        return new_axis(last - first, fixed=True)
    return (*joined(pieces), *inner)


def joined(axes: Sequence[Axis]) -> Axis:
    """Several axes one after the other as one."""
    if len(axes) == 1:
        return axes[0]
    label = Label(sum(map(length, axes)), fixed=all(map(is_fixed, axes)))
    if not label.fixed:
        label.segments = tuple(axes)
    return (label,)


def _unite(a: Label, b: Label) -> None:
    a, b = a.found(), b.found()  # one that stands twice on an axis may have become another
    if a is b:
        return
    if a.factors or b.factors:
        meet((a,), (b,))
        return
    if a.segments and b.segments:
        _unite_segments(a, b)
    kept, gone = (a, b) if a.segments else (b, a)
    if a.fixed or b.fixed:
        fix((kept,))
    gone.become(kept)


def _unite_segments(a: Label, b: Label) -> None:
    bounds = sorted({*_bounds(a), *_bounds(b)})
    for first, last in pairwise(bounds):
        pieces = [_between(label, first, last) for label in (a, b)]
        if pieces[0] is None or pieces[1] is None:
            fix((a, b))
            return
        meet(joined(pieces[0]), joined(pieces[1]))


def _bounds(label: Label) -> list[int]:
    return [0, *accumulate(map(length, label.segments))]


def _between(label: Label, first: int, last: int) -> list[Axis] | None:
    """The segments of a label between two places; None if it cannot be split there."""
    if label.is_whole:
        edges = sorted({0, first, last, label.size})
        parts = [j - i for i, j in pairwise(edges)]
        label.segments = tuple(_piece(part, fixed=label.fixed) for part in parts)
    for place in (first, last):
        if not _split_at(label, place):
            return None
    bounds = _bounds(label)
    return list(label.segments[bounds.index(first) : bounds.index(last)])


def _piece(size: int, *, fixed: bool) -> Axis:
    # One of its kind has nothing to be exchanged with, but its place counts.
    return (Label(size, fixed=fixed or size == 1),)


def _split_at(label: Label, place: int) -> bool:
    """Make a place a bound between segments; false if a product stands across it."""
    bounds = _bounds(label)
    if place in bounds:
        return True
    k = sum(bound < place for bound in bounds) - 1
    segment = resolved(label.segments[k])
    if len(segment) != 1:
        return False
    inner = _between(segment[0], 0, place - bounds[k])
    rest = _between(segment[0], place - bounds[k], segment[0].size)
    if inner is None or rest is None:
        return False
    label.segments = (*label.segments[:k], *inner, *rest, *label.segments[k + 1 :])
    return True


def _outer(label: Label, size: int) -> Axis:
    """A label as a product with an outermost factor of a size; empty if it is no such product."""
    if label.size % size or not label.is_whole:
        return ()
    label.factors = tuple(Label(n, fixed=label.fixed) for n in (size, label.size // size))
    return label.factors


def _given_up(axes: Axes, shape: Sequence[int]) -> Axes:
    for axis in axes:
        fix(axis)
    return fixed_axes(shape)
