"""Libraries that not everybody has: where one is missing, the message says how to get it."""

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needs(name: str, library: str, package: str | None = None) -> Iterator[None]:
    """Say of an import that fails here what to install.

    Parameters
    ----------
    name : str
        What the user has called.
    library : str
        The library that it needs.
    package : str, optional
        What to install; by default this package with the extra of the library's name.

    Raises
    ------
    ModuleNotFoundError
        If the library is missing, and as before if any other is.

    Examples
    --------
    >>> with needs("draw", "no_such_library"):
    ...     import no_such_library
    Traceback (most recent call last):
    ModuleNotFoundError: `draw` needs no_such_library: pip install ...
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] != library:
            raise
        package = package or f"fourierpathfinder[{library}]"
        message = f"`{name}` needs {library}: pip install '{package}'"
        raise ModuleNotFoundError(message, name=library) from error
