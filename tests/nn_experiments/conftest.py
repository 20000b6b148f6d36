"""What a report is made of, without a study: made-up numbers of two networks."""

from dataclasses import asdict, replace
from itertools import combinations

import numpy as np
import pytest

from examples.nn_experiments.analysis import KERNELS
from examples.nn_experiments.published import FIGURE_3, TABLE_1, TABLE_S1
from examples.nn_experiments.settings import load_settings
from examples.nn_experiments.verdicts import all_claims

KINDS = ("paper", "converged", "paper-aligned", "converged-aligned")
LANDSCAPES = {
    "train": ("lbfgs-train", "lbfgs-test", "sgd-train", "sgd-test"),
    "test": ("lbfgs-test", "sgd-test"),
}
K = 8
PAIRS = list(combinations(range(K), 2))


def training(rng, level):
    falling = np.geomspace(2, level, 30)
    losses = level * rng.uniform(1, 2, K)
    curve = {"mean": falling, "low": falling / 2, "high": falling * 2}
    curve = {name: values.tolist() for name, values in curve.items()}
    minimum = {"epochs": [20] * K, "losses": losses.tolist()}
    return {
        "n_trained": 10,
        "epochs": list(range(30)),
        "train": curve,
        "test": curve,
        "minimum_train": minimum,
        "minimum_test": {"epochs": [12] * K, "losses": (0.1 + losses).tolist()},
        "final_test": (1 + losses).tolist(),
    }


def heights(rng, height):
    return {
        "pairs": PAIRS,
        "heights": (height * rng.uniform(1, 1.2, len(PAIRS))).tolist(),
        "straight": (3 * height * rng.uniform(1, 1.2, len(PAIRS))).tolist(),
        "ends": [0.01] * len(PAIRS),
        "n_sample_gradients": 1e5,
        "history": {"n_gradients": [1e3, 1e4, 1e5], "mean": [3 * height, 2 * height, height]},
    }


def network(rng, title):
    centres = {kernel: 1.0 if kernel == "rbf" else 0.0 for kernel in KERNELS}
    cloud = {
        kernel: {
            "lbfgs": rng.normal(centre, 0.1, (K, 2)).tolist(),
            "sgd": rng.normal(-centre, 0.1, (K, 2)).tolist(),
            "separation": 1.0 if kernel == "rbf" else 0.6,
        }
        for kernel, centre in centres.items()
    }
    return {
        "title": title,
        "n_parameters": 42_200,
        "training": {"lbfgs": training(rng, 1e-8), "sgd": training(rng, 1e-3)},
        "weights": {name: {"mean": 1e-3, "std": 0.1} for name in LANDSCAPES["train"]},
        "distances": {
            "lbfgs-train": rng.uniform(9, 10, K).tolist(),
            "lbfgs-test": rng.uniform(7, 8, K).tolist(),
            "sgd-test": rng.uniform(5, 6, K).tolist(),
            "half_between_centroids": 1.5,
            "half_without_chance": 1.0,
        },
        "pca": {"figure6": cloud, "s4": cloud},
        "heights": {
            kind: {
                landscape: {
                    name: heights(rng, 2.0 if name.startswith("lbfgs") else 1.0) for name in sets
                }
                for landscape, sets in LANDSCAPES.items()
                if landscape == "train" or not kind.endswith("aligned")
            }
            for kind in KINDS
        },
    }


@pytest.fixture
def tree(rng):
    """What `results.json` holds."""
    analysis = replace(load_settings("quick").analysis, n_bootstrap=200)
    t = np.linspace(0, 1, 11)
    made_up = {
        "settings": asdict(replace(load_settings("quick"), analysis=analysis)),
        "published": {"table_1": TABLE_1, "table_s1": TABLE_S1, "figure_3": FIGURE_3},
        "toy": {
            "smoothnesses": [10.0, 100.0, 1000.0],
            "heights": [[0.64, 0.65], [0.64, 0.64], [0.65, 0.65]],
            "times": t.tolist(),
            "paths": np.stack([np.stack([t, t], -1)] * 3).tolist(),
            "profiles": [np.sin(t).tolist()] * 3,
            "grid_x": [0.0, 1.0],
            "grid_y": [0.0, 1.0, 2.0],
            "grid_values": [[0.0, 1.0]] * 2 + [[1.0, 2.0]],
            "straight_height": 1.102,
            "lowest_height": 0.624,
        },
        "networks": {
            "fcp": network(rng, "FCP"),
            "autoencoder": network(rng, "Autoencoder"),
        },
    }
    made_up["claims"] = [claim.tree() for claim in all_claims(made_up)]
    return made_up
