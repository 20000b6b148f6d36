"""What a user gives as `prior`: resolved, checked against the landscape, its evaluations kept."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ._arrays import Array
from .evaluation import Evaluator
from .landscapes.abilities import Abilities, abilities_of
from .landscapes.resolve import landscape_alone
from .methods.base import Method, Run, UsesPrior
from .path import SinePath
from .prior import Forgiving, Prior
from .restart.keeper import Keeper
from .result import Evaluations, PathResult
from .storage.content import fingerprint
from .storage.evaluations import read_evaluations

_SAME = ("atoms", "cell", "periodicity", "constraints", "places of held atoms", "metric")
"""Parts of an identity that a prior must share."""


@dataclass(frozen=True, eq=False)
class Earlier:
    """What an earlier run has left.

    Attributes
    ----------
    known : Evaluations
    path : SinePath or None
        What it had found.
    """

    known: Evaluations
    path: SinePath | None = None

    @property
    def identity(self) -> dict[str, str]:
        """What a checkpoint must agree with."""
        parts = (self.known.points, self.known.values, self.known.gradients)
        return {"evaluations of an earlier run": " ".join(map(fingerprint, parts))}


Source = Abilities | Earlier
"""A landscape that can be asked, or what is left of one that was."""


def resolve_priors(given: Any, method: Method, abilities: Abilities, start: Array) -> list[Source]:
    """The cheaper landscapes of a call, the one next to the expensive landscape first.

    Parameters
    ----------
    given : Landscape, PathResult, Evaluations, path-like, sequence of these, or None
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
    found = [_source(one) for one in chain]
    for k, prior in enumerate(found):
        if isinstance(prior, Abilities):
            _check_alike(prior, abilities)
        else:
            _check_known(prior.known, start, is_last=k + 1 == len(found))
    return found


def _source(given: Any) -> Source:
    """The landscape, or the evaluations, that something given stands for."""
    if isinstance(given, PathResult):
        if given.evaluations is None:
            raise ValueError(
                "`prior` is a result that holds no evaluations; pass the file that its run kept "
                "them in (`checkpoint=`, or evaluations.jsonl of the command line)"
            )
        return Earlier(given.evaluations, given.path)
    if isinstance(given, Evaluations):
        return Earlier(given)
    if isinstance(given, str | os.PathLike):
        return Earlier(_of_file(given))
    return abilities_of(landscape_alone(given, name="prior"))


def _of_file(given: str | os.PathLike[str]) -> Evaluations:
    """The evaluations that a file holds."""
    if not Path(given).is_file():
        raise FileNotFoundError(
            f"`prior` is {given}, which is no file; give the one in which a run kept its "
            "evaluations (`checkpoint=`, or evaluations.jsonl in the folder of the command line)"
        )
    good = [one for one in read_evaluations(given) if one.is_good]
    if not good:
        raise ValueError(f"`prior` is the file {given}, which holds no evaluations")
    if len({one.point.shape for one in good}) > 1:
        raise ValueError(f"`prior` is the file {given}, whose points are of several sizes")
    return Evaluations(*(np.array(parts) for parts in zip(*good, strict=True)))


def _check_known(known: Evaluations, start: Array, *, is_last: bool) -> None:
    """Raise an error where evaluations are of other coordinates, or something is beneath them."""
    if not len(known.values):
        raise ValueError("`prior` holds no evaluations; leave it out, or give one that does")
    if len(known.values) != len(known.points) or known.gradients.shape != known.points.shape:
        raise ValueError(
            f"`prior` holds points of shape {known.points.shape}, {len(known.values)} values and "
            f"gradients of shape {known.gradients.shape}; each point has one of both"
        )
    if known.points.shape[1:] != start.shape:
        raise ValueError(
            f"`prior` holds points of {known.points.shape[1]} coordinates, the landscape has "
            f"{len(start)}; both must be of the same"
        )
    if not is_last:
        raise ValueError(
            "`prior` has something beneath the evaluations of an earlier run, which cannot be asked"
            " any more; put them last"
        )


def _check_alike(prior: Abilities, abilities: Abilities) -> None:
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


def identity_of(priors: Sequence[Source]) -> dict[str, str]:
    """What a checkpoint must agree with, of the priors."""
    return {
        f"{'prior of the ' * k}prior, {name}": text
        for k, prior in enumerate(priors)
        for name, text in prior.identity.items()
    }


@contextmanager
def opened(
    priors: Sequence[Source],
    checkpoint: str | os.PathLike[str] | None,
    identity: Mapping[str, str],
    *,
    rechecks: bool,
) -> Iterator[Prior | None]:
    """The priors behind evaluators of their own, their evaluations kept beside a checkpoint."""
    with ExitStack() as stack:
        beneath: Prior | None = None
        for k, prior in reversed(list(enumerate(priors, start=1))):
            if isinstance(prior, Earlier):
                beneath = Prior(known=prior.known, path=prior.path)
                continue
            place = None if checkpoint is None else f"{os.fspath(checkpoint)}.prior{k}"
            keeper = Keeper(
                place, identity, np.random.default_rng(0), replays=True, rechecks=rechecks
            )
            stack.enter_context(closing(keeper))
            guarded = keeper.guard(Forgiving(prior.landscape), prior.n_workers)
            evaluator = Evaluator(prior, n_workers=prior.n_workers, at_work=guarded)
            beneath = Prior(evaluator, beneath=beneath)
        yield beneath


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
