"""What a user gives as `prior`: resolved, checked against the landscape, its evaluations kept."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from typing import Any

import numpy as np

from ._arrays import Array
from .evaluation import Evaluator
from .landscapes.abilities import Abilities, abilities_of
from .landscapes.resolve import as_landscape
from .methods.base import Method, Run, UsesPrior
from .path import SinePath
from .prior import Forgiving, Prior
from .restart.keeper import Keeper

_SAME = ("atoms", "cell", "periodicity", "constraints", "places of held atoms", "metric")
"""Parts of an identity that a prior must share."""


def resolve_priors(
    given: Any, method: Method, abilities: Abilities, start: Array
) -> list[Abilities]:
    """The cheaper landscapes of a call, the one next to the expensive landscape first.

    Parameters
    ----------
    given : Landscape, sequence of Landscape, or None
        As in `find_path`.
    method : Method
        What is to use them.
    abilities : Abilities
        The expensive landscape.
    start : array (D,)
        One of its ends.

    Raises
    ------
    TypeError, ValueError
        If the method cannot use them, or one is of other coordinates.
    """
    if given is None:
        return []
    if not isinstance(method, UsesPrior):
        raise TypeError(
            f"{type(method).__name__} cannot use a `prior`; leave it out, or use Surrogate()"
        )
    chain = given if isinstance(given, list | tuple) else [given]
    found = [abilities_of(as_landscape(one)) for one in chain]
    for prior in found:
        _check_alike(prior, abilities, start)
    return found


def _check_alike(prior: Abilities, abilities: Abilities, start: Array) -> None:
    """Raise an error where a prior is not of the same coordinates."""
    if prior.stochastic:
        raise ValueError(
            f"`prior` ({type(prior.landscape).__name__}) is stochastic; a prior must say the same "
            "each time"
        )
    theirs, ours = prior.identity, abilities.identity
    for name in _SAME:
        if name in theirs and name in ours and theirs[name] != ours[name]:
            raise ValueError(
                f"`prior` is of other {name}: {theirs[name]}, the landscape of {ours[name]}; both "
                "must be of the same coordinates"
            )
    size = getattr(prior.landscape, "n_coordinates", len(start))
    if size != len(start):
        raise ValueError(
            f"`prior` has {size} coordinates, the landscape {len(start)}; both must be of the same"
        )


def identity_of(priors: Sequence[Abilities]) -> dict[str, str]:
    """What a checkpoint must agree with, of the priors."""
    return {
        f"{'prior of the ' * k}prior, {name}": text
        for k, prior in enumerate(priors)
        for name, text in prior.identity.items()
    }


@contextmanager
def opened(
    priors: Sequence[Abilities],
    checkpoint: str | os.PathLike[str] | None,
    identity: Mapping[str, str],
    *,
    rechecks: bool,
) -> Iterator[Prior | None]:
    """The priors behind evaluators of their own, their evaluations kept beside a checkpoint."""
    with ExitStack() as stack:
        evaluators = []
        for k, prior in enumerate(priors, start=1):
            place = None if checkpoint is None else f"{os.fspath(checkpoint)}.prior{k}"
            keeper = Keeper(
                place, identity, np.random.default_rng(0), replays=True, rechecks=rechecks
            )
            stack.enter_context(closing(keeper))
            guarded = keeper.guard(Forgiving(prior.landscape), prior.n_workers)
            evaluators.append(Evaluator(prior, n_workers=prior.n_workers, at_work=guarded))
        yield Prior.of(evaluators)


def begun(
    method: Method,
    prior: Prior | None,
    evaluator: Evaluator,
    path: SinePath,
    rng: np.random.Generator,
) -> Run:
    """A run of a method, upon a prior where there is one."""
    if prior is None or not isinstance(method, UsesPrior):
        return method.start(evaluator, path, rng)
    return method.start_upon(prior, evaluator, path, rng)
