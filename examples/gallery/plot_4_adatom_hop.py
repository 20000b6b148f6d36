"""
An atom hops on a surface
=========================

A gold atom moves from one hollow of an aluminium surface to the next. The energy comes from ASE's
effective medium theory; any other ASE calculator can take its place.
"""

import matplotlib.pyplot as plt
from ase.build import add_adsorbate, fcc100
from ase.calculators.emt import EMT
from ase.constraints import FixAtoms
from ase.optimize import BFGS
from ase.visualize.plot import plot_atoms

from fourierpathfinder import find_path
from fourierpathfinder.landscapes import MoleculeLandscape
from fourierpathfinder.plot import plot_profile


def adatom(hollow):
    """A relaxed structure; the two lower layers are fixed."""
    slab = fcc100("Al", size=(2, 2, 3), vacuum=4)
    add_adsorbate(slab, "Au", 1.7, "hollow", offset=(hollow, 0))
    slab.set_constraint(FixAtoms([atom.index for atom in slab if atom.tag > 1]))
    slab.calc = EMT()
    BFGS(slab, logfile=None).run(fmax=0.005)
    return slab


reactant, product = adatom(0), adatom(1)
result = find_path(MoleculeLandscape(reactant, EMT), reactant, product, rng=0)
print(f"barrier {result.barrier:.4f} eV after {result.n_gradients} gradients")

# %%
# The profile, five structures along the path, and the saddle among them.

images = result.to_atoms(5)
figure = plt.figure(figsize=(9, 5), layout="constrained")
upper, lower = figure.subfigures(2, 1, height_ratios=(2, 1))
units = {"unit": "eV", "length_unit": "Å"}
plot_profile(result, upper.subplots(), arc_length=True, relative=True, **units)
for axes, atoms in zip(lower.subplots(1, len(images)), images, strict=True):
    plot_atoms(atoms, axes, rotation="-80x")
    axes.set_axis_off()
plt.show()
