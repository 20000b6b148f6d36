"""
Two trained networks
====================

Two classifiers of handwritten digits, trained from different starts. The loss on the straight line
between them is high; a slightly bent path avoids the barrier.
"""

import matplotlib.pyplot as plt
import torch
from sklearn.datasets import load_digits
from torch import nn

from fourierpathfinder import SinePath, Stochastic, find_path
from fourierpathfinder.landscapes import NetworkLandscape
from fourierpathfinder.plot import plot_loss_and_accuracy

bundled = load_digits()
images = torch.tensor(bundled.data / 16, dtype=torch.float32)
labels = torch.tensor(bundled.target)


def trained(seed):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(64, 48), nn.ReLU(), nn.Linear(48, 10))
    adam = torch.optim.Adam(network.parameters(), lr=0.01)
    for _ in range(10):
        for batch in torch.randperm(len(labels)).split(64):
            adam.zero_grad()
            nn.functional.cross_entropy(network(images[batch]), labels[batch]).backward()
            adam.step()
    return network


first, second = trained(0), trained(1)

# %%
# Module, loss and data make a landscape; the modules themselves are the ends of the path.

landscape = NetworkLandscape(first, nn.functional.cross_entropy, (images, labels))
result = find_path(landscape, first, second, method=Stochastic(n_steps=400), rng=0)
print(result)

# %%
# Loss and accuracy on the straight line and on the path.


def accuracy(output, labels):
    return (output.argmax(-1) == labels).float().mean()


hits = NetworkLandscape(first, accuracy, (images, labels))
line = SinePath.straight(result.path.start, result.path.end, 1)
names = ["path found", "straight line"]
plot_loss_and_accuracy([result, line], landscape, hits, labels=names, n_points=31)
plt.show()
