"""A molecule whose calculator runs in processes of its own, and whose evaluations are all kept."""

from ..atoms import CrystalLandscape, MoleculeLandscape
from ..landscapes import IsolatedLandscape
from ..restart.recorded import RecordedLandscape
from ..result import Evaluations, PathResult
from ..storage.evaluations import EvaluationStore

LOG = "calculator.log"
"""The file for what calculators print."""


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
    typed : tuple of str
        The options that gave the calculator its settings, for messages.
    """

    def __init__(
        self,
        isolated: IsolatedLandscape,
        molecule: MoleculeLandscape | CrystalLandscape,
        store: EvaluationStore,
        typed: tuple[str, ...] = (),
    ) -> None:
        super().__init__(isolated, store)
        self.isolated = isolated
        self.molecule = molecule
        self._typed = typed

    def why_failed(self, error: Exception | None = None, n_before: int = 0) -> str:
        """Why the calculator failed, in words for its user.

        Parameters
        ----------
        error : Exception, optional
            What was raised, which is told where no calculation failed.
        n_before : int
            How many calculations had failed before what is told of.
        """
        told = self.isolated.last_failure
        if told and self.isolated.n_failures > n_before:
            return f"{told}; all that was printed is in {LOG}{self._settings()}"
        return str(error) if error is not None else f"as in an earlier run; see {LOG}"

    def _settings(self) -> str:
        """The settings, which are at fault where no calculation has ever come to its end."""
        if not self._typed or any(one.is_good for one in self.records):
            return ""
        return f"; the calculator was given {' '.join(self._typed)}"


Prior = RecordedMolecule | Evaluations | PathResult | None
"""What stands beneath the expensive landscape: a cheap one, or an earlier run."""
