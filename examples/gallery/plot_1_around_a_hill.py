"""
A path around a hill
====================

The shortest complete example: a function of two variables with its gradient, and the lowest path
between its two minima.
"""

import matplotlib.pyplot as plt
import numpy as np

from fourierpathfinder import SinePath, find_path
from fourierpathfinder.plot import plot_landscape, plot_profile

# %%
# The landscape has two wells, at (-1, 0) and (1, 0), and a hill between them.


def energy(x):
    return (x[0] ** 2 - 1) ** 2 + x[1] ** 2 + 2 * np.exp(-4 * (x @ x))


def slope(x):
    hill = 2 * np.exp(-4 * (x @ x))
    return np.array([4 * x[0] * (x[0] ** 2 - 1), 2 * x[1]]) - 8 * hill * x


start, end = np.array([-1.0, 0.0]), np.array([1.0, 0.0])

# %%
# One call finds the path. ``certified`` means that the saddle was evaluated and that the rest of
# the path was checked to lie below it.

result = find_path(energy, start, end, gradient=slope, rng=0)
print(result)

# %%
# The map and the profile. The straight line would have to climb to 3.

line = SinePath.straight(start, end, 1)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained")
plot_landscape(energy, [line, result], left, labels=["straight line", "path found"], ceiling=3)
plot_profile(result, right)
plt.show()
