"""Independent, slow and obvious versions of what is tested here."""

import autograd.numpy as anp
import numpy as np
from autograd import grad, jacobian


def squared_exponential(x, y, length_scale):
    return anp.exp(-anp.sum((x - y) ** 2) / (2 * length_scale**2))


def block(covariance, x, y):
    """Covariance (1+D, 1+D) of value and gradient at x with those at y, by differentiation."""
    by_x, by_y = grad(covariance, 0), grad(covariance, 1)
    mixed = jacobian(by_y, 0)  # rows: by y, columns: by x
    top = np.concatenate([[covariance(x, y)], by_y(x, y)])
    bottom = np.concatenate([by_x(x, y)[:, None], mixed(x, y).T], axis=1)
    return np.concatenate([top[None], bottom])


class TextbookGP:
    """Values and gradients, dense, unit by unit; the diagonal holds what it is given."""

    def __init__(self, covariance, x, values, gradients, diagonal, mean):
        self.covariance, self.x, self.mean = covariance, x, mean
        rows = [np.concatenate([block(covariance, a, b) for b in x], axis=1) for a in x]
        self.matrix = np.concatenate(rows) + np.diag(diagonal)
        self.y = np.concatenate([values[:, None] - mean, gradients], axis=1).ravel()
        self.signal_variance = self.y @ np.linalg.solve(self.matrix, self.y) / len(self.y)

    def _cross(self, z):
        return np.concatenate([block(self.covariance, z, b) for b in self.x], axis=1)

    def predict(self, z):
        """Mean and gradient (1+D,) at one point, and the posterior variance of the value."""
        cross = self._cross(z)
        joint = cross @ np.linalg.solve(self.matrix, self.y)
        joint[0] += self.mean
        explained = cross[0] @ np.linalg.solve(self.matrix, cross[0])
        return joint, self.signal_variance * (self.covariance(z, z) - explained)

    def log_likelihood(self):
        n = len(self.y)
        return -0.5 * (n * np.log(self.signal_variance) + np.linalg.slogdet(self.matrix)[1])


def central_difference(function, x, step=1e-5):
    """The Jacobian of a function of one point, derivatives along the last axis."""
    columns = [
        (function(x + step * e) - function(x - step * e)) / (2 * step) for e in np.eye(len(x))
    ]
    return np.stack(columns, axis=-1)


def wavy(x, rng):
    """A smooth function of points (M, D) with all scales of curvature, and its gradients."""
    n_dims = x.shape[1]
    direction, tilt = rng.normal(size=(2, n_dims)) / np.sqrt(n_dims)
    stiffness = np.linspace(0.1, 1, n_dims)
    phase = x @ direction
    values = np.sin(phase) + (stiffness * x**2).sum(axis=1) / 4 + x @ tilt
    return values, np.cos(phase)[:, None] * direction + stiffness * x / 2 + tilt


def springs(x, rng):
    """A function of the distances of atoms (M, 3 N), and its gradients."""
    n_points, n_dims = x.shape
    i, j = np.triu_indices(n_dims // 3, 1)
    atoms = x.reshape(n_points, -1, 3)
    d = atoms[:, i] - atoms[:, j]
    r = np.linalg.norm(d, axis=-1)
    rest = rng.uniform(1, 3, len(i))
    force = 2 * ((r - rest) / r)[..., None] * d
    gradients = np.stack(
        [
            force[:, i == a].sum(axis=1) - force[:, j == a].sum(axis=1)
            for a in range(atoms.shape[1])
        ],
        axis=1,
    )
    return ((r - rest) ** 2).sum(axis=1), gradients.reshape(x.shape)
