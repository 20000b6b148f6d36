"""Minimum-energy paths under GFN2-xTB, held against small-step descents on the calculator itself.

    python benchmarks/reaction_paths.py                          ten of Baker's, one table
    python benchmarks/reaction_paths.py --only baker_01 baker_14
    python benchmarks/reaction_paths.py --plain                  without masses

The reference begins at the saddle that Newton steps on finite differences lead to, and follows the
true gradient by backward differentiation with a tolerance of 1e-4 Å a step; its Hessians are finite
differences of gradients, too. It costs hundreds to thousands of gradients. Each of its points is
compared with that place of the path which is nearest in the metric of the descent: root mean square
over path and atoms, and the largest difference of energies.
"""

import argparse
import os
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before NumPy

import numpy as np
from judge import Watched
from reaction_set import Reaction, reactions
from scipy.integrate import BDF
from scipy.interpolate import PchipInterpolator

from fourierpathfinder import MinimumEnergyPath, Surrogate, find_path, minimum_energy_path
from fourierpathfinder.atoms import MoleculeLandscape

N_POINTS = 401
"""So many that nothing is lost in going from one to the next."""
TEN = (1, 3, 5, 6, 8, 10, 11, 14, 15, 20)
STEP = 0.005
"""Displacement of finite differences, in Å."""
TIGHT = 1e-3
"""Largest force on an atom at the reference's saddle, in eV/Å."""
FIRST = 0.02
"""In Å: the reference's first step from the saddle."""
AT_REST = 0.02
"""In eV/Å: where the largest component of the gradient is below this a reference ends."""
MOST = 8000
"""Gradients of one descent of the reference."""


@dataclass(frozen=True)
class Compared:
    """One path beside its reference."""

    name: str
    n_search: int
    n_path: int
    success: bool
    ends: str
    rms: float
    """Å, over path and atoms."""
    furthest: float
    """Å, the root mean square over atoms at the worst place."""
    largest: float
    """meV, the largest difference of energies."""
    stated: float
    """meV, the largest error that the path states."""
    n_reference: int

    @property
    def row(self) -> str:
        """In Markdown."""
        cells = [
            self.name, f"{self.n_search}", f"{self.n_path}", "yes" if self.success else "no",
            self.ends, f"{self.rms:.4f}", f"{self.furthest:.3f}", f"{self.largest:.1f}",
            f"{self.stated:.1f}", f"{self.n_reference}",
        ]  # fmt: skip
        return "| " + " | ".join(cells) + " |"


HEAD = ("| reaction | gradients of the search | more for the path | known | ends | rms (Å) "
        "| furthest (Å) | energy (meV) | stated (meV) | reference's gradients |")  # fmt: skip


class Reference:
    """Small-step descents on the calculator."""

    def __init__(self, landscape: MoleculeLandscape, masses: np.ndarray) -> None:
        self.watched = Watched(landscape)
        self._masses = np.diag(masses)

    def followed(self, guess: np.ndarray, tangent: np.ndarray) -> list[np.ndarray]:
        """Both branches (K, D), from the saddle on, towards the start and the end."""
        saddle = self._saddle(guess)
        root = 1 / np.sqrt(self._masses)
        _, modes = np.linalg.eigh(root[:, None] * self._hessian(saddle) * root)
        mode = root * modes[:, 0]
        mode *= np.sign(mode @ tangent) / np.linalg.norm(mode)
        return [self._descended(saddle, side * FIRST * mode) for side in (-1, 1)]

    def _gradient(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.watched.value_and_grad(x[None])[1][0])

    def _hessian(self, x: np.ndarray) -> np.ndarray:
        shifts = STEP * np.eye(len(x))
        gradients = self.watched.value_and_grad(np.concatenate([x + shifts, x - shifts]))[1]
        half = (gradients[: len(x)] - gradients[len(x) :]) / (2 * STEP)
        return (half + half.T) / 2

    def _saddle(self, x: np.ndarray) -> np.ndarray:
        for _ in range(10):
            gradient = self._gradient(x)
            if np.linalg.norm(gradient.reshape(-1, 3), axis=1).max() < TIGHT:
                break
            curvatures, modes = np.linalg.eigh(self._hessian(x))
            curved = np.abs(curvatures) > 0.05  # eV/Å²: turns of the whole have none
            x = x - modes[:, curved] @ ((modes.T @ gradient)[curved] / curvatures[curved])
        return x

    def _descended(self, saddle: np.ndarray, step: np.ndarray) -> np.ndarray:
        most = self.watched.n_gradients + MOST
        solver = BDF(
            lambda _, x: -self._gradient(x) / self._masses, 0.0, saddle + step, np.inf,
            rtol=1e-4, atol=1e-4, jac=lambda _, x: -self._hessian(x) / self._masses[:, None],
        )  # fmt: skip
        points, largest = [saddle, saddle + step], 0.0
        while self.watched.n_gradients < most:
            solver.step()
            points.append(solver.y.copy())
            force = float(np.abs(self._gradient(solver.y)).max())
            largest = max(largest, force)
            if force < AT_REST < largest / 3:
                break
        return np.array(points)


def compared(reaction: Reaction, plain: bool) -> Compared:
    """One reaction: searched, followed, and held against the reference."""
    landscape = MoleculeLandscape(reaction.reactant, reaction.calculator)
    watched = Watched(landscape)
    result = find_path(
        watched, reaction.reactant, reaction.product, method=Surrogate(), max_gradients=200, rng=0
    )
    n_search = watched.n_gradients
    followed = minimum_energy_path(watched, result, mass_weighted=not plain, n_points=N_POINTS)
    n_path = watched.n_gradients - n_search
    masses = np.eye(len(followed.points[0])) if plain else landscape.mass_matrix()
    reference = Reference(landscape, masses)
    assert result.saddle is not None
    branches = reference.followed(result.saddle.position, result.path.velocity(result.saddle.time))
    gaps, energies = difference(landscape, followed, branches, np.diag(masses))
    return Compared(
        reaction.name, n_search, n_path, followed.success,
        ", ".join(neighbour.is_end or "new" for neighbour in followed.neighbours),
        float(np.sqrt(np.mean(gaps**2))), float(gaps.max()), 1e3 * float(energies.max()),
        1e3 * float(followed.errors.max()), reference.watched.n_gradients,
    )  # fmt: skip


def difference(
    landscape: Any, followed: MinimumEnergyPath, branches: list[np.ndarray], masses: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """At each point of the reference, its distance from the path in Å, and that in energy in eV."""
    lengths = np.linspace(followed.lengths[0], followed.lengths[-1], 4001)
    place = PchipInterpolator(followed.lengths, followed.points)
    height = PchipInterpolator(followed.lengths, followed.values)
    line, slopes = place(lengths), place.derivative()
    gaps, energies = [], []
    for x in np.concatenate(branches):
        nearest = int((masses * (line - x) ** 2).sum(axis=1).argmin())
        along = slopes(lengths[nearest])  # energies fall by meV between
        offset = (masses * along) @ (x - line[nearest]) / ((masses * along) @ along)
        at = np.clip(lengths[nearest] + offset, lengths[0], lengths[-1])
        gaps.append(np.sqrt(((place(at) - x) ** 2).sum() / (len(x) / 3)))
        energies.append(abs(height(at) - landscape.value_and_grad(x[None])[0][0]))
    return np.array(gaps), np.array(energies)


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", metavar="NAME", help="by the start of a name")
    parser.add_argument("--plain", action="store_true", help="without masses")
    given = parser.parse_args()
    names = given.only or [f"baker_{number:02}" for number in TEN]
    print(HEAD, "| --- " * HEAD.count(" | ") + "| --- |", sep="\n")
    rows = []
    for reaction in reactions(names):
        rows.append(compared(reaction, given.plain))
        print(rows[-1].row, flush=True)
    more = [row.n_path for row in rows]
    print(f"\nMore gradients for the path: median {np.median(more):g}, most {max(more)}. "
          f"Largest rms {max(row.rms for row in rows):.3f} Å, largest difference of energies "
          f"{max(row.largest for row in rows):.1f} meV.")  # fmt: skip


if __name__ == "__main__":
    main()
