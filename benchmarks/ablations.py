"""What each part of the surrogate method buys: python benchmarks/ablations.py [names].

One row a system, one column an ablation: gradients in all, 'over 60' where that budget was spent
without a certificate, and '!' where a certified height was wrong.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from unittest.mock import patch

import numpy as np
from systems import System, systems

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.gaussian_process import Coordinates, Matern52
from fourierpathfinder.search import choose_features
from fourierpathfinder.search.calibration import Calibration
from fourierpathfinder.search.channel import Channel
from fourierpathfinder.search.warp import Warp

BUDGET = 60


def no_warp() -> AbstractContextManager[object]:
    """The landscape as it is, walls and all."""
    everything = Warp(1e300, 1.0)
    return patch.object(Channel, "_next_warp", lambda channel, records: everything)


def no_calibration() -> AbstractContextManager[object]:
    """Deviations as the Gaussian process states them."""
    return patch.object(Calibration, "factor", 1.0)


def first_power() -> AbstractContextManager[object]:
    """Inverse distances as they are, to no other power."""
    return patch.object(choose_features, "_POWERS", (1.0,))


ABLATIONS: dict[str, tuple[Surrogate, Callable[[], AbstractContextManager[object]]]] = {
    "all": (Surrogate(), nullcontext),
    "no certification": (Surrogate(certify=False), nullcontext),
    "no warp": (Surrogate(), no_warp),
    "no calibration": (Surrogate(), no_calibration),
    "first power": (Surrogate(), first_power),
    "coordinates": (Surrogate(features=Coordinates()), nullcontext),
    "Matern 5/2": (Surrogate(kernel=Matern52()), nullcontext),
}


def cells(system: System) -> Iterator[str]:
    """Gradients spent, with marks."""
    for method, ablated in ABLATIONS.values():
        with ablated():
            try:
                yield cell(system, method)
            except (ValueError, ArithmeticError) as error:
                yield type(error).__name__


def cell(system: System, method: Surrogate) -> str:
    """One run."""
    result = find_path(
        system.landscape, system.start, system.end, method=method, max_gradients=BUDGET, rng=0
    )
    if not result.success:
        return f"over {BUDGET}"
    dense = system.landscape.value_and_grad(result.path(np.linspace(0, 1, 161)))[0].max()
    wrong = dense - result.height > system.tolerance
    return f"{result.n_gradients}{'!' if wrong else ''}"


def main(names: list[str]) -> None:
    """Print the table as reStructuredText."""
    widths = [14, *(max(6, len(name)) for name in ABLATIONS)]
    rule = "  ".join("=" * width for width in widths)
    print(rule)
    print("  ".join(f"{n:{w}}" for n, w in zip(["system", *ABLATIONS], widths, strict=True)))
    print(rule)
    for system in systems(names or None):
        row = [system.name, *cells(system)]
        print("  ".join(f"{n:{w}}" for n, w in zip(row, widths, strict=True)), flush=True)
    print(rule)


if __name__ == "__main__":
    main(sys.argv[1:])
