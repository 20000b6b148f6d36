"""What a message quotes of another error."""


def first_line(error: Exception, otherwise: str) -> str:
    """The first line of what an error says; `otherwise` where it says nothing."""
    return next(iter(str(error).strip().splitlines()), otherwise)
