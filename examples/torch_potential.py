"""A potential written in torch as an ASE calculator that takes whole batches.

The model here is no more than Lennard-Jones' for argon; put your own module in its place. What it
must do is to turn positions (B, n, 3) and cells (B, 3, 3) into energies (B,): forces and stress
follow by differentiation, and a batch is one evaluation.

    fourierpathfinder find a.xyz b.xyz --calculator examples/torch_potential.py:make
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes


class PairPotential(torch.nn.Module):
    """Lennard-Jones' potential, made smooth at its reach; periodic images up to two cells away."""

    def __init__(self, sigma: float = 3.405, epsilon: float = 0.01032, reach: float = 8.5) -> None:
        super().__init__()
        self.sigma, self.epsilon, self.reach = sigma, epsilon, reach

    def forward(
        self, positions: torch.Tensor, cells: torch.Tensor, periodic: torch.Tensor
    ) -> torch.Tensor:
        """Energies (B,) in eV of positions (B, n, 3) and cells (B, 3, 3) in Å."""
        ranges = [torch.arange(-2, 3) if one else torch.zeros(1) for one in periodic]
        shifts = torch.cartesian_prod(*ranges).to(cells) @ cells  # (B, S, 3)
        apart = positions[:, None, :, None] - positions[:, None, None] + shifts[:, :, None, None]
        squared = (apart**2).sum(-1)
        near = (squared > 1e-12) & (squared < self.reach**2)
        safe = torch.where(near, squared, self.reach**2)
        power = (self.sigma**2 / safe) ** 3
        smooth = (1 - safe / self.reach**2) ** 2
        return (4 * self.epsilon * (power**2 - power) * smooth).sum((1, 2, 3)) / 2


class TorchCalculator(Calculator):
    """Any such model as a calculator.

    Parameters
    ----------
    model : torch.nn.Module
        Energies of positions, cells and which directions are periodic.
    device : str
        Where it is evaluated.
    """

    implemented_properties = ["energy", "forces", "stress"]  # noqa: RUF012

    def __init__(self, model: torch.nn.Module, device: str = "cpu") -> None:
        super().__init__()
        self.model, self.device = model.to(device), device

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] = ("energy",),
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """One structure: a batch of one."""
        super().calculate(atoms, properties, system_changes)
        self.results = self.calculate_batch([self.atoms])[0]

    def calculate_batch(self, structures: Sequence[Atoms]) -> list[dict[str, Any]]:
        """Energies in eV, forces in eV/Å and stresses in eV/Å³ of structures of one system."""
        positions = self._tensor([atoms.positions for atoms in structures])
        cells = self._tensor([atoms.cell.array for atoms in structures])
        strain = torch.zeros_like(cells, requires_grad=True)
        stretched = torch.eye(3, dtype=cells.dtype, device=self.device) + (strain + strain.mT) / 2
        places = positions.requires_grad_()
        periodic = torch.as_tensor(structures[0].pbc)
        energies = self.model(places @ stretched, cells @ stretched, periodic)
        slopes, pulls = torch.autograd.grad(energies.sum(), (places, strain))
        volumes = [abs(np.linalg.det(atoms.cell.array)) for atoms in structures]
        return [
            {"energy": energy.item(), "forces": -slope.cpu().numpy()}
            | ({"stress": _voigt(pull.cpu().numpy() / volume)} if volume else {})
            for energy, slope, pull, volume in zip(energies, slopes, pulls, volumes, strict=True)
        ]

    def _tensor(self, arrays: list[np.ndarray]) -> torch.Tensor:
        return torch.as_tensor(np.stack(arrays), dtype=torch.float64, device=self.device)


def _voigt(stress: np.ndarray) -> np.ndarray:
    return stress.ravel()[[0, 4, 8, 5, 2, 1]]


def make() -> TorchCalculator:
    """The calculator, as the command line asks for it."""
    return TorchCalculator(PairPotential())
