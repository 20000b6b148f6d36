"""Eckart's transmission against the Schrödinger equation, integrated as it is."""

import numpy as np
import pytest
from ase import units
from scipy.integrate import solve_ivp
from scipy.optimize import minimize_scalar

from fourierpathfinder.rates import eckart, wigner
from fourierpathfinder.rates.tunnelling import log_eckart, log_transmission

CASES = [(0.5, 0.5), (0.4, 0.7), (0.7, 0.4)]
QUANTUM = 0.18
"""In eV; in units with ħ = m = 1 every length follows from it."""


def barrier(forward, reverse):
    """Eckart's potential V(x), with the curvature at its top that belongs to QUANTUM."""
    rise, hump = forward - reverse, (np.sqrt(forward) + np.sqrt(reverse)) ** 2

    def shape(s):
        y = np.exp(s)
        return rise * y / (1 + y) + hump * y / (1 + y) ** 2

    top = minimize_scalar(lambda s: -shape(s), bracket=(-1, 1), tol=1e-12).x
    h = 1e-3
    curvature = (shape(top + h) - 2 * shape(top) + shape(top - h)) / h**2
    width = np.sqrt(-curvature) / QUANTUM  # ω² = -V''(s) / width²
    assert shape(top) == pytest.approx(forward)
    return (lambda x: shape(x / width)), width


def transmission(forward, reverse, energy):
    """What passes, from a wave that leaves to the right, followed to where it came from."""
    potential, width = barrier(forward, reverse)
    far = 20 * width
    leaving = np.sqrt(2 * (energy - forward + reverse))
    coming = np.sqrt(2 * energy)
    start = [1.0 + 0j, 1j * leaving]
    wave = solve_ivp(
        lambda x, y: [y[1], 2 * (potential(x) - energy) * y[0]],
        (far, -far), start, rtol=1e-8, atol=1e-10, method="DOP853",
    ).y[:, -1]  # fmt: skip
    incident = (wave[0] + wave[1] / (1j * coming)) / 2
    return leaving / coming / abs(incident) ** 2


@pytest.mark.parametrize(("forward", "reverse"), CASES)
@pytest.mark.parametrize("above", [0.05, 0.2, 0.35, 0.6])
def test_transmission_is_that_of_the_schroedinger_equation(forward, reverse, above):
    energy = max(0, forward - reverse) + above
    expected = transmission(forward, reverse, energy)
    found = np.exp(log_transmission(energy, QUANTUM, forward, reverse))
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_thin_barrier_too():
    """Where cosh d is a cosine: the same wave equation, a barrier below a quantum."""
    forward = reverse = 0.03
    expected = transmission(forward, reverse, 0.02)
    assert np.exp(log_transmission(0.02, QUANTUM, forward, reverse)) == pytest.approx(
        expected, rel=1e-5
    )


def test_the_factor_is_the_average_of_the_transmission():
    thermal, forward, reverse = units.kB * 300, 0.4, 0.5
    nodes, weights = np.polynomial.legendre.leggauss(24)
    top = forward + 15 * thermal
    energies = (nodes + 1) * top / 2
    passed = [transmission(forward, reverse, e) * np.exp((forward - e) / thermal) for e in energies]
    average = weights @ passed * top / 2 / thermal
    found = eckart(QUANTUM / units.invcm, forward, reverse, 300)
    assert found == pytest.approx(average, rel=3e-3)


@pytest.mark.parametrize("temperature", [50, 100, 300, 1000])
def test_both_directions_have_the_same_factor(temperature):
    """Detailed balance."""
    there, back = eckart(1200, 0.3, 0.55, temperature), eckart(1200, 0.55, 0.3, temperature)
    assert there == pytest.approx(back, rel=1e-6)


def test_hot_and_thick_barriers_have_wigners_factor():
    assert eckart(500, 2.0, 2.0, 1500) == pytest.approx(wigner(500, 1500), rel=3e-3)
    assert eckart(100, 2.0, 2.0, 3000) == pytest.approx(1, rel=1e-2)


def test_very_cold_barriers_overflow_nowhere():
    assert np.isfinite(np.log(eckart(1500, 1.0, 1.2, 20)))


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ((1000, 0.5, 0.5, 5), 1111.0487136484423),
        ((1500, 1.2, 1.0, 5), 2263.1739179450803),
        ((1800, 2.0, 0.1, 1), 1154.0933723840936),
        ((1200, 0.3, 0.55, 50), 50.936237710776),
        ((3000, 0.02, 0.03, 300), 0.6991716600767568),
    ],
)
def test_the_logarithm_of_the_factor_is_that_of_sixty_digits(case, expected):
    """The same integral by mpmath with 60 digits, of cosines that overflow nothing there."""
    assert log_eckart(*case) == pytest.approx(expected, rel=1e-10)


def test_the_coldest_factor_is_that_of_the_foot_of_the_barrier():
    """P(E) is 2 a² / (1 + cosh d) there, with a² = 4 π² V E / quantum² of a symmetric barrier."""
    height, temperature = 0.5, 0.01
    thermal, quantum = units.kB * temperature, 1000 * units.invcm
    d = 2 * np.sqrt((2 * np.pi * height / quantum) ** 2 - np.pi**2 / 4)
    foot = np.log(8 * np.pi**2 * height * thermal / quantum**2) - np.log1p(np.cosh(d))
    assert log_eckart(1000, height, height, temperature) == pytest.approx(
        height / thermal + foot, rel=1e-8
    )


def test_a_factor_beyond_all_numbers_is_infinite():
    assert eckart(1000, 0.5, 0.5, 5) == np.inf


@pytest.mark.parametrize("heights", [(0.0, 0.3), (0.3, -0.1)])
def test_what_is_no_barrier_is_refused(heights):
    with pytest.raises(ValueError, match="both must be positive"):
        eckart(1000, *heights, 300)
