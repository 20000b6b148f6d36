"""What the ends are made of, and the electronic state that their files ask for."""

from collections.abc import Sequence

import numpy as np
from ase import Atoms

from ..comparison import listed
from .finding import Finding, Severity

_SAME = 0.05
"""In μ_B or e: moments and charges that differ by less are rounded."""
_STATED = ("charge", "spin", "multiplicity")
"""Entries of `atoms.info` that some calculators read."""
_SAME_MASS = 0.05
"""In u: tables of masses differ by less, isotopes by more."""


def composition(start: Atoms, end: Atoms) -> Finding | None:
    """Ends made of other atoms."""
    if sorted(start.numbers) == sorted(end.numbers):
        return None
    ours, theirs = (a.get_chemical_formula("hill") for a in (start, end))
    return Finding(
        "composition",
        Severity.STOP,
        f"the product is {theirs} but the reactant is {ours}",
        "both must be made of the same atoms",
    )


def moments(start: Atoms, end: Atoms) -> Finding | None:
    """Moments, charges and masses that differ: every point gets those of the reactant."""
    kinds = (
        ("magnetic moments", [a.get_initial_magnetic_moments() for a in (start, end)]),
        ("charges", [a.get_initial_charges() for a in (start, end)]),
    )
    finding = _differing(start, kinds)
    return finding or _stated(start, end) or _isotopes(start, end)


def _differing(start: Atoms, kinds: Sequence[tuple[str, list[np.ndarray]]]) -> Finding | None:
    for name, (ours, theirs) in kinds:
        if ours.shape != theirs.shape:
            differing, example = np.arange(len(start)), "one end's have directions"
        else:
            gaps = np.abs(ours - theirs).reshape(len(start), -1).max(axis=1)
            differing = np.flatnonzero(gaps > _SAME)
            if not len(differing):
                continue
            k = int(differing[0])
            example = f"atom {k} has {_shown(ours[k])} in the reactant and {_shown(theirs[k])}"
        return Finding(
            "moments",
            Severity.WARNING,
            f"the initial {name} differ at {listed(differing)} ({example} in the product)",
            "the calculator gets the reactant's everywhere on the path: set both alike, or compute "
            "the product's energy in the reactant's state first",
        )
    return None


def _stated(start: Atoms, end: Atoms) -> Finding | None:
    """The state of the whole, as files state it beside the atoms."""
    for name in _STATED:
        ours, theirs = (atoms.info.get(name) for atoms in (start, end))
        if not np.array_equal(ours, theirs):
            return Finding(
                "moments",
                Severity.WARNING,
                f"the files state another {name}: {_said(ours)} for the reactant, "
                f"{_said(theirs)} for the product",
                "the calculator gets the reactant's everywhere on the path: set both alike",
            )
    return None


def _said(value: object) -> str:
    return "none" if value is None else str(value)


def _isotopes(start: Atoms, end: Atoms) -> Finding | None:
    """Masses that differ, on which no energy depends, but vibrations and rates do."""
    ours, theirs = start.get_masses(), end.get_masses()
    differing = np.flatnonzero(np.abs(ours - theirs) > _SAME_MASS)
    if not len(differing):
        return None
    k = int(differing[0])
    return Finding(
        "moments",
        Severity.WARNING,
        f"the masses differ at {listed(differing)} (atom {k} has {ours[k]:g} u in the "
        f"reactant and {theirs[k]:g} u in the product)",
        "the reactant's are taken everywhere: give both files the same isotopes",
    )


def _shown(value: np.ndarray) -> str:
    return " ".join(f"{part:g}" for part in np.atleast_1d(value))
