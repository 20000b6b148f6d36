"""Find the stationary points that `toy.lennard_jones` stores, and write its data file.

    python tools/lennard_jones_points.py fourierpathfinder/landscapes/toy/lennard_jones.json

Minima come from quenches, saddles of index one from following one mode of the Hessian uphill out
of a minimum, and the ends of a rearrangement from descending on both sides of its saddle.
Every point is polished by Newton steps in the space without rotations and translations.
"""

import json
import sys
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path

import numpy as np
from scipy.integrate import solve_ivp
from scipy.optimize import minimize

from fourierpathfinder.landscapes.compiled import CompiledLandscape
from fourierpathfinder.landscapes.toy.clusters import value_and_gradient

DECIMALS = 12
CLUSTER = CompiledLandscape(value_and_gradient)


def energy(x: np.ndarray) -> float:
    """The energy at one point."""
    return float(CLUSTER.value_and_grad(x[None])[0][0])


def slope(x: np.ndarray) -> np.ndarray:
    """The gradient at one point."""
    return CLUSTER.value_and_grad(x[None])[1][0]


def modes(x: np.ndarray, step: float = 1e-5) -> tuple[np.ndarray, np.ndarray]:
    """Curvatures and directions (3n, 3n-6), without rotations and translations."""
    shifts = step * np.eye(len(x))
    up, down = (CLUSTER.value_and_grad(x + s)[1] for s in (shifts, -shifts))
    hessian = (up - down + (up - down).T) / (4 * step)
    atoms = x.reshape(-1, 3) - x.reshape(-1, 3).mean(0)
    rigid = [np.tile(e, len(atoms)) for e in np.eye(3)]
    rigid += [np.cross(e, atoms).ravel() for e in np.eye(3)]
    q, _ = np.linalg.qr(np.array(rigid).T)
    project = np.eye(len(x)) - q @ q.T
    curvatures, directions = np.linalg.eigh(project @ hessian @ project + 1e6 * q @ q.T)
    return curvatures[:-6], directions[:, :-6]


def polish(x: np.ndarray) -> np.ndarray:
    """The stationary point next to `x`, centred, by Newton's method."""
    for _ in range(5):
        curvatures, directions = modes(x)
        x = x - directions @ (directions.T @ slope(x) / curvatures)
    return (x.reshape(-1, 3) - x.reshape(-1, 3).mean(0)).ravel()


def quench(x: np.ndarray) -> np.ndarray:
    """The minimum below `x`."""
    options = {"maxiter": 5000, "ftol": 1e-15, "gtol": 1e-8}
    return polish(minimize(energy, x, jac=slope, method="L-BFGS-B", options=options).x)


def climb(x: np.ndarray, follow: np.ndarray) -> np.ndarray | None:
    """A saddle of index one, up the mode most like `follow` and down all others."""
    for _ in range(400):
        gradient = slope(x)
        curvatures, directions = modes(x)
        if np.linalg.norm(gradient) < 1e-5:
            is_saddle = curvatures[0] < -0.05 and curvatures[1] > 0.05
            return polish(x) if is_saddle else None
        i = 0 if curvatures[0] < -0.5 else int(np.abs(directions.T @ follow).argmax())
        follow = directions[:, i]
        along = directions.T @ gradient / np.maximum(np.abs(curvatures), 1.0)
        move = -along
        move[i] = along[i]
        x = x + directions @ move * min(1.0, 0.1 / np.linalg.norm(move))
    return None


def superpose(target: np.ndarray, moved: np.ndarray) -> np.ndarray:
    """The rotation of `moved` (centred) that comes nearest to `target` (centred)."""
    a, b = target.reshape(-1, 3), moved.reshape(-1, 3)
    u, _, vt = np.linalg.svd(b.T @ a)
    mirror = np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    return (b @ u @ mirror @ vt).ravel()


def descend(saddle: np.ndarray, push: np.ndarray) -> np.ndarray:
    """The minimum that a steepest descent from beside a saddle ends in."""

    def steepness(_: float, x: np.ndarray) -> float:
        return float(np.linalg.norm(slope(x))) - 1e-2

    steepness.terminal = True
    down = solve_ivp(
        lambda _, x: -slope(x), (0, 200), saddle + push, method="RK23", rtol=1e-4, events=steepness
    )
    return quench(down.y[:, -1])


def rearrangement(saddle: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start (the lower end), end and saddle, superposed."""
    push = 0.03 * modes(saddle)[1][:, 0]
    ends = sorted((descend(saddle, push), descend(saddle, -push)), key=energy)
    return ends[0], superpose(ends[0], ends[1]), superpose(ends[0], saddle)


def saddles_around(
    minimum: np.ndarray, n_tries: int, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Saddles reached out of one minimum."""
    _, directions = modes(minimum)
    n_modes = directions.shape[1]
    for _ in range(n_tries):
        mode = directions[:, rng.integers(min(n_modes, 12))] * rng.choice([-1, 1])
        way = mode + 0.3 * directions @ rng.normal(size=n_modes) / np.sqrt(n_modes)
        way /= np.linalg.norm(way)
        saddle = climb(minimum + 0.2 * way, way)
        if saddle is not None:
            yield saddle


def random_minima(n_atoms: int, n_tries: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Different minima by their values, lowest first."""
    size = 0.8 * (n_atoms / 7) ** (1 / 3)
    found = (quench(size * rng.normal(size=3 * n_atoms)) for _ in range(n_tries))
    return distinct(list(found))


def distinct(points: list[np.ndarray]) -> list[np.ndarray]:
    """One point of each energy, lowest first."""
    ordered = sorted(points, key=energy)
    return ordered[:1] + [b for a, b in pairwise(ordered) if energy(b) - energy(a) > 1e-7]


def all_rearrangements(minima: list[np.ndarray], n_tries: int, rng: np.random.Generator) -> list:
    """Rearrangements out of the given minima, one for each energy of the saddle, lowest first."""
    saddles = [s for minimum in minima for s in saddles_around(minimum, n_tries, rng)]
    return [rearrangement(saddle) for saddle in distinct(saddles)]


def truncated_octahedron() -> np.ndarray:
    """The 38 atoms of a face-centred cubic octahedron of edge four without its corners."""
    lattice = [p for p in product(range(-3, 4), repeat=3) if sum(p) % 2 and sum(map(abs, p)) <= 3]
    sites = np.array([p for p in lattice if max(map(abs, p)) < 3], dtype=float)
    return quench((sites * 2 ** (1 / 6) / np.sqrt(2)).ravel())


def incomplete_icosahedron() -> np.ndarray:
    """The best 38 atoms of a 55-atom icosahedron whose one end, 16 atoms of its shell, is gone."""
    golden = (1 + np.sqrt(5)) / 2
    corners = np.array(
        [
            v
            for a, b in product((1, -1), repeat=2)
            for v in ((0, a, b * golden), (a, b * golden, 0), (b * golden, 0, a))
        ],
        dtype=float,
    )
    edges = [
        (a + b)
        for i, a in enumerate(corners)
        for b in corners[:i]
        if np.isclose(np.linalg.norm(a - b), 2)
    ]
    sites = np.vstack([np.zeros((1, 3)), corners, 2 * corners, edges]) * 0.55
    height, shell = sites @ corners[0], np.arange(len(sites)) > 12
    order = np.argsort(np.where(shell, height, np.inf))
    most = np.delete(sites, order[:16], axis=0)
    return min((quench(np.delete(most, i, axis=0).ravel()) for i in range(39)), key=energy)


def numbers(points: list[np.ndarray]) -> list:
    """Points and energies as they are stored."""
    return [np.round(p, DECIMALS).tolist() for p in points]


def record(minima: list[np.ndarray], passes: list) -> dict:
    """What is stored of one size; rearrangements by their start, then by their saddle."""
    saddles = sorted((p[2] for p in passes), key=energy)
    passes = sorted(passes, key=lambda p: (round(energy(p[0]), 6), energy(p[2])))
    return {
        "minima": numbers(minima),
        "minimum_values": [round(energy(x), DECIMALS) for x in minima],
        "saddles": numbers(saddles),
        "saddle_values": [round(energy(x), DECIMALS) for x in saddles],
        "rearrangements": [[*numbers(p), round(energy(p[2]), DECIMALS)] for p in passes],
    }


def seven() -> dict:
    """All four minima, and a rearrangement for every saddle that is found."""
    rng = np.random.default_rng(7)
    minima = random_minima(7, 200, rng)
    return record(minima, all_rearrangements(minima, 80, rng))


def thirteen() -> dict:
    """The icosahedron and what a vacancy and an adatom make of it, by the lowest saddles."""
    rng = np.random.default_rng(13)
    icosahedron = random_minima(13, 40, rng)[0]
    passes = all_rearrangements([icosahedron], 300, rng)
    defects = [p for p in passes if -41.5 < energy(p[1]) < -41.3 and energy(p[0]) < -44]
    lowest = {round(energy(p[1]), 6): p for p in reversed(defects)}
    best = sorted(lowest.values(), key=lambda p: energy(p[2]))
    return record(distinct([icosahedron, *(p[1] for p in best)]), best)


def thirty_eight() -> dict:
    """The bottoms of the two funnels, and one rearrangement of a disordered cluster."""
    rng = np.random.default_rng(38)
    disordered = random_minima(38, 3, rng)[0]
    passes = all_rearrangements([disordered], 12, rng)
    widest = max(passes, key=lambda p: np.linalg.norm(p[1] - p[0]))
    return record([truncated_octahedron(), incomplete_icosahedron()], [widest])


if __name__ == "__main__":
    data = {"7": seven(), "13": thirteen(), "38": thirty_eight()}
    text = json.dumps(data).replace("], [", "],\n[")
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")
