"""Everything that the report says, as one tree of plain numbers: `results.json`.

It is gathered from the chunks that are done, so that a study under way has a report too; figures
and report are made from it alone.
"""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from .analysis import KERNELS, separation
from .chunks import Arrays, Chunk, Store
from .heights import random_pairs
from .networks import NETWORKS
from .published import FIGURE_3, TABLE_1, TABLE_S1
from .settings import Settings
from .study import HeightKind, Study
from .training import OPTIMIZERS
from .verdicts import all_claims

Tree = dict[str, Any]

N_CURVE = 200
"""Points of a stored curve, at most."""

N_DIGITS = 7
"""Digits of a stored number: those of float32."""


def gather(study: Study, store: Store) -> Tree:
    """The tree of all that is done."""
    found = _Found(store)
    networks = {
        name: _network(study, found, name)
        for name in study.settings.networks
        if found(*(study.selection(name, optimizer) for optimizer in OPTIMIZERS))
    }
    toy = found(study.toy)
    tree: Tree = {
        "settings": asdict(study.settings),
        "published": {"table_1": TABLE_1, "table_s1": TABLE_S1, "figure_3": FIGURE_3},
        "toy": toy and {name: array.tolist() for name, array in toy[0].items()},
        "networks": networks,
    }
    tree["claims"] = [claim.tree() for claim in all_claims(tree)]
    return _plain(tree)


class _Found:
    """Loads chunks that are done."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def __call__(self, *chunks: Chunk) -> list[Arrays] | None:
        """What the chunks hold, or None if any is not done."""
        if not all(self._store.has(chunk) for chunk in chunks):
            return None
        return [self._store.load(chunk) for chunk in chunks]


def _network(study: Study, found: _Found, name: str) -> Tree:
    tree: Tree = {"title": NETWORKS[name].title, "n_parameters": NETWORKS[name].n_parameters}
    selected = found(*(study.selection(name, optimizer) for optimizer in OPTIMIZERS)) or []
    tree["training"] = dict(zip(OPTIMIZERS, map(_training, selected), strict=True))
    analyses: dict[str, Any] = {
        stage: found(study.analysis(stage, name)) for stage in ("statistics", "distances", "pca")
    }
    if (statistics := analyses["statistics"]) is not None:
        tree["weights"] = {
            key: {"mean": float(pair[0]), "std": float(pair[1])}
            for key, pair in statistics[0].items()
        }
    if (distances := analyses["distances"]) is not None:
        tree["distances"] = {key: array.tolist() for key, array in distances[0].items()}
    if (components := analyses["pca"]) is not None:
        tree["pca"] = {figure: _components(components[0], figure) for figure in ("figure6", "s4")}
    tree["heights"] = {kind.name: _heights(study, found, name, kind) for kind in study.kinds}
    return tree


def _training(selected: Arrays) -> Tree:
    train, test = selected["train_losses"], selected["test_losses"]
    epochs = _thinned(train.shape[1])
    return {
        "n_trained": int(selected["n_trained"]),
        "epochs": epochs.tolist(),
        "train": _spread(train[:, epochs]),
        "test": _spread(test[:, epochs]),
        "minimum_train": {"epochs": train.argmin(1).tolist(), "losses": train.min(1).tolist()},
        "minimum_test": {"epochs": test.argmin(1).tolist(), "losses": test.min(1).tolist()},
        "final_test": test[:, -1].tolist(),
    }


def _thinned(length: int) -> np.ndarray:
    """Which points of a curve are stored."""
    return np.unique(np.linspace(0, length - 1, N_CURVE).astype(int))


def _spread(curves: np.ndarray) -> Tree:
    """Mean, lowest and highest over the members."""
    return {
        "mean": curves.mean(0).tolist(),
        "low": curves.min(0).tolist(),
        "high": curves.max(0).tolist(),
    }


def _components(arrays: Arrays, figure: str) -> Tree:
    tree = {}
    for kernel in KERNELS:
        lbfgs, sgd = arrays[f"{figure}-{kernel}"]
        tree[kernel] = {
            "lbfgs": lbfgs.tolist(),
            "sgd": sgd.tolist(),
            "separation": float(separation(lbfgs[:, 0], sgd[:, 0])),
        }
    return tree


def _heights(study: Study, found: _Found, name: str, kind: HeightKind) -> Tree:
    tree: Tree = {}
    for landscape, sets in kind.sets.items():
        for weights in sets:
            blocks = found(*study.heights(name, landscape, weights, kind))
            if blocks is not None:
                tree.setdefault(landscape, {})[weights] = _joined(blocks, study.settings)
    return tree


def _joined(blocks: Sequence[Arrays], settings: Settings) -> Tree:
    whole = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    steps = _thinned(whole["history_heights"].shape[1])
    n_kept, n_pairs = settings.training.n_kept, len(whole["heights"])
    return {
        "pairs": random_pairs(n_kept, n_pairs, settings.seed),
        "heights": whole["heights"].tolist(),
        "straight": whole["straight_heights"].tolist(),
        "ends": whole["end_values"].tolist(),
        "n_sample_gradients": float(whole["n_sample_gradients"].mean()),
        "history": {
            "n_gradients": whole["history_gradients"][:, steps].mean(0).tolist(),
            "mean": whole["history_heights"][:, steps].mean(0).tolist(),
        },
    }


def _plain(tree: Any) -> Any:
    """The tree with what JSON has no word for put as null."""
    if isinstance(tree, dict):
        return {key: _plain(value) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        return [_plain(value) for value in tree]
    if isinstance(tree, float):
        return float(f"{tree:.{N_DIGITS}g}") if np.isfinite(tree) else None
    return tree
