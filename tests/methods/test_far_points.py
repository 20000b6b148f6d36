"""Values of any size on the way spoil no tolerance, and so give no wrong certificate."""

import numpy as np
import pytest

from fourierpathfinder import find_path
from fourierpathfinder.landscapes.toy import leps_harmonic, mueller_brown
from fourierpathfinder.path import SinePath


@pytest.mark.parametrize("toy", [mueller_brown(), leps_harmonic()], ids=["Müller-Brown", "LEPS"])
@pytest.mark.parametrize("size", [2, 8, 20])
def test_a_first_path_that_leads_far_up_gives_no_wrong_certificate(toy, size):
    """Its middle lies up to 20 chords aside, where both grow exponentially or like a power."""
    for seed in range(3):
        aside = np.random.default_rng(seed).standard_normal(2)
        aside *= size * np.linalg.norm(toy.end - toy.start) / np.linalg.norm(aside)
        path = SinePath.straight(toy.start, toy.end, 8)
        coefficients = path.coefficients.copy()
        coefficients[0] = aside
        with np.errstate(all="ignore"):
            if not np.isfinite(toy.value_and_grad(path.start[None] + 2 * aside)[0]).all():
                continue
            result = find_path(
                toy,
                toy.start,
                toy.end,
                initial=path.with_coefficients(coefficients),
                rng=seed,
                max_gradients=40,
            )
            highest = toy.value_and_grad(result.path(np.linspace(0, 1, 801)))[0].max()
        assert result.evaluations.values.max() > toy.height
        if result.certified:
            rise = result.height - result.evaluations.values.min()
            assert result.height_error <= 0.03 * rise
            assert highest <= result.height + result.height_error + 1e-3 * rise
