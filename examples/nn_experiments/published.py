"""The paper's own numbers (arXiv:2602.21276), to stand beside ours."""

TABLE_1 = {
    "fcp": {
        "lbfgs-train": 1.26e-08,
        "sgd-train": 6.21e-04,
        "lbfgs-test": 9.69e-02,
        "sgd-test": 8.25e-02,
    },
    "lenet": {
        "lbfgs-train": 3.35e-08,
        "sgd-train": 1.76e-05,
        "lbfgs-test": 4.17e-02,
        "sgd-test": 3.89e-02,
    },
    "autoencoder": {
        "lbfgs-train": 1.69e-02,
        "sgd-train": 4.57e-02,
        "lbfgs-test": 1.65e-02,
        "sgd-test": 4.52e-02,
    },
    "lstm": {
        "lbfgs-train": 1.63e-06,
        "sgd-train": 1.35e-02,
        "lbfgs-test": 1.55e-01,
        "sgd-test": 1.28e-01,
    },
}
"""Mean loss of 48 members: training loss of 'train' weights, test loss of 'test' weights."""

TABLE_S1 = {
    "fcp": {
        "sgd-train": (-1.44e-03, 1.39e-01),
        "lbfgs-train": (-2.47e-03, 2.34e-01),
        "sgd-test": (-3.17e-03, 1.03e-01),
        "lbfgs-test": (-4.11e-03, 1.22e-01),
    },
    "lenet": {
        "sgd-train": (-3.57e-03, 8.77e-02),
        "lbfgs-train": (1.04e-03, 1.08e-01),
        "sgd-test": (-2.83e-03, 7.06e-02),
        "lbfgs-test": (2.33e-04, 8.00e-02),
    },
    "autoencoder": {
        "sgd-train": (-7.06e-03, 8.54e-02),
        "lbfgs-train": (-3.65e-02, 1.60e-01),
        "sgd-test": (-7.07e-03, 8.54e-02),
        "lbfgs-test": (-3.65e-02, 1.61e-01),
    },
    "lstm": {
        "sgd-train": (1.35e-02, 3.24e-01),
        "lbfgs-train": (1.06e-02, 7.33e-01),
        "sgd-test": (1.16e-02, 2.59e-01),
        "lbfgs-test": (2.92e-03, 4.76e-01),
    },
}
"""Mean and standard deviation of all weights of a set."""

FIGURE_3 = {"straight": 1.102, "10": 0.646, "100": 0.640, "1000": 0.652}
"""Heights on the toy: of the straight line, and by smoothness λ."""
