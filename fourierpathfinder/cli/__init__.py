"""The command line: structure files and a calculator's name in, a barrier out.

The only module of the package that may be imported without the extra `ase`.
"""

import signal
import sys


def main() -> None:
    """Run the command `fourierpathfinder`."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        # before a run has begun, and when it is over, there is nothing to be saved
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        from .commands import fourierpathfinder
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("click", "ase"):
            raise
        sys.exit(
            f"the command line needs {error.name}, which is not installed: "
            "pip install 'fourierpathfinder[ase,plot]'"
        )
    fourierpathfinder()
