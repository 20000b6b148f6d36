"""What the command's exit status says."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses, stable from version to version."""

    CERTIFIED = 0
    """The saddle was found and the rest of the path checked."""
    NOT_CERTIFIED = 1
    """The search ended with a path, but without a certificate."""
    BAD_INPUT = 2
    """The files, the options or the checkpoint cannot be used; nothing was calculated."""
    CALCULATOR = 3
    """The calculator failed too often; everything calculated is saved."""
    OUTPUT = 4
    """A file could not be written, such as on a full disk; the other files are there."""
    NOT_CONNECTED = 5
    """`--verify` found that the saddle does not join the two given minima."""
    UNFORESEEN = 70
    """A fault of the program, or too little memory; everything calculated is saved."""
    INTERRUPTED = 130
    """Ctrl-C or a termination signal; everything calculated is saved."""


class InputError(Exception):
    """Input that cannot be used; its message is for the user."""
