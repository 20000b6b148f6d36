r"""Whether gradients belong to the values that they came with.

Of a landscape f the gradients foretell the values; those of anything else do not. So the
observations are compared under two hypotheses, each at its likeliest length scale,

    A = log p(f, ∇f) - log p(f) - log p(∇f),

with p of one Gaussian process on the left, and of two that know nothing of each other on the right.
True gradients make A large, since values are nearly known by them; a wrong sign, unit or order of
the components makes it as negative. Gradients count in the directions in which the points differ:
in others they foretell nothing, and are mostly of another size.
"""

from dataclasses import replace

import numpy as np
from numpy.linalg import LinAlgError

from .fit import at_best_length, evidence_of, prior_on
from .likelihood import Evidence
from .model import Model
from .noise import with_found_noise
from .nugget import Nugget
from .observations import Observations
from .prior import Prior
from .settings import DEFAULTS

_NUGGET = 1e-7
"""As little as keeps points apart; in units of the variance."""
_DIRECTIONS = 3
"""In which the points differ most, and in which gradients count: more of them, alike among each
other, would drown the values."""
_LENGTHS = np.exp(np.linspace(-2.5, 1.5, 9))
"""Length scales to begin from, in halves of the extent of the points."""


def agreement(model: Model, data: Observations) -> float:
    """How much likelier values and gradients are as those of one function than of two.

    Parameters
    ----------
    model : Model
        Whose features and kernel are used.
    data : Observations
        At least three.

    Returns
    -------
    float
        A, in units of log likelihood; 0 where it cannot be told.
    """
    few = replace(DEFAULTS, likelihood_rows=len(data) * (1 + _DIRECTIONS))
    prior = prior_on(data.x, model.features, model.kernel, Nugget(_NUGGET), few)
    together = evidence_of(prior, data).inside
    values, gradients = together.of_values, together.of_gradients
    if values.is_constant or gradients.is_constant:
        return 0.0 if values.is_constant else -np.inf
    try:
        best = with_found_noise(together.under(_likeliest(together)), data)
        apart = (one.under(replace(prior, nugget=best.nugget)) for one in (values, gradients))
        return _at(best, together) - sum(_at(_likeliest(one), one) for one in apart)
    except LinAlgError:  # points too close together
        return 0.0


def _likeliest(evidence: Evidence) -> Prior:
    """The prior of largest likelihood, which may have several tops where there is no agreement."""
    tried = [evidence.prior.at_length(evidence.prior.scaling.length * k) for k in _LENGTHS]
    best = max(tried, key=lambda prior: _at(prior, evidence))
    return at_best_length(evidence.under(best), float(_LENGTHS[1] / _LENGTHS[0]))


def _at(prior: Prior, evidence: Evidence) -> float:
    return evidence.under(prior)(float(np.log(prior.scaling.length))).value
