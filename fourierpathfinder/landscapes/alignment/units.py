r"""A set of units that may be exchanged, and every place where their order shows.

A unit has one or more places on an axis of a parameter: a channel has all its pixels on the axis of
a linear layer that reads the flattened image, a head all its channels. A permutation π of the units
acts on all these places at once, and the function stays the same:

.. math:: W^{(l)}_{ij} \to W^{(l)}_{\pi(i) j}, \quad W^{(l+1)}_{ki} \to W^{(l+1)}_{k \pi(i)}

Units may have units within them, as heads have channels, which may be exchanged within each.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch

State: TypeAlias = Mapping[str, Any]
"""Parameters and buffers by name."""


@dataclass(frozen=True, eq=False)
class Slot:
    """One axis of one tensor on which the units have places.

    Parameters
    ----------
    name : str
        The parameter's or buffer's name in the state dict.
    axis : int
        Which of its axes.
    places : Tensor of int (n_units, k)
        Where each unit stands on it.
    """

    name: str
    axis: int
    places: Any

    def permuted(self, values: Any, order: Any) -> Any:
        """`values` with the units taken in this order."""
        index = torch.arange(values.shape[self.axis])
        index[self.places.flatten()] = self.places[order.cpu()].flatten()
        return values.index_select(self.axis, index.to(values.device))

    def rows(self, values: Any) -> Any:
        """All numbers that belong to a unit, as the rows of a float64 matrix (n_units, ...)."""
        chosen = values.detach().double().movedim(self.axis, 0)[self.places.to(values.device)]
        return chosen.flatten(1)


@dataclass(frozen=True, eq=False)
class Units:
    """Units that may be exchanged with each other: neurons, channels, hidden states or heads.

    Parameters
    ----------
    n_units : int
        How many they are.
    slots : tuple of Slot
        Where their order shows in the state dict.
    outputs : tuple of Slot
        Where it shows in what linear operations put out, by their and the weights' names.
    within : tuple of tuple of Units
        Of each kind of units within these, the ones of each.
    is_crossed : bool
        Whether the samples of one of these outputs run over units as well.
    """

    n_units: int
    slots: tuple[Slot, ...]
    outputs: tuple[Slot, ...] = ()
    within: tuple[tuple["Units", ...], ...] = ()
    is_crossed: bool = False

    @property
    def is_put_out(self) -> bool:
        """Whether a linear operation puts out these units, or those within them."""
        return bool(self.outputs) or any(kind[0].outputs for kind in self.within)

    def permuted(self, state: State, order: Any) -> dict[str, Any]:
        """A state with these units in another order."""
        changed = dict(state)
        for slot in self.slots:
            changed[slot.name] = slot.permuted(changed[slot.name], order)
        return changed
