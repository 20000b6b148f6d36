"""What each figure shows, and what the paper's own looks like beside it."""

CAPTIONS = {
    "figure-2": (
        "Figures 2 and S1: losses while training",
        "Mean over the members that are kept, shaded from the lowest to the highest. An epoch of "
        "L-BFGS-GSS is one iteration, one of SGD a pass over the data. In the paper L-BFGS reaches "
        "a training loss near 1e-8 on FCP and LeNet, orders of magnitude below SGD; its test loss "
        "has an early minimum and then rises steeply, except for the autoencoder, whose training "
        "and test losses fall together.",
    ),
    "figure-3": (
        "Figure 3: the toy with two channels",
        "Paths for three strengths λ of the smoothness penalty, and the values along them. In the "
        "paper all three pass through the same channel, with heights of 0.646, 0.640 and 0.652 "
        "against 1.102 on the straight line.",
    ),
    "figure-4": (
        "Figure 4: heights on the training landscape",
        "Heights of paths between random pairs of each set of weights; dotted lines are means. "
        "Above, Algorithm 2 at its published settings as far as the preset allows; below, "
        "converged with the library's own method. In the paper, which has the upper row alone, "
        "the heights of SGD's weights lie to the left of L-BFGS's, except for the autoencoder, and "
        "L-BFGS's 'train' weights have higher paths than its 'test' weights for FCP and LSTM only.",
    ),
    "figure-4-aligned": (
        "Figure 4 with aligned units",
        "The same pairs after the hidden units of one end were put in the order of the other's. "
        "The paper has no such figure.",
    ),
    "figure-s2": (
        "Figure S2: heights on the test landscape",
        "The two test sets, on the loss over unseen images. In the paper SGD's heights are lower "
        "here, too.",
    ),
    "figure-budget": (
        "Height against budget",
        "Mean height of the paths while they converge, against gradients of single images spent "
        "on a path; crosses are Algorithm 2 at its settings. The paper has no such figure: its "
        "heights are the crosses.",
    ),
    "figure-5": (
        "Figure 5: distances from the common origin",
        "The origin is the mean of the centroids of the two test sets. In the paper the histogram "
        "of L-BFGS's 'train' weights lies wholly to the right of SGD's 'test' weights, and the "
        "dotted line far to the left of both: the centroids are close.",
    ),
    "figure-s3": (
        "Figure S3: distances, the two test sets",
        "As Figure 5 for weights at the lowest test loss of both. In the paper L-BFGS's still lie "
        "further out, by less.",
    ),
    "figure-6": (
        "Figure 6: kernel PCA",
        "RBF kernel with 2σ² = number of parameters; L-BFGS's 'train' and SGD's 'test' weights "
        "together. In the paper the two sets are clearly apart along the first component.",
    ),
    "figure-6-kernels": (
        "Figure 6 with other kernels",
        "The same with linear, polynomial and sigmoid kernels, with which the paper finds no such "
        "separation.",
    ),
    "figure-s4": (
        "Figure S4: kernel PCA, the two test sets",
        "In the paper the separation nearly vanishes for FCP and LeNet, and persists for the "
        "autoencoder and the LSTM.",
    ),
}
"""Title and caption of each figure, in the order of the report."""
