"""One answer that is finite and wrong: noticed, asked for again, and left out."""

import numpy as np
import pytest

from fourierpathfinder import Surrogate, find_path
from fourierpathfinder.landscapes.toy import mueller_brown, two_channels

TOYS = {"two channels": two_channels(), "Müller-Brown": mueller_brown()}
FINE = np.linspace(0, 1, 1001)


class Once:
    """A landscape whose k-th answer is changed."""

    def __init__(self, toy, k, change):
        self.toy, self.k, self.change = toy, k, change
        self.n = 0

    def value_and_grad(self, points):
        values, gradients = (np.array(array) for array in self.toy.value_and_grad(points))
        for m in range(len(points)):
            self.n += 1
            if self.n == self.k:
                values[m], gradients[m] = self.change(values[m], gradients[m])
        return values, gradients


def rise(toy):
    return toy.height - toy.value_and_grad(np.stack([toy.start, toy.end]))[0].min()


def higher(size):
    return lambda value, gradient: (value + size, gradient)


def steeper(size):
    noise = np.random.default_rng(0).standard_normal(2)
    return lambda value, gradient: (value, size * noise)


def both(size):
    noise = np.random.default_rng(0).standard_normal(2)
    return lambda value, gradient: (value + size, size * noise)


CHANGES = {
    **{f"{size:g} higher": (higher, size) for size in (1e2, 1e6, 1e30)},
    **{f"{-size:g} lower": (higher, size) for size in (-30, -1e6)},
    **{f"{size:g} steeper": (steeper, size) for size in (1e4, 1e12)},
    **{f"{size:g} higher and steeper": (both, size) for size in (1e6,)},
}
"""In rises."""


@pytest.mark.parametrize("name", TOYS)
@pytest.mark.parametrize("change", CHANGES)
def test_one_nonsense_answer_is_left_out(name, change):
    """Whichever it is, an end, the first guess or a later one."""
    toy, (make, size) = TOYS[name], CHANGES[change]
    for k in (1, 3, 6):
        once = Once(toy, k, make(size * rise(toy)))
        result = find_path(once, toy.start, toy.end, method=Surrogate(), rng=0)
        assert result.n_outliers == 1, k
        assert result.certified, k
        top = toy.value_and_grad(result.path(FINE))[0].max()
        assert abs(top - result.height) < 2e-3 * rise(toy), k
        assert result.n_gradients <= 30, k
        assert np.abs(result.evaluations.values).max() < 1e3 * rise(toy)


@pytest.mark.parametrize("name", TOYS)
def test_a_landscape_that_is_exact_is_asked_nothing_twice(name):
    toy = TOYS[name]
    result = find_path(toy, toy.start, toy.end, method=Surrogate(), rng=0)
    apart = np.linalg.norm(result.evaluations.points[:, None] - result.evaluations.points, axis=-1)
    assert result.n_outliers == 0
    assert apart[~np.eye(len(apart), dtype=bool)].min() > 1e-6


def test_what_is_true_and_strange_is_believed_after_a_second_look():
    """A hill a thousand rises high, with a flat top, right where the first guess lies."""
    toy = TOYS["two channels"]
    middle = 0.5 * (toy.start + toy.end)

    class Hill:
        def value_and_grad(self, points):
            values, gradients = toy.value_and_grad(points)
            step = points - middle
            bump = 1e3 * np.exp(-(((step**2).sum(-1) / 0.05**2) ** 2))
            slope = -4 * bump * (step**2).sum(-1) / 0.05**4
            return values + bump, gradients + slope[:, None] * step

    result = find_path(Hill(), toy.start, toy.end, method=Surrogate(), rng=0, max_gradients=60)
    assert result.n_outliers == 0
    assert Hill().value_and_grad(result.path(FINE))[0].max() < 5 * toy.height


def test_a_budget_is_kept():
    toy = TOYS["two channels"]
    once = Once(toy, 6, higher(1e6))
    result = find_path(once, toy.start, toy.end, method=Surrogate(), rng=0, max_gradients=6)
    assert once.n == result.n_gradients == 6
