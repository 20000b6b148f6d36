r"""The nearest of all equivalent alignments of a structure: rotations, shifts, identical atoms.

.. math:: \min_{R,\, s,\, \pi} \sum_i |x_i - (R\, y_{\pi(i)} + s)|^2

What leaves the energy decides. Where nothing is periodic or fixed, the structure is rotated and
shifted; a crystal of which nothing is fixed is shifted, and its atoms go to their nearest images;
where something is fixed, atoms go to their nearest images only. A molecule of which only atoms on
one line are fixed, or a single one, is rotated about these.
"""

import numpy as np
from ase import Atoms

from .alignment import best_rotation, nearest
from .assignment import matched
from .constraints import held_on_a_line, moves_as_a_whole, shifts_as_a_whole
from .minimum_image import MinimumImage
from .shifts import shifted_nearest, shifted_order

_NOWHERE = 1e-6
"""In Å: what would move by less stays, as the best rotation is found to half of the digits."""


def superpose(start: Atoms, end: Atoms, *, permute: bool = False) -> Atoms:
    """Place `end` as near to `start` as rotation, translation or periodicity allow.

    Parameters
    ----------
    start : ase.Atoms
        The structure that stays. Its cell and constraints decide: a molecule is turned and
        shifted, a crystal with nothing fixed is shifted, and its atoms move to their nearest
        periodic images; where something is fixed they only do the latter, unless the rest can turn
        about it.
    end : ase.Atoms
        The structure to place; left unchanged.
    permute : bool
        Whether atoms of the same element may be exchanged. It then suffices that both have the
        same composition, and the result has the order of `start`. The best exchange of many
        atoms is searched for, not proven.

    Returns
    -------
    ase.Atoms
        A copy of `end` with other positions (and order).

    Raises
    ------
    ValueError
        If the two are not made of the same atoms in, without `permute`, the same order.

    References
    ----------
    W. Kabsch, Acta Cryst. A 34, 827 (1978), DOI 10.1107/S0567739478001680 (rotation).

    Examples
    --------
    >>> from ase.build import molecule
    >>> water = molecule("H2O")
    >>> turned = water.copy()
    >>> turned.rotate(50, (1, 2, 3))
    >>> bool(abs(superpose(water, turned).positions - water.positions).max() < 1e-9)
    True
    """
    numbers = [sorted(a.numbers) if permute else a.numbers.tolist() for a in (start, end)]
    if numbers[0] != numbers[1]:
        raise ValueError(
            f"`start` is {start.symbols} and `end` {end.symbols}; they must hold the same atoms"
            + ("" if permute else " in the same order, unless `permute=True`")
        )
    if permute:
        end = end[best_order(start, end)]
    placed = Atoms.copy(end)
    placed.positions = _placed(start, end.positions)
    return placed


def displacements(start: Atoms, placed: Atoms) -> np.ndarray:
    """How far each atom (n,) is from its counterpart, to the nearest image."""
    vectors = MinimumImage.of(start)(placed.positions - start.positions)
    return np.asarray(np.linalg.norm(vectors, axis=1))


def best_order(start: Atoms, end: Atoms) -> np.ndarray:
    """For each atom of `start` the atom of `end` that takes its place (n,)."""
    # both sorted by element, so that atom i is of the same kind in both
    ours, theirs = (np.argsort(atoms.numbers, kind="stable") for atoms in (start, end))
    kinds, image = start.numbers[ours], MinimumImage.of(start)
    target, positions = start.positions[ours], end.positions[theirs]
    if moves_as_a_whole(start):
        found = nearest(kinds, target, positions).order
    elif shifts_as_a_whole(start):
        found = shifted_order(kinds, target, positions, image)
    else:
        found = matched(kinds, target, positions, image)
    order = np.empty(len(ours), dtype=int)
    order[ours] = theirs[found]
    return order


def _placed(start: Atoms, positions: np.ndarray) -> np.ndarray:
    """Positions (n, 3), their atoms in the order of `start`, as near to it as leaves the energy."""
    target, image = start.positions, MinimumImage.of(start)
    if moves_as_a_whole(start):
        centre, middle = target.mean(axis=0), positions.mean(axis=0)
        rotation = best_rotation(target - centre, positions - middle)
        return np.asarray((positions - middle) @ rotation.T + centre)
    if shifts_as_a_whole(start):
        return shifted_nearest(target, positions, image)
    held = held_on_a_line(start)
    if held is not None:
        pivot = held[0]
        rotation = best_rotation(target - pivot, positions - pivot, axis=held[-1] - pivot)
        turned = (positions - pivot) @ rotation.T + pivot
        # What lies there already stays as it is, to the last bit: it may have been evaluated.
        return positions if np.abs(turned - positions).max() < _NOWHERE else np.asarray(turned)
    return np.asarray(target + image(positions - target))
