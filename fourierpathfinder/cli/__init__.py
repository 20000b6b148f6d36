"""The command line: structure files and a calculator's name in, a barrier out.

The only module of the package that may be imported without the extra `ase`.
"""

import sys


def main() -> None:
    """Run the command `fourierpathfinder`."""
    try:
        from .commands import fourierpathfinder
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in ("click", "ase"):
            raise
        sys.exit(
            f"the command line needs {error.name}, which is not installed: "
            "pip install 'fourierpathfinder[ase,plot]'"
        )
    except KeyboardInterrupt:  # so early that no run has begun
        sys.exit(130)
    fourierpathfinder()
