"""How reliable a surrogate's deviations are.

Every evaluation tells by how many deviations the surrogate was too low. If the root mean square
of the last few exceeds one, deviations are multiplied by it: uncalibrated, they can be several
times too small. Predictions that were too high do no harm and count as zero.
"""

from dataclasses import dataclass

import numpy as np

from .policy import BOLD


@dataclass(frozen=True)
class Calibration:
    """The surrogate's last standardised under-predictions.

    Attributes
    ----------
    misses : tuple of float
        The last ones, in deviations.
    remembered : int
        How many are kept.
    """

    misses: tuple[float, ...] = ()
    remembered: int = BOLD.trust.remembered

    @property
    def factor(self) -> float:
        """What to multiply deviations by; at least 1."""
        if not self.misses:
            return 1.0
        return max(1.0, float(np.sqrt(np.mean(np.square(self.misses)))))

    def seen(self, value: float, mean: float, deviation: float, floor: float) -> "Calibration":
        """The calibration after one more evaluation; deviations far below `floor` do not matter."""
        miss = max(0.0, value - mean) / (deviation + floor)
        seen = (*self.misses, miss)
        return Calibration(seen[max(len(seen) - self.remembered, 0) :], self.remembered)
