"""What each part of the surrogate method buys: python benchmarks/ablations.py [names].

One row a system, one column an ablation: gradients in all, 'over 60' where that budget was spent
without a certificate, and '!' where a certified height was wrong.
"""

import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from systems import System, systems

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.gaussian_process import Coordinates, Matern52
from fourierpathfinder.search.policy import BOLD

BUDGET = 60

NO_WARP = replace(BOLD.trust, first_level=1.0, warp_width=1e12)
NO_CALIBRATION = replace(BOLD.trust, remembered=0)
FIRST_POWER = replace(BOLD.see, powers=(1.0,))

ABLATIONS = {
    "all": Surrogate(),
    "no certification": Surrogate(certify=False),
    "no warp": Surrogate(policy=replace(BOLD, trust=NO_WARP)),
    "no calibration": Surrogate(policy=replace(BOLD, trust=NO_CALIBRATION)),
    "first power": Surrogate(policy=replace(BOLD, see=FIRST_POWER)),
    "coordinates": Surrogate(features=Coordinates()),
    "Matern 5/2": Surrogate(kernel=Matern52()),
}


def cells(system: System) -> Iterator[str]:
    """Gradients spent, with marks."""
    for method in ABLATIONS.values():
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
