"""A molecule whose calculator runs in processes of its own, and whose evaluations are all kept."""

from ..atoms import CrystalLandscape, MoleculeLandscape
from ..landscapes import IsolatedLandscape
from ..restart.recorded import RecordedLandscape
from ..result import Evaluations, PathResult
from ..storage.evaluations import EvaluationStore

EVALUATIONS = "evaluations.jsonl"
"""The file in a run's folder in which they are kept."""

OF_PRIOR = "prior.jsonl"
"""The file for those of the prior."""


class RecordedMolecule(RecordedLandscape):
    """Keeps all evaluations of a molecule in a store.

    Parameters
    ----------
    isolated : IsolatedLandscape
        What to evaluate.
    molecule : MoleculeLandscape or CrystalLandscape
        The landscape that it evaluates.
    store : EvaluationStore
        Where evaluations are kept.
    """

    def __init__(
        self,
        isolated: IsolatedLandscape,
        molecule: MoleculeLandscape | CrystalLandscape,
        store: EvaluationStore,
    ) -> None:
        super().__init__(isolated, store)
        self.isolated = isolated
        self.molecule = molecule


Prior = RecordedMolecule | Evaluations | PathResult | None
"""What stands beneath the expensive landscape: a cheap one, or an earlier run."""
