"""Random landscapes in two dimensions, and the truth about them by flooding a grid."""

import numpy as np


class Terrain:
    """A bowl with random pits and bumps; its minima are relaxed from those of a grid."""

    reach = 4.0

    def __init__(self, seed, n_terms=90):
        rng = np.random.default_rng(seed)
        self.centres = rng.uniform(-3.0, 3.0, size=(n_terms, 2))
        self.depths = rng.uniform(-1.5, 1.0, size=n_terms)
        self.widths = rng.uniform(0.2, 0.45, size=n_terms)

    def value_and_grad(self, points):
        steps = points[:, None] - self.centres
        terms = self.depths * np.exp(-0.5 * (steps**2).sum(-1) / self.widths**2)
        radii = (points**2).sum(-1)
        slopes = -(terms / self.widths**2)[..., None] * steps
        return terms.sum(1) + 0.01 * radii**2, slopes.sum(1) + 0.04 * radii[:, None] * points

    def grid(self, n):
        axis = np.linspace(-self.reach, self.reach, n)
        points = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
        rows = [self.value_and_grad(row)[0] for row in points]
        return points, np.array(rows)


def local_minima(points, values):
    """The grid's points that lie below all eight neighbours."""
    inner = values[1:-1, 1:-1]
    lowest = np.ones_like(inner, dtype=bool)
    n = len(values)
    for i in (0, 1, 2):
        for j in (0, 1, 2):
            if (i, j) != (1, 1):
                lowest &= inner < values[i : n - 2 + i, j : n - 2 + j]
    return points[1:-1, 1:-1][lowest]


def flooded(values, seeds):
    """Minimax heights between grid cells, by letting cells join from the lowest up."""
    n = len(values)
    order = np.argsort(values, axis=None)
    parent = np.full(n * n, -1)
    members = {}
    heights = np.full((len(seeds), len(seeds)), np.inf)
    starts = {i * n + j: k for k, (i, j) in enumerate(seeds)}
    flat = values.ravel()

    def root(cell):
        while parent[cell] != cell:
            parent[cell] = parent[parent[cell]]
            cell = parent[cell]
        return cell

    for cell in order.tolist():
        parent[cell] = cell
        members[cell] = [starts[cell]] if cell in starts else []
        i, j = divmod(cell, n)
        for di in (-1, 0, 1):
            for dj in (-1, 0, 1):
                if not (0 <= i + di < n and 0 <= j + dj < n) or parent[cell + di * n + dj] < 0:
                    continue
                other, own = root(cell + di * n + dj), root(cell)
                if other == own:
                    continue
                for a in members[own]:
                    for b in members[other]:
                        heights[a, b] = heights[b, a] = flat[cell]
                small, large = sorted((own, other), key=lambda r: len(members[r]))
                parent[small] = large
                members[large] += members.pop(small)
    return heights
