"""
A graph of many minima
======================

Seven Lennard-Jones atoms have four minima. ``connect`` finds paths between them and tells below
which height any two are connected.
"""

import matplotlib.pyplot as plt

from fourierpathfinder import Direct, connect
from fourierpathfinder.landscapes.toy import lennard_jones
from fourierpathfinder.plot import plot_disconnectivity, plot_heights

toy = lennard_jones(7)
graph = connect(toy, toy.minima, method=Direct(), mirror=True, rng=0)
print(graph.minimax_heights().round(3))
print(f"{len(graph.edges)} paths, {graph.n_gradients} gradients")

# %%
# In the disconnectivity graph each minimum is a line that rises to the height at which it becomes
# connected to others; the map shows the same heights for all pairs.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
plot_disconnectivity(graph, left)
plot_heights(graph, right)
plt.show()
