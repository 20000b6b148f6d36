"""The picture of the README: the straight line between two points, and the path found instead.

python examples/readme_picture.py [FILE]
"""

import sys
from pathlib import Path

from matplotlib.figure import Figure

from fourierpathfinder import Paper, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.plot import plot_landscape, plot_profile


def main(file: Path) -> None:
    """Draw it."""
    toy = two_channels()
    one_step = Paper(n_points=40, n_steps=1)  # looks at the straight line and keeps it
    results = [
        find_path(toy, toy.start, toy.end, method=method, rng=0) for method in (one_step, None)
    ]
    labels = ["straight line", "path found"]
    figure = Figure(figsize=(9, 3.6), layout="constrained")
    left, right = figure.subplots(1, 2)
    limits = ((-1.0, 0.9), (-1.0, 0.4))
    plot_landscape(
        toy, results, left, limits=limits, labels=labels, ceiling=1.1, saddles=toy.saddle
    )
    for result, label in zip(results, labels, strict=True):
        plot_profile(result, right, arc_length=True, label=label)
    figure.savefig(file, dpi=90)


if __name__ == "__main__":
    main(Path(*sys.argv[1:2] or ["docs/_static/path.png"]))
