"""A progress bar: gradients used, the height so far, what is evaluated next."""

from types import TracebackType
from typing import Any


class ProgressBar:
    """A tqdm bar over gradients, or nothing at all.

    Parameters
    ----------
    shown : bool
        Whether to show a bar.
    max_gradients : int, optional
        The budget, where there is one.
    """

    def __init__(self, shown: bool, max_gradients: int | None = None) -> None:
        self._bar: Any = None
        if shown:
            from tqdm.auto import tqdm  # a third of the time to import this package

            self._bar = tqdm(total=max_gradients, unit=" gradients")

    def __enter__(self) -> "ProgressBar":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def spent(self, n_gradients: int) -> None:
        """Move the bar to the number of gradients spent so far."""
        if self._bar is not None:
            self._bar.update(n_gradients - self._bar.n)

    def describe(self, height: float, waiting_for: str) -> None:
        """Show the height so far and what is waited for."""
        if self._bar is not None:
            self._bar.set_description_str(f"height {height:.6g}, next: {waiting_for}")
