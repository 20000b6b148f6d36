"""
Where the surrogate looks
=========================

The default method, :class:`~fourierpathfinder.Surrogate`, learns the landscape from every gradient.
Here we watch which points it evaluates: the ends, then wherever the path may be highest, then the
saddle, and last the checks that certify the rest of the path.
"""

import matplotlib.pyplot as plt
import numpy as np

from fourierpathfinder import find_path
from fourierpathfinder.landscapes.toy import mueller_brown
from fourierpathfinder.plot import plot_landscape

# %%
# A landscape is any object with ``value_and_grad``; this one keeps a list of what it was asked.


class Watched:
    def __init__(self, landscape):
        self.landscape = landscape
        self.points = []

    def value_and_grad(self, points):
        self.points.extend(np.array(points))
        return self.landscape.value_and_grad(points)


toy = mueller_brown()
watched = Watched(toy)
result = find_path(watched, toy.start, toy.end, rng=0)
print(result)

# %%
# Every evaluation, numbered in order.

axes = plot_landscape(toy, result, limits=((-1.4, 1.1), (-0.5, 1.9)), ceiling=20)
for number, (x, y) in enumerate(watched.points, start=1):
    axes.plot(x, y, "o", color="white", markeredgecolor="black", markersize=5, zorder=4)
    axes.annotate(str(number), (x, y), (5, 4), textcoords="offset points", fontsize=8)
plt.show()
