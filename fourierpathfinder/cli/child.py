"""One pair of `find-many` in a process of its own, which ends with the process that began it.

However that one ends, its end of the pipe to our standard input is closed; then we are interrupted
as by a signal, and what was calculated is saved.
"""

import os
import signal
import sys
import threading

from .commands import fourierpathfinder


def main() -> None:
    """Run the command that the arguments say."""
    threading.Thread(target=_watch, daemon=True).start()
    fourierpathfinder()


def _watch() -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
