"""Which units a module has and where their order shows: found by running it, or given.

Labels that were not fixed when the module was run (`tracing`) are units. Where one label stands
within another wherever it occurs, as the channels of a head do, each of the outer ones has units of
its own.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from .axes import Axis, Label, length, resolved
from .example_inputs import made_up_inputs
from .tracing import Trace, traced
from .units import Slot, Units

Specification = Mapping[str, Sequence[tuple[str, int]]]
"""Of each set of units, by any name: the parameters and axes along which they lie."""


@dataclass(frozen=True, eq=False)
class _Occurrence:
    """A label on an axis of a tensor: its places, and the labels outside of it there."""

    label: Label
    name: str
    axis: int
    places: Any
    outer: tuple[Label, ...]


def find_units(
    module: Any, args: tuple[Any, ...] | None = None, kwargs: Mapping[str, Any] | None = None
) -> list[Units]:
    """All sets of units that may be exchanged within a module.

    Parameters
    ----------
    module : torch.nn.Module
        It is run once, in evaluation mode.
    args, kwargs : optional
        What to call it with; without any, inputs are made up.

    Returns
    -------
    list of Units
        In the order of the state dict.
    """
    if args is None:
        args = (made_up_inputs(module),)
    was_training = [layer.training for layer in module.modules()]
    try:
        found = traced(module.eval(), args, kwargs or {})
    finally:
        for layer, flag in zip(module.modules(), was_training, strict=True):
            layer.training = flag
    return _units(module, found)


def units_of(specification: Specification, state: Mapping[str, Any]) -> list[Units]:
    """The units of a specification.

    Raises
    ------
    ValueError
        If a name is not in the state dict, or lengths do not fit together.
    """
    found = []
    for name, places in specification.items():
        for parameter, axis in places:
            if parameter not in state or not -state[parameter].ndim <= axis < state[parameter].ndim:
                raise ValueError(
                    f"`units` gives {name!r} the axis {axis} of {parameter!r}; the state dict has "
                    "no such axis"
                )
        lengths = [state[parameter].shape[axis] for parameter, axis in places]
        n_units = min(lengths)
        if any(each % n_units for each in lengths):
            raise ValueError(f"`units` gives {name!r} axes of {lengths} numbers; no multiples")
        slots = tuple(
            Slot(parameter, axis, torch.arange(n).reshape(n_units, -1))
            for (parameter, axis), n in zip(places, lengths, strict=True)
        )
        found.append(Units(n_units, slots))
    return found


def _units(module: Any, trace: Trace) -> list[Units]:
    order = [name for name in module.state_dict() if name in trace.state]
    in_state = [
        each
        for name in order
        for axis, labels in enumerate(trace.state[name])
        for each in _occurrences(name, axis, labels)
    ]
    in_outputs = [
        each for name, labels in trace.made.items() for each in _occurrences(name, -1, labels)
    ]
    free = list(dict.fromkeys(each.label for each in in_state if not each.label.fixed))
    outer_of = _nested(free, in_state, in_outputs, trace)
    return [
        _as_units(
            label,
            in_state,
            in_outputs,
            [k for k, v in outer_of.items() if v is label],
            trace.crossed,
        )
        for label in free
        if label not in outer_of
    ]


def _as_units(
    label: Label,
    in_state: list[_Occurrence],
    in_outputs: list[_Occurrence],
    inner: Sequence[Label],
    crossed: set[str],
) -> Units:
    slots, outputs = _slots(label, in_state), _slots(label, in_outputs)
    within = tuple(
        tuple(
            Units(
                each.size,
                _slots(each, in_state, (label, k)),
                _slots(each, in_outputs, (label, k)),
            )
            for k in range(label.size)
        )
        for each in inner
    )
    names = {slot.name for slot in outputs}
    names |= {slot.name for kind in within for slot in kind[0].outputs}
    return Units(label.size, slots, outputs, within, is_crossed=bool(names & crossed))


def _slots(
    label: Label, occurrences: Iterable[_Occurrence], only: tuple[Label, int] | None = None
) -> tuple[Slot, ...]:
    """The slots of a label; `only` those of its places within one unit of another label."""
    slots: dict[tuple[str, int, int], list[Any]] = {}
    for each in occurrences:
        if each.label is not label:
            continue
        places = each.places
        if only is not None:
            outer = next(o for o in occurrences if _is_beside(o, each, only[0]))
            mine = set(outer.places[only[1]].tolist())
            kept = [[place for place in row if place in mine] for row in places.tolist()]
            places = torch.tensor(kept)
        # Where a label stands within itself, as in x xᵀ, its orders are taken one after the other.
        key = each.name, each.axis, each.outer.count(label)
        slots.setdefault(key, []).append(places)
    return tuple(Slot(*key[:2], torch.cat(places, dim=1)) for key, places in slots.items())


def _is_beside(one: _Occurrence, other: _Occurrence, label: Label) -> bool:
    """Whether `one` is of this label, in the same segment of the same axis as the other."""
    return (
        one.label is label
        and (one.name, one.axis) == (other.name, other.axis)
        and set(other.places.flatten().tolist()) <= set(one.places.flatten().tolist())
    )


def _occurrences(name: str, axis: int, labels: Axis) -> list[_Occurrence]:
    """All labels along an axis, with the places of each."""
    places = torch.arange(length(labels))
    return [
        _Occurrence(label, name, axis, each, outer)
        for label, each, outer in _placed(resolved(labels), places)
    ]


def _placed(labels: Axis, places: Any) -> Iterator[tuple[Label, Any, tuple[Label, ...]]]:
    """Each label of a product, its places (n, k), and the labels outside of it."""
    grid = places.reshape([label.size for label in labels])
    for k, label in enumerate(labels):
        if label.segments:
            sizes = [length(segment) for segment in label.segments]
            for segment, part in zip(label.segments, grid.split(sizes, dim=k), strict=True):
                yield from _placed(labels[:k] + resolved(segment) + labels[k + 1 :], part)
            return
    for k, label in enumerate(labels):
        yield label, grid.movedim(k, 0).reshape(label.size, -1), labels[:k]


def _nested(
    free: Sequence[Label],
    in_state: list[_Occurrence],
    in_outputs: list[_Occurrence],
    trace: Trace,
) -> dict[Label, Label]:
    """For labels that stand within another one wherever they occur, that one."""
    outer_of: dict[Label, Label] = {}
    together = _always_together(trace)
    for label in free:
        candidates = [set(each.outer) for each in (*in_state, *in_outputs) if each.label is label]
        shared = set.intersection(*candidates) & together.get(label, set())
        chosen = [other for other in free if other in shared and other not in outer_of]
        if chosen:
            outer_of[label] = chosen[0]
    return outer_of


def _always_together(trace: Trace) -> dict[Label, set[Label]]:
    """For each label, those that stand beside it once wherever it occurs."""
    found: dict[Label, set[Label]] = {}
    for axes in (*trace.state.values(), *trace.others):
        for labels in _terms([label for axis in axes for label in resolved(axis)]):
            once = {label for label in labels if labels.count(label) == 1}
            for label in set(labels):
                found[label] = found[label] & once if label in found else once
    return found


def _terms(labels: Sequence[Label]) -> Iterator[list[Label]]:
    """The parts of a tensor that run over one product of labels each."""
    for k, label in enumerate(labels):
        if label.segments:
            for segment in label.segments:
                yield from _terms([*labels[:k], *resolved(segment), *labels[k + 1 :]])
            return
    yield list(labels)
