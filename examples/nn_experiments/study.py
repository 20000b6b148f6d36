"""The study as chunks: what is trained, selected and connected, and what depends on what."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from .analysis import Selection, components, distances, select, statistics
from .chunks import Chunk
from .heights import WEIGHTS, HeightRun, find_heights
from .networks import NETWORKS
from .settings import Converged, PaperBudget, Settings
from .toy import ToyRun, find_toy_paths
from .training import OPTIMIZERS, Problem, TrainingRun, train

LANDSCAPES: dict[str, tuple[str, ...]] = {"train": WEIGHTS, "test": ("lbfgs-test", "sgd-test")}
"""The sets of weights that are connected on either landscape."""

STAGES = (
    "train",
    "select",
    "heights",
    "statistics",
    "distances",
    "pca",
    "results",
    "figures",
    "report",
)

ANALYSES = {"statistics": statistics, "distances": distances, "pca": components}
"""What is computed from the selected weights of both optimizers."""


@dataclass(frozen=True)
class HeightKind:
    """One way to find heights."""

    method: str
    aligned: bool

    @property
    def name(self) -> str:
        """As it stands in files and results."""
        return f"{self.method}-aligned" if self.aligned else self.method

    @property
    def sets(self) -> dict[str, tuple[str, ...]]:
        """The sets of weights that are connected, by landscape; aligned on the first alone."""
        return {"train": LANDSCAPES["train"]} if self.aligned else LANDSCAPES


@dataclass(frozen=True, eq=False)
class Study:
    """All chunks that settings ask for."""

    settings: Settings

    @cached_property
    def kinds(self) -> tuple[HeightKind, ...]:
        """At the paper's budget and converged, without and with alignment."""
        aligned = (False, True) if self.settings.heights.aligned else (False,)
        return tuple(HeightKind(m, a) for a in aligned for m in ("paper", "converged"))

    def stages(self, networks: tuple[str, ...] | None = None) -> dict[str, list[Chunk]]:
        """The chunks of each stage, for some networks or all."""
        names = self.settings.networks if networks is None else networks
        selected = [(n, o) for n in names for o in OPTIMIZERS]
        return {
            "train": [chunk for n, o in selected for chunk in self.training(n, o)],
            "select": [self.selection(n, o) for n, o in selected],
            "heights": [self.toy, *(chunk for n in names for chunk in self._all_heights(n))],
            **{stage: [self.analysis(stage, n) for n in names] for stage in ANALYSES},
        }

    def problem(self, network: str) -> Problem:
        """A network and its images."""
        s = self.settings
        return Problem(network, s.activation, s.dataset, s.n_train, s.n_test)

    def training(self, network: str, optimizer: str) -> list[Chunk]:
        """The blocks of members that are trained."""
        t = self.settings.training
        firsts = range(0, t.n_members, t.block)
        return [
            self._training_block(network, optimizer, first, min(t.block, t.n_members - first))
            for first in firsts
        ]

    def selection(self, network: str, optimizer: str) -> Chunk:
        """The best of them."""
        return Chunk(
            "select",
            f"{network}-{optimizer}",
            select,
            Selection(self.settings.training.n_kept),
            tuple(self.training(network, optimizer)),
        )

    def heights(self, network: str, landscape: str, weights: str, kind: HeightKind) -> list[Chunk]:
        """The blocks of pairs of one set of weights."""
        h = self.settings.heights
        n_kept = self.settings.training.n_kept
        n_pairs = min(h.n_pairs, n_kept * (n_kept - 1) // 2)
        return [
            self._height_block(network, landscape, weights, kind, first, n_pairs)
            for first in range(0, n_pairs, h.block)
        ]

    def analysis(self, stage: str, network: str) -> Chunk:
        """One of `ANALYSES`."""
        needs = tuple(self.selection(network, optimizer) for optimizer in OPTIMIZERS)
        return Chunk(stage, network, ANALYSES[stage], None, needs)

    @cached_property
    def toy(self) -> Chunk:
        """The paths of Fig. 3."""
        return Chunk("heights", "toy", find_toy_paths, ToyRun(), cost=10)

    def _all_heights(self, network: str) -> Iterator[Chunk]:
        for kind in self.kinds:
            for landscape, sets in kind.sets.items():
                for weights in sets:
                    yield from self.heights(network, landscape, weights, kind)

    def _training_block(self, network: str, optimizer: str, first: int, n_members: int) -> Chunk:
        s, t = self.settings, self.settings.training
        is_sgd = optimizer == "sgd"
        n_epochs = (t.sgd_epochs if is_sgd else t.lbfgs_steps)[network]
        run = TrainingRun(
            self.problem(network),
            optimizer,
            s.seed,
            first,
            n_members,
            n_epochs,
            t.batch_size if is_sgd else 0,
            t.sgd_learning_rates[network] if is_sgd else 0.0,
            t.sgd_momentum if is_sgd else 0.0,
        )
        passes = n_epochs * (1.5 if is_sgd else 3)
        cost = NETWORKS[network].cost * n_members * passes * s.n_train / 1e6
        return Chunk("train", f"{network}-{optimizer}-{first}", train, run, cost=cost)

    def _height_block(
        self, network: str, landscape: str, weights: str, kind: HeightKind, first: int, n_pairs: int
    ) -> Chunk:
        s, h = self.settings, self.settings.heights
        method = h.paper if kind.method == "paper" else h.converged
        last = min(first + h.block, n_pairs)
        run = HeightRun(
            problem=self.problem(network),
            landscape=landscape,
            n_images=h.n_images.get(network),
            weights=weights,
            method=method,
            aligned=kind.aligned,
            seed=s.seed,
            n_pairs=n_pairs,
            first=first,
            last=last,
        )
        n_samples = _samples_a_pair(method, run.n_images or s.n_train)
        return Chunk(
            "heights",
            f"{network}-{landscape}-{weights}-{kind.name}-{first}",
            find_heights,
            run,
            (self.selection(network, weights.split("-", maxsplit=1)[0]),),
            cost=NETWORKS[network].cost * (last - first) * n_samples / 1e6,
        )


def _samples_a_pair(method: PaperBudget | Converged, n_images: int) -> float:
    if isinstance(method, PaperBudget):
        return method.n_steps * method.n_points * n_images
    return method.n_steps * method.points_per_step * method.batch_size + 50 * n_images
