"""`find` in a process of its own, told to end with the command, and why it ended."""

import subprocess
import sys
import threading
from pathlib import Path

from ..storage.files import open_appending
from .exits import Exit
from .places import RESULT


class Processes:
    """Those that run now, until all are told to end."""

    def __init__(self) -> None:
        self._running: set[subprocess.Popen[bytes]] = set()
        self._changing = threading.Lock()
        self._is_over = False

    def wait(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit status of a process, which is one of them until then."""
        with self._changing:
            self._running.add(process)
            if self._is_over:
                process.terminate()
        try:
            return process.wait()
        finally:
            with self._changing:
                self._running.discard(process)

    def close(self) -> None:
        """Tell them to end, those too that begin just now, and wait until they have."""
        with self._changing:
            self._is_over = True
            running = list(self._running)
        for process in running:
            process.terminate()
        for process in running:
            process.wait()


def found_in_a_process(arguments: list[str], folder: Path, processes: Processes) -> int:
    """Run `find` in a process; returns its exit status."""
    command = [sys.executable, "-m", f"{__package__}.child", "find"]
    place = folder / "output.txt"
    place.unlink(missing_ok=True)  # a process of a killed run may still print to that one
    with open_appending(place) as output:
        process = subprocess.Popen(
            [*command, "--output", str(folder), "--restart", *arguments],
            stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
            process_group=0,  # what the terminal sends is passed on once
        )  # fmt: skip
        try:
            return processes.wait(process)
        finally:
            if process.stdin is not None:
                process.stdin.close()


def reason(folder: Path, status: int) -> str:
    """Why `find` ended as it did, in its own words."""
    if status < 0:
        return f"its process was ended by signal {-status}"
    lines = (folder / "output.txt").read_text(encoding="utf-8", errors="replace").splitlines()
    told = [line.partition(": ")[2] for line in lines if line.startswith("fourierpathfinder: ")]
    if told:
        return told[-1]
    is_unexpected = status not in {exit_.value for exit_ in Exit} or not (folder / RESULT).exists()
    return lines[-1] if is_unexpected and lines else ""
