"""What is looked at before a path is sought between two points, with a few evaluations.

The losses there are held against those of the modules, and the gradient against the loss.
"""

from typing import Any

from .checks import Checks
from .drawn_samples import spread
from .first_call import differentiating
from .mean_loss import MeanLoss
from .network import HALF, Network
from .parameters import Layout
from .slope import say_if_not_of_the_loss

_TRIED = 4
"""Samples by which it is tried whether gradients may be written over points."""
_FOLLOWED = 16
"""Samples whose loss is held against its gradient."""


class BothEnds:
    """The look at two ends of one landscape.

    Parameters
    ----------
    module : torch.nn.Module
        As it was given to the landscape.
    network : Network
    layout : Layout
    n_samples : int
        Samples in the data.
    checks : Checks
    mean_loss : MeanLoss
    """

    def __init__(
        self,
        module: Any,
        network: Network,
        layout: Layout,
        n_samples: int,
        checks: Checks,
        mean_loss: MeanLoss,
    ) -> None:
        self._given = module
        self._network = network
        self._layout = layout
        self._n_samples = n_samples
        self._checks = checks
        self._mean_loss = mean_loss
        self._has_sloped = False

    def check(self, a: Any, b: Any) -> None:
        """Raise an error if the losses at two points (D,) are not what their modules give.

        Raises
        ------
        ValueError
            The message says which, and where the difference arises.
        """
        checked = 0
        for name, point in (("start", a), ("end", b)):
            if tuple(point.shape) != (self._layout.n_coordinates,) or not _is_finite(point):
                continue  # which is said elsewhere
            try:
                self._checks.check_loss(point)
                self._checks.check_gradient(point)
                self._checks.check_end(self._given, point)
                self._mean_loss.try_statistics(point)
            except ValueError as error:
                raise ValueError(f"`{name}`: {error}") from error
            self._mean_loss.try_overwriting(point, self._few(_TRIED))
            checked += 1
        if checked == 2 and not self._has_sloped:
            self._has_sloped = True
            self._look_at_slope((a + b) / 2)

    def _look_at_slope(self, point: Any) -> None:
        rounded = {*self._layout.dtypes.values(), self._network.autocast} & set(HALF)
        if not rounded and _is_finite(point):
            with differentiating():
                say_if_not_of_the_loss(self._mean_loss, point, self._few(_FOLLOWED))

    def _few(self, n_samples: int) -> Any:
        return spread(self._n_samples, n_samples)[None]


def _is_finite(point: Any) -> bool:
    return bool(point.isfinite().all())
