"""When a search is given up although it still wants evaluations."""

from dataclasses import dataclass, replace

from .policy import Stop


@dataclass(frozen=True)
class Course:
    """The heights of one path, round by round.

    Attributes
    ----------
    numbers : Stop
        The policy.
    heights : tuple of float
        The last ones.
    most : int, optional
        Rounds that it may take in all.
    n_rounds : int
        Rounds that it has taken.

    Examples
    --------
    >>> course = Course(Stop(without_progress=3))
    >>> for height in (5.0, 1.0, 1.0, 1.0):
    ...     course = course.seen(height)
    >>> course.is_stalled(tolerance=0.1)
    True
    """

    numbers: Stop
    heights: tuple[float, ...] = ()
    most: int | None = None
    n_rounds: int = 0

    def seen(self, height: float) -> "Course":
        """The course after one more round."""
        heights = (*self.heights, height)[-self.numbers.without_progress :]
        return replace(self, heights=heights, n_rounds=self.n_rounds + 1)

    @property
    def is_over(self) -> bool:
        """Whether all rounds are taken that it was given."""
        return self.most is not None and self.n_rounds >= self.most

    def is_stalled(self, tolerance: float) -> bool:
        """Whether the height has not moved by `tolerance` for as many rounds as are allowed."""
        full = len(self.heights) >= self.numbers.without_progress
        return full and max(self.heights) - min(self.heights) < tolerance
