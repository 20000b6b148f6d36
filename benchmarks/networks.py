"""Paths between trained networks, by this library and by others, at equal sample gradients.

    python -m benchmarks.networks                          all five networks, MNIST from OpenML
    python -m benchmarks.networks --data DIR               MNIST's four files are in DIR
    python -m benchmarks.networks --only fcp lenet --images 10000 --images-per-point 200
    python -m benchmarks.networks --device cuda            on a GPU

Trains a pair of each network, connects it by `Stochastic`, by the paper's Algorithm 2, and by a
Bezier curve and a one-bend chain trained as Garipov et al. do, with five budgets over two decades.
The largest is what 100 steps of Algorithm 2 at 51 points cost. The peers' rate is the best of three
at a tenth of that, a search that is not counted. Every height is that of the landscape itself: all
training images, sampled along the curve and refined at its top by this script, not by the word of
who returned it. A run that was cut off goes on where it was.
"""

import argparse
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from matplotlib.figure import Figure

from benchmarks.network_curves import (
    BEZIER,
    CHAIN,
    Curve,
    OneBend,
    algorithm_2,
    curve_height,
    train_bend,
)
from benchmarks.network_pairs import CASES, LOW_LOSS, Case, mean_loss, trained_ends
from examples.nn_experiments.data import Images, load_images
from fourierpathfinder import SinePath, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape, align_units
from fourierpathfinder.landscapes.abilities import abilities_of
from fourierpathfinder.plot import plot_height_against_budget

FRACTIONS = (1.0, 0.1, 0.01, 0.316, 0.0316)
"""Of the largest budget, two decades; those that tell most come first."""

SMALL = 0.1
"""The fraction at which alignment is judged."""

WAYS = ("weights", "activations")

N_TO_MATCH = 1000
"""Images on which activations are matched."""

OURS = "Stochastic"
PAPER = "Algorithm 2"


class Connection:
    """A pair of networks on its landscape, and everything known about it so far."""

    def __init__(self, name: str, images: Images, given: argparse.Namespace) -> None:
        self.case: Case = CASES[name]
        self._given = given
        ends = trained_ends(name, (0, 1), images, given.output / "ends", given.device)
        self.modules = ends
        self.training = self._data(images.train_images, images.train_labels)
        self._test = self._data(images.test_images, images.test_labels)
        self.landscape = NetworkLandscape(
            ends[0], self.case.loss, self.training, device=given.device
        )
        self.a, self.b = (self.landscape.coordinates(end) for end in ends)
        size = f"{len(images.train_labels)}-{given.images_per_point}"
        self._file = given.output / f"{name}-{size}.json"
        self.known: dict[str, Any] = (
            json.loads(self._file.read_text()) if self._file.exists() else {}
        )

    def once(self, key: str, find: Callable[[], Any]) -> Any:
        """What was found before under this key, or is found now and written down."""
        if key not in self.known:
            self.known[key] = find()
            self._file.write_text(json.dumps(self.known, indent=1) + "\n")
            print(f"{self.case.title}: {key}: {self.known[key]}", flush=True)
        return self.known[key]

    def test_value(self, points: torch.Tensor) -> torch.Tensor:
        """The loss on the test images, with BatchNorm statistics of the training images."""
        modules = map(self.landscape.module, points)
        return torch.tensor([mean_loss(module, self.case, *self._test) for module in modules])

    def judged(self, curve: Callable[..., torch.Tensor]) -> dict[str, float]:
        """A curve's heights on all training images and on the test images."""
        return {
            "height": curve_height(self.landscape.value, curve),
            "test_height": curve_height(self.test_value, curve, n_refined=0),
        }

    def _data(self, images: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(x.to(self._given.device) for x in self.case.data(images, labels))


def connect_by_all(connection: Connection, largest: int, n_images: int) -> None:
    """Every method with every budget."""
    landscape, a, b = connection.landscape, connection.a, connection.b

    def one_bend(kind: OneBend, budget: int) -> Curve:
        rate = connection.once(f"rate of {kind.name}", lambda: best_rate(connection, kind, largest))
        return train_bend(kind, landscape, a, b, rate, budget)

    methods: dict[str, Callable[[int], Any]] = {
        OURS: lambda budget: stochastic(landscape, a, b, budget),
        PAPER: lambda budget: algorithm_2(landscape, a, b, budget, n_images),
        BEZIER.name: partial(one_bend, BEZIER),
        CHAIN.name: partial(one_bend, CHAIN),
    }
    for fraction in FRACTIONS:
        budget = int(fraction * largest)
        for name, method in methods.items():
            connection.once(f"{name}, {budget}", lambda: timed(connection, method, budget))  # noqa: B023


def best_rate(connection: Connection, kind: OneBend, largest: int) -> float:
    """The rate with the lowest height at a tenth of the largest budget."""
    ends = connection.landscape, connection.a, connection.b

    def height(rate: float) -> float:
        curve = train_bend(kind, *ends, rate, int(SMALL * largest))
        return curve_height(connection.landscape.value, curve)

    return min(connection.case.sgd_rates, key=height)


def timed(connection: Connection, method: Callable[[int], Any], budget: int) -> dict[str, float]:
    """One run, judged."""
    began = perf_counter()
    curve = method(budget)
    seconds = perf_counter() - began
    return {"budget": budget, "seconds": round(seconds, 1), **connection.judged(curve)}


def stochastic(landscape: Any, a: torch.Tensor, b: torch.Tensor, budget: int) -> SinePath:
    """The library's own path with its default settings, but for the number of steps."""
    n_steps = max(1, budget // samples_a_step(landscape, a))
    return find_path(landscape, a, b, method=Stochastic(n_steps=n_steps), rng=0).path


def samples_a_step(landscape: Any, point: torch.Tensor) -> int:
    """Sample gradients in a step of `Stochastic()`."""
    schedule = Stochastic().schedule(abilities_of(landscape), point)
    return schedule.points_per_step * schedule.batch_size


def describe_ends(connection: Connection) -> dict[str, Any]:
    """Losses of both ends and the height of the straight line between them."""
    points = torch.stack([connection.a, connection.b])
    losses = [float(value) for value in connection.landscape.value(points)]
    return {
        "n_weights": connection.landscape.n_coordinates,
        "n_images": connection.landscape.n_samples,
        "losses": losses,
        "test_losses": connection.test_value(points).tolist(),
        "trained": max(losses) < LOW_LOSS or connection.case.reconstructs,
        "straight": connection.judged(straight(connection.a, connection.b)),
    }


def straight(a: torch.Tensor, b: torch.Tensor) -> SinePath:
    """The straight line."""
    return SinePath.straight(a, b, 1)


def align(connection: Connection, largest: int, way: str) -> dict[str, Any]:
    """Heights with the second end's units in the order of the first's."""
    aligned = align_units(
        connection.modules[0],
        *connection.modules,
        connection.training[0][:N_TO_MATCH],
        match_activations=way == "activations",
    )
    b = connection.landscape.coordinates(aligned)
    path = stochastic(connection.landscape, connection.a, b, int(SMALL * largest))
    return {
        "distance": float((connection.a - b).norm() / (connection.a - connection.b).norm()),
        "straight": connection.judged(straight(connection.a, b)),
        "optimised": connection.judged(path),
    }


def run(name: str, images: Images, given: argparse.Namespace) -> dict[str, Any]:
    """All of one network."""
    connection = Connection(name, images, given)
    largest = 100 * 51 * given.images_per_point
    connection.once("ends", lambda: describe_ends(connection))
    for way in WAYS:
        connection.once(f"aligned by {way}", lambda: align(connection, largest, way))  # noqa: B023
    connect_by_all(connection, largest, given.images_per_point)
    return connection.known | {"title": connection.case.title, "largest": largest}


def heights_of(found: dict[str, Any], method: str) -> tuple[list[int], list[float]]:
    """Budgets and heights of one method."""
    runs = [run for key, run in found.items() if key.startswith(f"{method}, ")]
    runs = sorted(runs, key=lambda run: run["budget"])
    return [run["budget"] for run in runs], [run["height"] for run in runs]


METHODS = (OURS, PAPER, BEZIER.name, CHAIN.name)


def table(found: Sequence[dict[str, Any]]) -> str:
    """Markdown: heights at the largest budget, training / test."""
    head = ["network", "weights", "images", "higher end", "straight line", "budget", *METHODS]
    lines = [head, ["---"] * len(head)]
    for each in found:
        ends = each["ends"]
        largest = max(heights_of(each, OURS)[0])
        cells = [each["title"], f"{ends['n_weights']:,}", f"{ends['n_images']:,}"]
        cells += [
            pair(max(ends["losses"]), max(ends["test_losses"])),
            judged_pair(ends["straight"]),
        ]
        cells += [f"{largest:.2g}"]
        lines.append(cells + [judged_pair(each[f"{method}, {largest}"]) for method in METHODS])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def judged_pair(judged: dict[str, float]) -> str:
    """Training and test height."""
    return pair(judged["height"], judged["test_height"])


def pair(training: float, test: float) -> str:
    """Two numbers."""
    return f"{training:.2g} / {test:.2g}"


def alignment_table(found: Sequence[dict[str, Any]]) -> str:
    """Markdown: straight line and small-budget heights, as they are and aligned."""
    head = ["network", "units", "distance", "straight line", "optimised"]
    lines = [head, ["---"] * len(head)]
    for each in found:
        if "aligned by weights" not in each:
            continue
        budget = int(SMALL * each["largest"])
        first = {
            "distance": 1.0,
            "straight": each["ends"]["straight"],
            "optimised": each[f"{OURS}, {budget}"],
        }
        rows = {"as they are": first} | {f"by {way}": each[f"aligned by {way}"] for way in WAYS}
        for name, row in rows.items():
            heights = [judged_pair(row[kind]) for kind in ("straight", "optimised")]
            lines.append([each["title"], name, f"{row['distance']:.2f}", *heights])
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def excesses(found: Sequence[dict[str, Any]]) -> list[str]:
    """Sentences: what the height exceeds the higher end by, against the others'."""
    lines = []
    for each in found:
        floor = max(each["ends"]["losses"])
        last = {method: heights_of(each, method)[1][-1] - floor for method in METHODS}
        ratios = [f"{last[OURS] / last[method]:.2g} of {method}'s" for method in METHODS[1:]]
        lines.append(f"{each['title']}: excess {last[OURS]:.2g}, {', '.join(ratios)}.")
    return lines


def draw(found: Sequence[dict[str, Any]]) -> Figure:
    """Height against budget, a panel a network."""
    n_columns = min(3, len(found))
    n_rows = -(-len(found) // n_columns)
    figure = Figure(figsize=(4.2 * n_columns, 3.4 * n_rows), layout="constrained")
    panels = figure.subplots(n_rows, n_columns, squeeze=False).flat
    for each, ax in zip(found, panels, strict=False):
        curves = {method: heights_of(each, method) for method in METHODS}
        plot_height_against_budget(curves, ax, floor=max(each["ends"]["losses"]))
        ax.set_title(each["title"], loc="left")
        handles, labels = ax.get_legend_handles_labels()
        ax.get_legend().remove()
    figure.legend(handles, labels, loc="outside lower center", ncols=5 if n_columns > 1 else 2)
    for ax in list(panels):
        ax.set_axis_off()
    return figure


def write(found: Sequence[dict[str, Any]], folder: Path) -> None:
    """Results, tables and the figure."""
    text = "\n".join([table(found), "", alignment_table(found), "", *excesses(found)])
    (folder / "results.json").write_text(json.dumps(found, indent=1) + "\n")
    (folder / "table.md").write_text(text + "\n")
    draw(found).savefig(folder / "height_against_budget.png", dpi=110)
    print(text, flush=True)


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--only", nargs="+", choices=CASES, default=list(CASES), metavar="NAME")
    parser.add_argument("--data", metavar="DIR", help="where MNIST's files are; else OpenML")
    parser.add_argument("--images", type=int, help="training images, the first")
    parser.add_argument("--test-images", type=int, default=10_000, help="test images, the first")
    parser.add_argument(
        "--images-per-point", type=int, default=1000, help="of Algorithm 2; sets every budget"
    )
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=1, help="of torch, on the CPU")
    parser.add_argument("--output", type=Path, default=Path("output/networks"), metavar="DIR")
    return parser.parse_args()


def main() -> None:
    """Run, print and write after each network."""
    given = arguments()
    torch.set_num_threads(given.threads)
    given.output.mkdir(parents=True, exist_ok=True)
    images = load_images("mnist", given.data)
    found = []
    for name in given.only:
        n_images = given.images or CASES[name].n_images
        found.append(run(name, images.first(n_images, given.test_images), given))
        write(found, given.output)


if __name__ == "__main__":
    main()
