"""
Three methods on one landscape
==============================

The landscape of Fig. 3 in the paper has two channels. The same two ends are connected by the
surrogate, by direct minimisation, and by the paper's Algorithm 2.
"""

import matplotlib.pyplot as plt

from fourierpathfinder import Direct, Paper, Surrogate, find_path
from fourierpathfinder.landscapes.toy import two_channels
from fourierpathfinder.plot import plot_landscape

toy = two_channels()
methods = {
    "Surrogate": Surrogate(),
    "Direct": Direct(),
    "Paper": Paper(n_terms=15, n_points=101, smoothness=100, learning_rate=0.01, n_steps=300),
}
results = {
    name: find_path(toy, toy.start, toy.end, method=method, rng=0)
    for name, method in methods.items()
}

# %%
# The lowest pass is known for this landscape. Each height is that of the continuous path.

print(f"lowest pass        {toy.height:.4f}")
for name, result in results.items():
    print(f"{name:10} height  {result.height:.4f} after {result.n_gradients:6d} gradients")

# %%

plot_landscape(toy, list(results.values()), labels=list(results), ceiling=1.1, saddles=toy.saddle)
plt.show()
