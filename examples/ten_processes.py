"""Ten reactions and surface processes from ASE's builders, each by one command.

    python examples/ten_processes.py [FOLDER] [NAME ...]

Writes two structures for each, runs `fourierpathfinder find` on them, and prints a table.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
from ase import Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc111, molecule
from ase.constraints import FixAtoms
from ase.io import write

Ends = tuple[Atoms, Atoms]
COMMAND = "from fourierpathfinder.cli import main; main()"
XTB = ["--calculator", "tblite", "--method", "GFN2-xTB"]
EMT = ["--calculator", "emt"]


def umbrella() -> Ends:
    """NH3 turns over."""
    start = molecule("NH3")
    return start, _mirrored(start)


def internal_rotation(
    name: str, half: tuple[int, ...], axis: tuple[int, int], angle: float
) -> Ends:
    """One half of a molecule turns about a bond."""
    start = molecule(name)
    end = start.copy()
    part = end[list(half)]
    part.rotate(angle, end.positions[axis[1]] - end.positions[axis[0]], end.positions[axis[0]])
    end.positions[list(half)] = part.positions
    return start, end


def isomerisation() -> Ends:
    """HCN to HNC."""
    start = molecule("HCN")
    carbon, nitrogen, hydrogen = (int(np.flatnonzero(start.symbols == s)[0]) for s in "CNH")
    end = start.copy()
    bond = start.positions[nitrogen] - start.positions[carbon]
    end.positions[hydrogen] = start.positions[nitrogen] + bond / np.linalg.norm(bond)
    return start, end


def proton_transfer() -> Ends:
    """Formic acid hands its proton from one oxygen to the other."""
    start = molecule("HCOOH")
    oxygens = np.flatnonzero(start.symbols == "O")
    hydrogens = np.flatnonzero(start.symbols == "H")
    near = start.get_all_distances()[np.ix_(oxygens, hydrogens)]
    _, proton = np.unravel_index(near.argmin(), near.shape)
    carbon = int(np.flatnonzero(start.symbols == "C")[0])
    axis = start.positions[next(h for h in hydrogens if h != hydrogens[proton])]
    axis = axis - start.positions[carbon]
    end = start.copy()
    turned = 2 * np.outer(axis, axis) / (axis @ axis) - np.eye(3)
    image = (start.positions - start.positions[carbon]) @ turned + start.positions[carbon]
    end.positions[:] = image
    end.positions[oxygens] = image[oxygens[::-1]]
    return start, end


def hop(metal: str, adatom: str) -> Ends:
    """An adatom goes to the next hollow of a (100) surface."""
    start = fcc100(metal, (2, 2, 3), vacuum=5)
    add_adsorbate(start, adatom, 1.7, "hollow")
    start.set_constraint(FixAtoms([atom.index for atom in start if atom.tag > 1]))
    end = start.copy()
    end.positions[-1] += start.cell[0] / 2
    return start, end


def bridge(metal: str) -> Ends:
    """An adatom goes from the fcc to the hcp hollow of a (111) surface."""
    slab = fcc111(metal, (2, 2, 3), vacuum=5)
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    ends = [slab.copy(), slab.copy()]
    for end, site in zip(ends, ("fcc", "hcp"), strict=True):
        add_adsorbate(end, metal, 2.0, site)
    return ends[0], ends[1]


def vacancy(metal: str) -> Ends:
    """An atom of a crystal moves into the empty site beside it."""
    start = bulk(metal, cubic=True) * (2, 2, 2)
    neighbour = int(np.argmin(start.get_distances(0, range(1, 32), mic=True))) + 1
    jump = start.get_distance(neighbour, 0, mic=True, vector=True)
    del start[0]
    end = start.copy()
    end.positions[neighbour - 1] += jump
    return start, end


def _mirrored(atoms: Atoms) -> Atoms:
    mirrored = atoms.copy()
    mirrored.positions *= [1, 1, -1]
    return mirrored


PROCESSES: dict[str, tuple[str, Callable[[], Ends], list[str]]] = {
    "nh3": ("NH₃ turns over", umbrella, XTB),
    "hcn": ("HCN to HNC", isomerisation, XTB),
    "hcooh": ("formic acid, proton transfer", proton_transfer, XTB),
    "c2h6": ("ethane, methyl rotation", lambda: _methyl("C2H6", 120), XTB),
    "ch3oh": ("methanol, methyl rotation", lambda: _methyl("CH3OH", 120), XTB),
    "ch3cho": ("acetaldehyde, methyl rotation", lambda: _methyl("CH3CHO", 120), XTB),
    "cu_cu100": ("Cu on Cu(100), hop", lambda: hop("Cu", "Cu"), EMT),
    "pd_au100": ("Pd on Au(100), hop", lambda: hop("Au", "Pd"), EMT),
    "ag_ag111": ("Ag on Ag(111), fcc to hcp", lambda: bridge("Ag"), EMT),
    "ni_vacancy": ("vacancy in Ni", lambda: vacancy("Ni"), EMT),
}
"""By name: title, the two structures, and the calculator."""


def _methyl(name: str, angle: float) -> Ends:
    start = molecule(name)
    distances = start.get_all_distances()
    carbon = next(
        int(c)
        for c in np.flatnonzero(start.symbols == "C")
        if ((distances[c] < 1.2) & (start.symbols == "H")).sum() == 3
    )
    hydrogens = np.flatnonzero((distances[carbon] < 1.2) & (start.symbols == "H"))
    heavy = np.flatnonzero((distances[carbon] < 1.7) & (start.numbers != 1))
    other = next(int(index) for index in heavy if index != carbon)
    return internal_rotation(name, tuple(int(h) for h in hydrogens), (carbon, other), angle)


def run(name: str, folder: Path) -> dict:
    """Two files, one command, and its result."""
    _, build, calculator = PROCESSES[name]
    folder = folder / name
    folder.mkdir(parents=True, exist_ok=True)
    files = [folder / "reactant.traj", folder / "product.traj"]
    for file, atoms in zip(files, build(), strict=True):
        write(file, atoms)
    options = ["--relax-ends", "--verify", "--output", folder / "output", "--restart"]
    arguments = [str(part) for part in ("find", *files, *calculator, *options)]
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments], capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1, 5):
        raise RuntimeError(done.stdout + done.stderr)
    result = json.loads((folder / "output" / "result.json").read_text(encoding="utf-8"))
    return {**result, "exit": done.returncode}


def main(folder: Path, names: list[str]) -> None:
    """Run the processes and print the table."""
    print("process                            barrier (eV)  gradients  certified  joins its ends")
    for name in names or PROCESSES:
        result = run(name, folder)
        joins = (result["verification"] or {}).get("connects_the_ends")
        print(
            f"{PROCESSES[name][0]:<35}{result['barrier']:12.4f}{result['n_gradients']:11d}"
            f"{'yes' if result['certified'] else 'no':>11}{'yes' if joins else 'no':>16}",
            flush=True,
        )


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["output/ten_processes"]), sys.argv[2:])
