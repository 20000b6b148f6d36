"""Other ways to the same barriers, with every gradient counted.

A gradient is one evaluation of energy and forces at one geometry, the ends included. Two numbers
are kept: gradients until the peer's top stays within the tolerance of the known answer, which no
user could know, and until the peer itself declares convergence.
"""

import contextlib
import importlib.util
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms
from ase.mep.neb import NEB, NEBOptimizer, idpp_interpolate
from ase.optimize import BFGS, FIRE
from bridge import Bridge, BudgetSpentError
from systems import System

from fourierpathfinder import Direct, SinePath, find_path

BUDGET = 900
FMAX, FINE = 0.05, 0.005
"""In eV/Å: what bands are usually converged to, and what they go on to if need be."""
ELSEWHERE = 0.2
"""Of the rise E: a top that misses the answer by more has found another saddle, or none."""


@dataclass(frozen=True)
class Count:
    """What a peer spent on one system.

    Parameters
    ----------
    to_answer : int or None
        Gradients until the top stays within the tolerance of the known answer; None for never.
    to_convergence : int or None
        Gradients until the peer's own criterion was met.
    error : float
        Of the height then (or at the end), in the landscape's unit.
    note : str
        What went wrong, if anything.
    """

    to_answer: int | None
    to_convergence: int | None
    error: float
    note: str = ""


@dataclass(frozen=True)
class Band:
    """ASE's climbing-image NEB with improved tangents, from the image-dependent pair potential.

    Parameters
    ----------
    optimizer : {"FIRE", "BFGS", "ODE"}
        What moves the images.
    n_images : int
        Images between the ends.
    budget : int
        Gradients at most.
    """

    optimizer: str
    n_images: int
    budget: int = BUDGET

    @property
    def name(self) -> str:
        """As in the table."""
        return f"NEB {self.optimizer} {self.n_images}"

    def __call__(self, system: System, seed: int = 0) -> Count:
        """Run on one system."""
        bridge = Bridge(system, self.budget)
        images = interpolated(bridge, self.n_images, seed)
        # ASE can also remove rotations, but that turns the images, each turn being a gradient more.
        band = NEB(images, climb=True, method="improvedtangent")
        optimizer = self._optimizer(band)
        return counted(bridge, [partial(optimizer.run, fmax=fmax) for fmax in (FMAX, FINE)])

    def _optimizer(self, band: NEB) -> Any:
        if self.optimizer == "ODE":
            return NEBOptimizer(band, method="ODE", logfile=None)
        return {"FIRE": FIRE, "BFGS": BFGS}[self.optimizer](band, logfile=None)


@dataclass(frozen=True)
class SaddleSearch:
    """Sella from the highest of the images that the pair potential gives."""

    n_images: int = 5
    name: str = "IDPP, sella"

    def __call__(self, system: System, seed: int = 0) -> Count:
        """Run on one system."""
        from sella import Sella

        bridge = Bridge(system, BUDGET)
        images = interpolated(bridge, self.n_images, seed)
        inner = range(1, self.n_images + 1)
        energies = [image.get_potential_energy() for image in images][1:-1]
        top = inner[int(np.argmax(energies))]
        bridge.release([slot for slot in (0, *inner, self.n_images + 1) if slot != top])
        options: dict[str, Any] = {"internal": is_molecule(system)}
        if bridge.is_flat:
            options |= {"proj_trans": False, "proj_rot": False}
        try:
            search = Sella(images[top], order=1, logfile=None, **options)
        except Exception as error:
            return Count(None, None, float("nan"), type(error).__name__)
        return counted(bridge, [partial(search.run, fmax=fmax) for fmax in (FMAX, FINE)])


@dataclass(frozen=True)
class MaxFluxPackage:
    """PyDMF as its documentation shows it: FB-ENM start, three points that follow the top."""

    name: str = "PyDMF"

    def __call__(self, system: System, seed: int = 0) -> Count:
        """Run on one system."""
        if not importlib.util.find_spec("dmf"):
            return Count(None, None, float("nan"), "not installed")
        from dmf import DirectMaxFlux, interpolate_fbenm

        bridge = Bridge(system, BUDGET)
        times = (0, 0.5, 1) if is_linear(system) else (0, 1)
        known = [bridge.atoms(point, 0) for point in start_path(system, seed)(np.array(times))]
        free = system.moves_as_a_whole and not bridge.is_flat
        options: dict[str, Any] = {"remove_rotation_and_translation": free}
        with tempfile.TemporaryDirectory() as folder, silent():
            log = {"output_file": str(Path(folder) / "ipopt.out"), "print_level": 0, "sb": "yes"}
            start: dict[str, Any] = {}
            if not bridge.is_flat:
                bonds = interpolate_fbenm(
                    known, output_file=log["output_file"], dmf_options=options, ipopt_options=log
                )
                start["coefs"] = bonds.coefs.copy()
            flux = DirectMaxFlux(known, nmove=3, update_teval=True, **start, **options)
            for slot, image in enumerate(flux.images):
                image.calc = bridge.atoms(system.start, slot).calc
            flux.add_ipopt_options(log)
            return counted(bridge, [partial(flux.solve, tol=tol) for tol in ("middle", "tight")])


@dataclass(frozen=True)
class OurDirect:
    """The direct method of this library, where its defaults end."""

    name: str = "Direct"

    def __call__(self, system: System, seed: int = 0) -> Count:
        """Run on one system."""
        result = find_path(
            system.landscape,
            system.start,
            system.end,
            method=Direct(),
            max_gradients=BUDGET,
            rng=seed,
        )
        error = result.height - system.height
        spent = result.n_gradients
        return Count(
            spent if abs(error) <= system.tolerance else None,
            spent if result.success else None,
            error,
            "" if result.success else "not converged",
        )


PEERS: tuple[Any, ...] = (
    *(Band(optimizer, n) for optimizer in ("FIRE", "BFGS", "ODE") for n in (5, 7)),
    SaddleSearch(),
    MaxFluxPackage(),
    OurDirect(),
)


def counted(bridge: Bridge, stages: Sequence[Callable[[], Any]]) -> Count:
    """Run a peer to its own convergence and, if it is not right by then, further."""
    converged: int | None = None
    error, note = float("nan"), ""
    for stage in stages:
        try:
            with silent():
                done = stage()
        except BudgetSpentError:
            note = note or ("" if converged else "not converged")
            break
        except Exception as problem:  # a peer's failure is a result
            note = type(problem).__name__
            break
        if converged is None and done is not False:
            converged, error = bridge.n_gradients, bridge.error
        if abs(bridge.error) <= bridge.system.tolerance:
            break
    if np.isnan(error) and bridge.trace:
        error = bridge.error
    answer = bridge.until_answer()
    if answer is None and not note:
        note = "elsewhere" if abs(error) > ELSEWHERE * bridge.system.rise else "not precise"
    return Count(answer, converged, error, note)


def interpolated(bridge: Bridge, n_images: int, seed: int) -> list[Atoms]:
    """Ends and images between them, as ASE's pair potential has them."""
    system = bridge.system
    times = np.linspace(0, 1, n_images + 2)
    points = start_path(system, seed)(times)
    images = [bridge.atoms(point, slot) for slot, point in enumerate(points)]
    if not bridge.is_flat and not is_linear(system):
        with silent():
            idpp_interpolate(images, traj=None, log=None, mic=bool(images[0].pbc.any()))
    return images


def start_path(system: System, seed: int) -> SinePath:
    """Straight; for linear molecules, which no peer bends, this library's bent start."""
    if is_linear(system):
        return system.landscape.initial_path(system.start, system.end, rng=seed)
    return SinePath.straight(system.start, system.end, 1)


def is_linear(system: System) -> bool:
    """Whether all atoms of both ends lie on one line."""
    if not is_molecule(system):
        return False
    atoms = np.stack([system.start, system.end]).reshape(2, -1, 3)
    return all(np.linalg.matrix_rank(a - a[0], tol=1e-3) == 1 for a in atoms)


def is_molecule(system: System) -> bool:
    """Whether internal coordinates suit it."""
    return system.unit == "eV" and system.moves_as_a_whole


@contextlib.contextmanager
def silent() -> Any:
    """Without the peers' warnings."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        yield
