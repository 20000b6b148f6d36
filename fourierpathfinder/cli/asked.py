"""What `--order` and `--mirror` do to the product, and what is said of it."""

from dataclasses import replace

import numpy as np
from ase import Atoms

from ..atoms import superpose
from ..atoms.mapping import mapped_order, reordered
from ..atoms.preflight import Finding, Severity, mirrored
from ..atoms.preflight.chirality import TAKE_THE_MIRROR_IMAGE

_ROUNDS = 3
"""An order may be bettered by a search from the last one, seldom more often than once."""
_SHOWN = 50
"""Atoms of an order that are told."""


def reordered_as_asked(start: Atoms, end: Atoms) -> tuple[Atoms, Finding]:
    """The product with its atoms in the order that fits the reactant's best, and what was done."""
    given = np.arange(len(end))
    order = mapped_order(start, end)
    for _ in range(_ROUNDS):
        better = order[mapped_order(start, reordered(start, end, order))]
        if (better == order).all():
            break
        order = better
    placed = reordered(start, end, order)
    if (order == given).all():
        return placed, _note(
            "order", "--order leaves the product's atoms as they are: no other order fits better"
        )
    more = f" and {len(order) - _SHOWN} more" if len(order) > _SHOWN else ""
    told = " ".join(map(str, order[:_SHOWN].tolist())) + more
    return placed, _note("order", f"--order has put the product's atoms in the order {told}")


def mirrored_as_asked(start: Atoms, end: Atoms) -> tuple[Atoms, Finding]:
    """The mirror image of the product, laid on the reactant, and what was done."""
    return superpose(start, mirrored(end)), _note(
        "handedness", "--mirror has taken the product's mirror image"
    )


def without_mirror(findings: list[Finding]) -> list[Finding]:
    """Findings where the mirror image is taken: one may say that it is wrong, none asks for it."""
    return [
        replace(one, advice="leave --mirror out") if one.advice == TAKE_THE_MIRROR_IMAGE else one
        for one in findings
    ]


def _note(subject: str, found: str) -> Finding:
    return Finding(subject, Severity.NOTE, found)
