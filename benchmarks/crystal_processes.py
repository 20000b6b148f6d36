"""Processes in crystals and on surfaces of metals, as practitioners bring them: unrelaxed ends.

All are for ASE's effective medium theory (EMT): Al, Cu, Ag, Au, Ni, Pd, Pt, and H, C, N, O.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from ase import Atom, Atoms
from ase.build import add_adsorbate, bulk, fcc100, fcc110, fcc111, molecule
from ase.constraints import FixAtoms

Ends = tuple[Atoms, Atoms]


def vacancy(metal: str, repeats: int, *, double: bool = False) -> Ends:
    """An atom hops into the vacancy beside it; `double`: along with a second vacancy."""
    crystal = bulk(metal, cubic=True) * repeats
    vectors = crystal.get_distances(0, range(len(crystal)), mic=True, vector=True)
    lengths = np.linalg.norm(vectors, axis=1)
    near = np.flatnonzero((lengths > 0) & (lengths < 1.1 * lengths[lengths > 0].min()))
    hops, missing = near[0], [0]
    if double:
        apart = crystal.get_distances(hops, near, mic=True)
        missing.append(int(near[(apart > 0) & (apart < 1.1 * lengths[near].min())][0]))
    end = crystal.copy()
    end.positions[hops] -= vectors[hops]
    kept = [k for k in range(len(crystal)) if k not in missing]
    return crystal[kept], end[kept]


def dumbbell(metal: str, *, moves: bool) -> Ends:
    """Two atoms share one place, and turn there or go on to the next one."""
    crystal = bulk(metal, cubic=True) * 2
    side = crystal.cell[0, 0] / 2
    here = crystal.positions.mean(axis=0)
    site = int(np.linalg.norm(crystal.positions - here, axis=1).argmin())
    place, half = crystal.positions[site].copy(), 0.3 * side

    def shared(on: int, at: np.ndarray, first: np.ndarray) -> Atoms:
        both = crystal.copy()
        both.positions[on] = at + first
        both.append(Atom(metal, at - first))
        return both

    start = shared(site, place, np.array([0, 0, -half]))
    if not moves:
        return start, shared(site, place, np.array([-half, 0, 0]))
    there = place + np.array([side / 2, 0, side / 2])
    apart = np.linalg.norm(crystal.positions - there, axis=1)
    return start, shared(int(apart.argmin()), there, np.array([half, 0, 0]))


def interstitial(metal: str, other: str) -> Ends:
    """A small atom goes from one octahedral place to the next."""
    ends = []
    for place in ((0.5, 0.0, 0.0), (0.0, 0.5, 0.0)):
        crystal = bulk(metal, cubic=True) * 2
        crystal.append(Atom(other, np.array(place) * crystal.cell[0, 0] / 2))
        ends.append(crystal)
    return ends[0], ends[1]


def held(slab: Atoms, free_layers: int = 2) -> Atoms:
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > free_layers]))
    return slab


def hop_100(metal: str, adatom: str) -> Ends:
    ends = []
    for column in (0, 1):
        slab = fcc100(metal, (3, 3, 4), vacuum=6)
        add_adsorbate(slab, adatom, 1.7, "hollow", offset=(column, 0))
        ends.append(held(slab))
    return ends[0], ends[1]


def exchange_100(metal: str) -> Ends:
    """An adatom takes the place of a surface atom, which comes up in the next hollow."""
    slab = fcc100(metal, (4, 4, 4), vacuum=6)
    add_adsorbate(slab, metal, 1.7, "hollow", offset=(1, 1))
    across = np.array([slab.cell[0, 0], slab.cell[1, 1], 0]) / 4
    return _exchanged(held(slab), across)


def _exchanged(slab: Atoms, across: np.ndarray) -> Ends:
    start = slab.positions[-1]
    top = np.array([atom.index for atom in slab if atom.tag == 1])
    between = (start + across / 2) * [1, 1, 0] + [0, 0, slab.positions[top[0], 2]]
    taken = top[np.linalg.norm(slab.positions[top] - between, axis=1).argmin()]
    end = slab.copy()
    end.set_constraint()
    end.positions[-1], end.positions[taken] = slab.positions[taken], start + across
    end.set_constraint(slab.constraints)
    return slab, end


def hop_111(metal: str, adatom: str, height: float = 1.9, layers: int = 4) -> Ends:
    ends = []
    for site in ("fcc", "hcp"):
        slab = fcc111(metal, (3, 3, layers), vacuum=6)
        add_adsorbate(slab, adatom, height, site, offset=(1, 1))
        ends.append(held(slab))
    return ends[0], ends[1]


def on_110(metal: str, way: str) -> Ends:
    """Along a channel, over the ridge beside it, or by exchange with an atom of the ridge."""
    slab = fcc110(metal, (3, 3, 5), vacuum=6)
    add_adsorbate(slab, metal, 1.3, "hollow", offset=(1, 1))
    steps = [slab.cell[0] / 3, slab.cell[1] / 3]
    along, over = sorted(steps, key=np.linalg.norm)
    if way == "exchange":
        return _exchanged(held(slab), over + along)
    end = slab.copy()
    end.positions[-1] += along if way == "along" else over
    return held(slab), held(end)


def island(metal: str, n: int) -> Ends:
    """An island slides from the fcc places of a (111) surface to the hcp places."""
    ends = []
    for site in ("fcc", "hcp"):
        slab = fcc111(metal, (4, 4, 3), vacuum=6)
        add_adsorbate(slab, metal, 2.0, site, offset=(1, 1))
        first, steps = slab.positions[-1].copy(), (slab.cell[0] / 4, slab.cell[1] / 4)
        for step in steps[: n - 1]:
            slab.append(Atom(metal, first + step, tag=0))
        ends.append(held(slab, 1))
    return ends[0], ends[1]


def carbon_monoxide(metal: str) -> Ends:
    ends = []
    for site in ("fcc", "hcp"):
        slab, gas = fcc111(metal, (3, 3, 3), vacuum=7), molecule("CO")
        carbon = gas.symbols.indices()["C"][0]
        gas.positions[:, 2] *= np.sign(gas.positions[1 - carbon, 2] - gas.positions[carbon, 2])
        add_adsorbate(slab, gas, 1.3, site, offset=(1, 1), mol_index=int(carbon))
        ends.append(held(slab, 1))
    return ends[0], ends[1]


def nitrogen(metal: str) -> Ends:
    """N2 above a (111) surface comes apart."""
    slab = fcc111(metal, (3, 3, 3), vacuum=7)
    apart, whole = slab.copy(), slab.copy()
    add_adsorbate(apart, "N", 1.0, "fcc", offset=(1, 1))
    add_adsorbate(apart, "N", 1.0, "hcp", offset=(0, 1))
    first, last = apart.positions[-2:]
    along = (last - first) / np.linalg.norm(last - first)
    for sign in (-1, 1):
        whole.append(Atom("N", (first + last) / 2 + sign * 0.58 * along + [0, 0, 1.6], tag=0))
    return held(whole, 1), held(apart, 1)


METALS = ("Al", "Cu", "Ag", "Au", "Ni", "Pd", "Pt")

PROCESSES: dict[str, Callable[[], Ends]] = {
    **{f"vacancy in {m}, 31 atoms": partial(vacancy, m, 2) for m in METALS},
    **{f"divacancy in {m}, 30 atoms": partial(vacancy, m, 2, double=True) for m in ("Al", "Cu")},
    **{f"dumbbell in {m} moves": partial(dumbbell, m, moves=True) for m in ("Cu", "Ni")},
    **{f"dumbbell in {m} turns": partial(dumbbell, m, moves=False) for m in METALS},
    **{f"{other} in {m}, octahedral places": partial(interstitial, m, other)
       for other in ("H", "C") for m in ("Ni", "Pd", "Cu", "Pt")},
    **{
        f"{ad} hops on {m}(100)": partial(hop_100, m, ad)
        for m, ad in (("Al", "Al"), ("Cu", "Cu"), ("Ag", "Ag"), ("Ni", "Ni"), ("Pt", "Pt"),
                      ("Al", "Au"), ("Au", "Pd"))
    },
    **{f"{m} adatom on (111), fcc to hcp": partial(hop_111, m, m) for m in METALS},
    **{f"exchange on {m}(100)": partial(exchange_100, m) for m in ("Al", "Cu", "Pt")},
    **{f"Cu(110), {way}": partial(on_110, "Cu", way) for way in ("along", "over", "exchange")},
    "Ni(110), along": partial(on_110, "Ni", "along"),
    **{f"{name} slides on Cu(111)": partial(island, "Cu", n)
       for n, name in ((2, "dimer"), (3, "trimer"))},
    "O on Pt(111), fcc to hcp": partial(hop_111, "Pt", "O", 1.2, 3),
    "H on Pd(111), fcc to hcp": partial(hop_111, "Pd", "H", 0.9, 3),
    "CO on Cu(111), fcc to hcp": partial(carbon_monoxide, "Cu"),
    "N2 comes apart on Cu(111)": partial(nitrogen, "Cu"),
    **{f"vacancy in {m}, 107 atoms": partial(vacancy, m, 3) for m in ("Al", "Cu", "Ni")},
}  # fmt: skip
"""Small ones first."""
