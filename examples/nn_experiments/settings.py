"""Every number of a study, in frozen dataclasses that a TOML file fills.

A preset is a TOML file in `presets/`; a configuration of one's own is another, read on top of a
preset; and `key=value` pairs come last. Only names that a dataclass has are accepted.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

from .networks import ACTIVATIONS, NETWORKS

PRESETS = Path(__file__).parent / "presets"

Tree = Mapping[str, Any]


@dataclass(frozen=True)
class Training:
    """How the networks are trained."""

    n_members: int = 75
    """Random initialisations for each network and optimizer."""
    n_kept: int = 48
    """Those of lowest training loss that are looked at further."""
    block: int = 25
    """Members that one task trains."""
    batch_size: int = 64
    """Images in a mini-batch of SGD."""
    lbfgs_steps: Mapping[str, int] = field(default_factory=dict)
    """Iterations of L-BFGS-GSS, by network."""
    sgd_epochs: Mapping[str, int] = field(default_factory=dict)
    """Passes over the data, by network."""
    sgd_learning_rates: Mapping[str, float] = field(default_factory=dict)
    """By network."""
    sgd_momentum: float = 0.9


@dataclass(frozen=True)
class PaperBudget:
    """Algorithm 2 with the paper's settings, or fewer points and steps."""

    n_terms: int = 10
    n_points: int = 51
    smoothness: float = 1e-4
    learning_rate: float = 1e-3
    n_steps: int = 100


@dataclass(frozen=True)
class Converged:
    """The library's own method for networks, with as many steps as it takes."""

    n_terms: int = 4
    points_per_step: int = 4
    batch_size: int = 64
    learning_rate: float = 0.05
    n_steps: int = 2000


@dataclass(frozen=True)
class Heights:
    """Which heights are found, and how."""

    n_pairs: int = 300
    """Random pairs for each set of weights."""
    block: int = 25
    """Pairs that one task connects."""
    n_images: Mapping[str, int] = field(default_factory=dict)
    """Images of the landscape, by network; all of the set where a network is not named."""
    aligned: bool = True
    """Whether heights are also found between ends whose units were aligned."""
    paper: PaperBudget = PaperBudget()
    converged: Converged = Converged()


@dataclass(frozen=True)
class Analysis:
    """Statistics."""

    n_bootstrap: int = 10_000
    """Resamples of an interval of how far kernel PCA separates two sets."""
    confidence: float = 0.95
    """Of intervals; and one less the share of chance to expect among what is decided."""
    power: float = 0.8
    """How likely a difference is to be seen that is called visible."""


@dataclass(frozen=True)
class Settings:
    """A whole study."""

    preset: str = "paper"
    dataset: str = "mnist"
    n_train: int = 60_000
    n_test: int = 10_000
    networks: tuple[str, ...] = tuple(NETWORKS)
    activation: str = "softplus"
    seed: int = 0
    device: str = "auto"
    """Where torch computes; "auto" takes a GPU where there is one."""
    training: Training = Training()
    heights: Heights = Heights()
    analysis: Analysis = Analysis()

    def __post_init__(self) -> None:
        for name in self.networks:
            if name not in NETWORKS:
                raise ValueError(f"no network is called {name!r}; there are {', '.join(NETWORKS)}")
        if self.activation not in ACTIVATIONS:
            raise ValueError(
                f"`activation` is {self.activation!r}; it must be one of {', '.join(ACTIVATIONS)}"
            )
        n_kept, n_members = self.training.n_kept, self.training.n_members
        if not 2 <= n_kept <= n_members:
            raise ValueError(
                f"`training.n_kept` is {n_kept}; it must lie between 2 and `n_members`, {n_members}"
            )


def load_settings(preset: str, config: Path | None = None, changes: Iterable[str] = ()) -> Settings:
    """Put a preset, a file and single changes together.

    Parameters
    ----------
    preset : str
        The name of a file in `presets/`.
    config : Path, optional
        A TOML file with the same names.
    changes : iterable of str
        Such as "training.n_members=8"; the value is TOML, or plain text.
    """
    tree = tomllib.loads((PRESETS / f"{preset}.toml").read_text())
    if config is not None:
        tree = _merged(tree, tomllib.loads(config.read_text()))
    for change in changes:
        tree = _merged(tree, _tree(change))
    filled: Settings = _filled(replace(Settings(), preset=preset), tree)
    return filled


def preset_names() -> list[str]:
    """What `presets/` holds."""
    return sorted(path.stem for path in PRESETS.glob("*.toml"))


def _tree(change: str) -> Tree:
    name, sign, text = change.partition("=")
    if not sign:
        raise ValueError(f"{change!r} is no setting; write it as NAME=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    for part in reversed(name.strip().split(".")):
        value = {part: value}
    return value


def _merged(tree: Any, other: Any) -> Any:
    """The tables of two trees together, with the values of `other` where both have one."""
    if not isinstance(tree, Mapping) or not isinstance(other, Mapping):
        return other
    return {**tree, **{name: _merged(tree.get(name), new) for name, new in other.items()}}


def _filled(settings: Any, tree: Tree, at: str = "") -> Any:
    """Return dataclasses with the values of a tree in place of their own."""
    names = [f.name for f in fields(settings)]
    for name in tree:
        if name not in names:
            raise ValueError(f"no setting is called {at + name!r}; there are {', '.join(names)}")
    return replace(
        settings,
        **{name: _value(getattr(settings, name), new, at + name) for name, new in tree.items()},
    )


def _value(old: Any, new: Any, name: str) -> Any:
    if is_dataclass(old):
        return _filled(old, _table(new, name), f"{name}.")
    if isinstance(old, Mapping):
        return {**old, **_table(new, name)}
    if isinstance(old, tuple):
        return tuple([new] if isinstance(new, str) else new)
    if isinstance(old, float) and isinstance(new, int):
        return float(new)
    if type(new) is not type(old):
        raise ValueError(f"`{name}` is {new!r}; it must be a {type(old).__name__}")
    return new


def _table(value: Any, name: str) -> Tree:
    if not isinstance(value, Mapping):
        raise ValueError(f"`{name}` is {value!r}; it is a table of settings: name one of them")
    return value
