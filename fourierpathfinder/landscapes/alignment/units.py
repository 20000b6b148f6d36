r"""A set of units that may be exchanged, and every place where their order shows.

An axis of a parameter that runs over n units is read as (outer, n, inner): the four gates of an
LSTM are outer, the pixels of a channel that a linear layer sees after flattening are inner. A
permutation π of the units then acts on all these places at once, and the function stays the same:

.. math:: W^{(l)}_{ij} \to W^{(l)}_{\pi(i) j}, \quad W^{(l+1)}_{ki} \to W^{(l+1)}_{k \pi(i)}
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

State: TypeAlias = Mapping[str, Any]
"""Parameters and buffers by name."""


@dataclass(frozen=True)
class Slot:
    """One axis of one parameter or buffer that runs over the units.

    Parameters
    ----------
    name : str
        The parameter's or buffer's name in the state dict.
    axis : int
        Which of its axes.
    n_outer : int
        How often the units are run through on that axis.
    """

    name: str
    axis: int
    n_outer: int = 1

    def permuted(self, values: Any, order: Any) -> Any:
        """`values` with the units taken in this order."""
        split = values.unflatten(self.axis, (self.n_outer, len(order), -1))
        return split.index_select(self.axis + 1, order.to(values.device)).reshape(values.shape)

    def rows(self, values: Any, n_units: int) -> Any:
        """All numbers that belong to a unit, as the rows of a float64 matrix (n_units, ...)."""
        split = values.detach().double().unflatten(self.axis, (self.n_outer, n_units, -1))
        return split.movedim(self.axis + 1, 0).flatten(1)


@dataclass(frozen=True)
class Units:
    """Units that one layer makes: channels, neurons or hidden states.

    Parameters
    ----------
    layer : str
        The module that makes them, by its name.
    depth : int
        Which layer of a stack of recurrent layers; 0 otherwise.
    n_units : int
        How many they are.
    slots : tuple of Slot
        Where their order shows.
    """

    layer: str
    depth: int
    n_units: int
    slots: tuple[Slot, ...]

    def permuted(self, state: State, order: Any) -> dict[str, Any]:
        """A state with these units in another order."""
        changed = dict(state)
        for slot in self.slots:
            changed[slot.name] = slot.permuted(changed[slot.name], order)
        return changed
