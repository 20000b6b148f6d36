"""A landscape that says, in one kind of error, when it could not be evaluated."""

import numpy as np

from .._arrays import Array, to_numpy
from ..landscapes.abilities import Forwarding, abilities_of
from ..landscapes.protocols import Landscape


class NotEvaluatedError(Exception):
    """A point could not be evaluated; the text says what failed, and why.

    Parameters
    ----------
    who : str
        What was to evaluate it.
    why : str
        In the words of the error, if there was one.
    """

    def __init__(self, who: str, why: str) -> None:
        super().__init__(f"{who} failed ({why})")
        self.who, self.why = who, why

    def told(self, where: str) -> str:
        """The same with the place."""
        return f"{self.who} failed {where} ({self.why})"


class Guarded(Forwarding):
    """Counts evaluations, and turns whatever goes wrong with one into a `NotEvaluatedError`.

    Parameters
    ----------
    landscape : Landscape
        What to evaluate.

    Attributes
    ----------
    n_gradients : int
        Points asked for so far.
    """

    def __init__(self, landscape: Landscape) -> None:
        super().__init__(landscape)
        self.n_gradients = 0
        is_of_atoms = abilities_of(landscape).n_atoms is not None
        self._who = "the calculator" if is_of_atoms else "the landscape"

    def value_and_grad(self, points: Array) -> tuple[Array, Array]:
        """Values (M,) and gradients (M, D) at `points` (M, D), all of them finite.

        Raises
        ------
        NotEvaluatedError
            Whatever the landscape raises, and where it returns something that is not finite.
        """
        self.n_gradients += len(points)
        try:
            values, gradients = self.landscape.value_and_grad(points)
        except NotEvaluatedError:
            raise
        except Exception as error:  # calculators have their own ways to fail
            raise NotEvaluatedError(self._who, f"{type(error).__name__}: {error}") from error
        if not (np.isfinite(to_numpy(values)).all() and np.isfinite(to_numpy(gradients)).all()):
            raise NotEvaluatedError(self._who, "a value or gradient is not finite")
        return values, gradients
