"""From a barrier to a rate: normal modes, free energies, tunnelling and transition-state theory."""

from .kinetics import ReactionRates, reaction_rates, vineyard
from .low_modes import AsTheyAre, Grimme, Raised
from .meeting import MeetingRates, Species, meeting_rates
from .modes import NormalModes, normal_modes
from .movie import mode_movie
from .thermochemistry import Harmonic, Hindered, IdealGas
from .tunnelling import eckart, wigner

__all__ = [
    "AsTheyAre",
    "Grimme",
    "Harmonic",
    "Hindered",
    "IdealGas",
    "MeetingRates",
    "NormalModes",
    "Raised",
    "ReactionRates",
    "Species",
    "eckart",
    "meeting_rates",
    "mode_movie",
    "normal_modes",
    "reaction_rates",
    "vineyard",
    "wigner",
]
