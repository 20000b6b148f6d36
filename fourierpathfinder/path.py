r"""The sine path: two fixed ends plus a truncated sine series.

.. math:: x(t) = (1-t)\,a + t\,b + \sum_{n=1}^{N} c_n \sin(n\pi t), \qquad 0 \le t \le 1

(Yu and Morozov 2026, Eq. 3). Everything is linear in the coefficients c, so points, velocities
and their pull-backs are products with one small matrix. Leading axes of the arrays hold
independent paths: K paths are one `SinePath` whose coefficients have shape (K, N, D).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ._arrays import Array, array_namespace, is_array, is_floating, like

_N_LENGTH_INTERVALS = 64
"""Intervals per term on which the speed is summed: the speed is smooth, so this is plenty."""


def sines(times: Array, n_terms: int) -> Array:
    """The basis sin(nπt), shape (..., M, N), in the library and dtype of `times` (..., M)."""
    return array_namespace(times).sin(times[..., None] * _frequencies(times, n_terms))


def sine_slopes(times: Array, n_terms: int) -> Array:
    """The basis' derivative nπ cos(nπt), shape (..., M, N)."""
    frequencies = _frequencies(times, n_terms)
    return frequencies * array_namespace(times).cos(times[..., None] * frequencies)


def _frequencies(times: Array, n_terms: int) -> Array:
    xp = array_namespace(times)
    return xp.pi * xp.arange(1, n_terms + 1, dtype=times.dtype, device=times.device)


@lru_cache(maxsize=64)
def roughness_weights(n_terms: int, n_points: int) -> np.ndarray:
    r"""What each term adds to the roughness of a path on a uniform grid, per unit \|c_n\|².

    On the grid the cross terms vanish, so that
    Σ_m \|x(t_{m+1}) - x(t_m)\|² = \|b-a\|²/(M-1) + Σ_n w_n \|c_n\|², w_n = 2(M-1) sin²(nπ/2(M-1)).

    Parameters
    ----------
    n_terms : int
        Number of sine terms N; at most `n_points` - 2, as higher terms alias on the grid.
    n_points : int
        Number of grid points M, both ends included.

    Returns
    -------
    ndarray (N,)
    """
    if n_terms > n_points - 2:
        raise ValueError(
            f"`n_terms` is {n_terms} but a grid of `n_points` = {n_points} tells only "
            f"{max(n_points - 2, 0)} terms apart; use fewer terms or more points"
        )
    intervals = n_points - 1
    weights = 2 * intervals * np.sin(np.arange(1, n_terms + 1) * np.pi / (2 * intervals)) ** 2
    weights.flags.writeable = False
    return weights


@dataclass(frozen=True, eq=False)
class SinePath:
    """A path between two points as a straight line plus a sine series.

    Parameters
    ----------
    start, end : array (..., D)
        The two ends, in the landscape's own unit of length.
    coefficients : array (..., N, D)
        The coefficients c_n of sin(nπt), same unit.

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    TypeError
        If an argument is not an array of floating-point numbers.

    References
    ----------
    Yu and Morozov, arXiv:2602.21276 (2026), Eq. 3.

    Examples
    --------
    >>> import numpy as np
    >>> path = SinePath(np.array([0.0, 0.0]), np.array([1.0, 0.0]), np.array([[0.0, 0.5]]))
    >>> path(0.5)
    array([0.5, 0.5])
    >>> path([0.0, 1.0]).shape
    (2, 2)
    """

    start: Array
    end: Array
    coefficients: Array

    def __post_init__(self) -> None:
        """Check kinds and shapes only."""
        for name in ("start", "end", "coefficients"):
            value = getattr(self, name)
            if not is_array(value) or not is_floating(value):
                kind = value.dtype if is_array(value) else type(value).__name__
                raise TypeError(f"`{name}` must be an array of floats, got {kind}")
        shape = tuple(self.start.shape)
        if tuple(self.end.shape) != shape:
            raise ValueError(
                f"`start` has shape {shape}, `end` {tuple(self.end.shape)}; both must be (..., D)"
            )
        terms = tuple(self.coefficients.shape)
        if len(terms) != len(shape) + 1 or (*terms[:-2], terms[-1]) != shape:
            raise ValueError(
                f"`coefficients` has shape {terms}; with ends of shape {shape} it must be "
                f"{(*shape[:-1], 'N', shape[-1])}"
            )

    @classmethod
    def straight(cls, start: Array, end: Array, n_terms: int) -> "SinePath":
        """The straight line between two points, as a path whose terms are all zero.

        Parameters
        ----------
        start, end : array (..., D)
            The two ends.
        n_terms : int
            Number of terms N, at least 1.

        Returns
        -------
        SinePath
            With coefficients (..., N, D) of zeros.

        Raises
        ------
        ValueError
            If `n_terms` is below 1, or the shapes of the ends differ.
        TypeError
            If an end is not an array of floating-point numbers.

        Examples
        --------
        >>> import numpy as np
        >>> line = SinePath.straight(np.zeros(3), np.ones(3), n_terms=2)
        >>> line.coefficients.shape, line(0.25)
        ((2, 3), array([0.25, 0.25, 0.25]))
        """
        if n_terms < 1:
            raise ValueError(f"`n_terms` is {n_terms}; a path needs at least 1 term")
        xp = array_namespace(start)
        shape = (*start.shape[:-1], n_terms, start.shape[-1])
        return cls(start, end, xp.zeros(shape, dtype=start.dtype, device=start.device))

    @classmethod
    def fit(cls, start: Array, end: Array, times: Array, points: Array, n_terms: int) -> "SinePath":
        r"""The path of `n_terms` terms that comes nearest to given points, in least squares.

        Where fewer points than terms are given, the path goes through all of them and of all
        such paths is the one with the least Σ n² \|c_n\|², the smoothest.

        Parameters
        ----------
        start, end : array (..., D)
            The ends.
        times : array (M,)
            Where on the path each point lies; the ends themselves need not be given.
        points : array (..., M, D)
            The points to go through.
        n_terms : int
            Number of terms N.

        Returns
        -------
        SinePath
            With the ends `start` and `end`.

        Examples
        --------
        >>> import numpy as np
        >>> a, b, top = np.zeros(2), np.array([1.0, 0.0]), np.array([[0.5, 0.3]])
        >>> SinePath.fit(a, b, [0.5], top, 1).coefficients
        array([[0. , 0.3]])
        """
        straight = cls.straight(start, end, n_terms)
        t = np.asarray(times, dtype=float)
        order = np.arange(1.0, n_terms + 1)
        inverse = np.linalg.pinv(sines(t, n_terms) / order, rcond=1e-12) / order[:, None]
        residual = points - straight(t)
        return straight.with_coefficients(like(inverse, start) @ residual)

    def with_coefficients(self, coefficients: Array) -> "SinePath":
        """The path with the same ends and other coefficients.

        Parameters
        ----------
        coefficients : array (..., N, D)
            The new coefficients; N may differ.

        Returns
        -------
        SinePath
            The new path; this one is unchanged.
        """
        return SinePath(self.start, self.end, coefficients)

    @property
    def n_terms(self) -> int:
        """Number of sine terms N."""
        return int(self.coefficients.shape[-2])

    @property
    def n_coordinates(self) -> int:
        """Number of coordinates D of the landscape."""
        return int(self.coefficients.shape[-1])

    def __call__(self, t: Array) -> Array:
        """Points at the times `t`: shape (..., M, D) for `t` (M,), (..., D) for a number."""
        times = self.times_like(t)
        line = self.start[..., None, :] + times[..., None] * self._chord()
        return self._squeeze(line + sines(times, self.n_terms) @ self.coefficients, t)

    def velocity(self, t: Array) -> Array:
        """The velocity dx/dt.

        Parameters
        ----------
        t : array (M,) or float
            Times, 0 to 1.

        Returns
        -------
        array (..., M, D), or (..., D) for one time
            In the unit of the coordinates.
        """
        times = self.times_like(t)
        bend = sine_slopes(times, self.n_terms) @ self.coefficients
        return self._squeeze(self._chord() + bend, t)

    def acceleration(self, t: Array) -> Array:
        """The acceleration d²x/dt².

        Parameters
        ----------
        t : array (M,) or float
            Times, 0 to 1.

        Returns
        -------
        array (..., M, D), or (..., D) for one time
            In the unit of the coordinates.
        """
        times = self.times_like(t)
        basis = -(_frequencies(times, self.n_terms) ** 2) * sines(times, self.n_terms)
        return self._squeeze(basis @ self.coefficients, t)

    def pull_back(
        self, t: Array, point_gradients: Array, velocity_gradients: Array | None = None
    ) -> Array:
        """The gradient in the coefficients of a function of the path's points and velocities.

        Parameters
        ----------
        t : array (M,)
            The times.
        point_gradients : array (..., M, D)
            Derivatives in the points x(t_m).
        velocity_gradients : array (..., M, D), optional
            Derivatives in the velocities x'(t_m).

        Returns
        -------
        array (..., N, D)
            Derivatives in the coefficients.
        """
        times = self.times_like(t)
        terms = sines(times, self.n_terms).mT @ point_gradients
        if velocity_gradients is None:
            return terms
        return terms + sine_slopes(times, self.n_terms).mT @ velocity_gradients

    def roughness(self, n_points: int) -> Array:
        r"""The summed squared steps Σ_m \|x(t_{m+1}) - x(t_m)\|² on a uniform grid, in closed form.

        Parameters
        ----------
        n_points : int
            Number of grid points M, both ends included; at least N + 2.

        Returns
        -------
        array (...,)
            In the squared unit of the coordinates.

        Raises
        ------
        ValueError
            If the grid is too coarse for the terms.
        """
        xp = array_namespace(self.start)
        weights = like(roughness_weights(self.n_terms, n_points), self.start)
        chord = xp.sum((self.end - self.start) ** 2, axis=-1) / (n_points - 1)
        return chord + xp.sum(xp.sum(self.coefficients**2, axis=-1) * weights, axis=-1)

    def roughness_gradient(self, n_points: int) -> Array:
        """The gradient of `roughness` in the coefficients.

        Parameters
        ----------
        n_points : int
            As for `roughness`.

        Returns
        -------
        array (..., N, D)
            Derivatives in the coefficients.

        Raises
        ------
        ValueError
            If the grid is too coarse for the terms.
        """
        weights = like(roughness_weights(self.n_terms, n_points), self.start)
        return 2 * weights[:, None] * self.coefficients

    def speed(self, t: Array) -> Array:
        r"""The speed \|dx/dt\|, without an array of size M times D.

        Parameters
        ----------
        t : array (M,) or float
            Times, 0 to 1.

        Returns
        -------
        array (..., M), or (...,) for one time
            In the unit of the coordinates.
        """
        xp = array_namespace(self.start)
        times = self.times_like(t)
        slopes = sine_slopes(times, self.n_terms)
        frame = xp.concat([xp.ones_like(slopes[..., :1]), slopes], axis=-1)
        directions = xp.concat([self._chord(), self.coefficients], axis=-2)
        gram = directions @ directions.mT
        squared = xp.sum((frame @ gram) * frame, axis=-1)
        return self._squeeze(xp.sqrt(xp.where(squared > 0, squared, 0 * squared)), t, axis=-1)

    def length(self) -> Array:
        """The arc length.

        Returns
        -------
        array (...,)
            In the unit of the coordinates.
        """
        return self._arc_lengths()[1][..., -1]

    def resampled(self, n_terms: int | None = None) -> "SinePath":
        """The same curve at nearly constant speed, fitted again.

        Parameters
        ----------
        n_terms : int, optional
            Number of terms of the new path; as many as now unless given.

        Returns
        -------
        SinePath
            One path, without leading axes, as this one must be.

        Examples
        --------
        >>> import numpy as np
        >>> fast_then_slow = SinePath(np.zeros(1), np.ones(1), np.array([[0.0], [0.1]]))
        >>> even = fast_then_slow.resampled()
        >>> bool(np.ptp(even.speed(np.linspace(0, 1, 9))) < 1e-3)
        True
        """
        n_terms = n_terms or self.n_terms
        times, arcs = self._arc_lengths()
        even = np.linspace(0, 1, 8 * (n_terms + 1) + 1)[1:-1]
        arcs = np.asarray(arcs, dtype=float)
        when = np.interp(even * arcs[-1], arcs, np.asarray(times, dtype=float))
        return SinePath.fit(self.start, self.end, even, self(when), n_terms)

    def _arc_lengths(self) -> tuple[Array, Array]:
        """Times on a fine grid, and the arc length up to each of them (..., M)."""
        xp = array_namespace(self.start)
        n_intervals = _N_LENGTH_INTERVALS * (self.n_terms + 1)
        times = self.times_like(np.linspace(0, 1, 2 * n_intervals + 1))
        speed = self.speed(times)
        pieces = (speed[..., :-2:2] + 4 * speed[..., 1:-1:2] + speed[..., 2::2]) / 6 / n_intervals
        arcs = xp.cumulative_sum(pieces, axis=-1)
        return times[::2], xp.concat([xp.zeros_like(arcs[..., :1]), arcs], axis=-1)

    def times_like(self, t: Array) -> Array:
        """The times as an array of the path's own kind.

        Parameters
        ----------
        t : array (M,) or float
            Times of any array library, or a number.

        Returns
        -------
        array (M,)
            In the library, dtype and device of the path; (1,) for a number.

        Raises
        ------
        ValueError
            If a number, one of a list, or one of NumPy's, is not finite.
        """
        if not is_array(t):
            t = np.asarray(t, dtype=float)
        if isinstance(t, float | np.ndarray) and not np.isfinite(t).all():
            raise ValueError(f"`t` is {t}; times must be finite, from 0 to 1 along the path")
        times = like(t, self.start)
        return times if times.ndim else times[None]

    def _chord(self) -> Array:
        return (self.end - self.start)[..., None, :]

    @staticmethod
    def _squeeze(values: Array, t: Array, axis: int = -2) -> Array:
        """Drop the axis of the times where `t` was a single number."""
        if np.ndim(t) if not is_array(t) else t.ndim:
            return values
        return values[..., 0, :] if axis == -2 else values[..., 0]
