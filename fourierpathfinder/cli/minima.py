"""The ends under the calculator, before a path is sought: relaxed if asked, and looked over."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms

from ..atoms import CrystalLandscape
from ..atoms.preflight import Finding, same_minimum, unrelaxed
from ..atoms.preflight.minimum import with_article
from ..evaluation import LandscapeError
from ..landscapes.isolation import TooManyFailuresError
from ..reaction_path import RelaxedMinimum, relax
from ..result import Evaluations
from ..storage.evaluations import Evaluation
from . import cells
from .exits import InputError
from .memory import Prior, RecordedMolecule

log = logging.getLogger("fourierpathfinder.cli")

_RELAXING = 500
"""Calculations at most to relax one end."""

RELAX = "--relax-ends"
"""The option that relaxes the two ends of a path."""


def evaluated_findings(landscape: RecordedMolecule, ends: tuple[Atoms, Atoms]) -> list[Finding]:
    """What the calculator says of two ends: two gradients."""
    return findings_at(landscape, *landscape.molecule.ends(*ends))


def findings_at(landscape: RecordedMolecule, a: np.ndarray, b: np.ndarray) -> list[Finding]:
    """What the calculator says of two ends (D,): two gradients.

    Raises
    ------
    TooManyFailuresError
        If it fails at one of them.
    """
    names = ("reactant", "product")
    log.info("evaluating the ends")
    return unrelaxed_ones(landscape, names, evaluated(landscape, names, [a, b]))


def unrelaxed_ones(
    landscape: RecordedMolecule, names: Sequence[str], gradients: np.ndarray, option: str = RELAX
) -> list[Finding]:
    """Which structures are not relaxed, by their gradients (M, D); the log tells of each."""
    advice = f"pass {option}, or relax it with this same calculator"
    found = [
        unrelaxed(name, landscape.molecule.forces(gradient), advice=advice)
        for name, gradient in zip(names, gradients, strict=True)
    ]
    findings = [finding for finding in found if finding is not None]
    for finding in findings:
        log.warning("%s", finding)
    return findings


def evaluated(
    landscape: RecordedMolecule, names: Sequence[str], points: Sequence[np.ndarray]
) -> np.ndarray:
    """The gradients (M, D) at points that have names, evaluated side by side.

    Raises
    ------
    TooManyFailuresError
        If the calculator fails at one of them.
    """
    n_before = landscape.isolated.n_failures
    energies, gradients = landscape.value_and_grad(np.stack(points))
    for name, energy in zip(names, energies, strict=True):
        if not np.isfinite(energy):
            why = landscape.why_failed(n_before=n_before)
            raise TooManyFailuresError(f"the calculator fails at {with_article(name)}: {why}")
    return np.asarray(gradients)


@dataclass(frozen=True, eq=False)
class RelaxedEnds:
    """Both ends, relaxed or as they were.

    Attributes
    ----------
    a, b : array (D,)
        As they are placed for a path.
    n_gradients : int
        Evaluations that it took to relax them.
    known : Evaluations or None
        All of these, where they lie beside the ends as these are placed.
    """

    a: np.ndarray
    b: np.ndarray
    n_gradients: int = 0
    known: Evaluations | None = None


def relaxed_ends(
    landscape: RecordedMolecule, a: np.ndarray, b: np.ndarray, prior: Prior
) -> RelaxedEnds:
    """Relax both ends; the second relaxation knows what the first has seen.

    Raises
    ------
    InputError
        If both are the same minimum then.
    """
    first = relaxed(landscape, "reactant", a, prior=prior)
    last = relaxed(landscape, "product", b, first.evaluations, prior)
    start, end = (landscape.molecule.atoms(one.position) for one in (first, last))
    if isinstance(landscape.molecule, CrystalLandscape):
        cells.require_different(landscape.molecule, first.position, last.position)
    elif same := same_minimum(start, end):
        raise InputError(f"after relaxation, {same.sentence}")
    a, b = landscape.molecule.ends(start, end)
    known = first.evaluations.joined(_placed(landscape, last, len(first.evaluations), b))
    return RelaxedEnds(a, b, first.n_gradients + last.n_gradients, known)


def _placed(
    landscape: RecordedMolecule, end: RelaxedMinimum, n_before: int, x: np.ndarray
) -> Evaluations:
    """What a relaxation has evaluated beyond what it knew, where its end is placed at `x` (D,).

    The landscape is told of the end itself, so that it is not evaluated there once more.
    """
    points, values, gradients = (each[n_before:] for each in vars(end.evaluations).values())
    points, gradients = landscape.molecule.turned(
        np.concatenate([end.position[None], points]),
        np.concatenate([end.gradient[None], gradients]),
        end.position,
        x,
    )
    landscape.follows(Evaluation(points[0], end.value, gradients[0]))
    return Evaluations(points[1:], values, gradients[1:])


def relaxed(
    landscape: RecordedMolecule,
    name: str,
    x: np.ndarray,
    known: Evaluations | None = None,
    prior: Prior = None,
) -> RelaxedMinimum:
    """Relax a structure; `relax` itself logs each step.

    Raises
    ------
    TooManyFailuresError
        If the calculator fails.
    """
    n_before = landscape.isolated.n_failures
    log.info("relaxing %s", with_article(name))
    try:
        minimum = relax(landscape, x, prior=prior, known=known, max_gradients=_RELAXING)
    except (LandscapeError, TooManyFailuresError) as error:
        raise TooManyFailuresError(
            f"{with_article(name)} could not be relaxed, as the calculator fails: "
            f"{landscape.why_failed(error, n_before)}"
        ) from error
    log.info(
        "%s after %d gradients: %.6f eV, force %.3f eV/Å",
        with_article(name), minimum.n_gradients, minimum.value, minimum.largest_force,
    )  # fmt: skip
    if not minimum.success:
        log.warning("%s is not fully relaxed: %s", with_article(name), minimum.message)
    return minimum
