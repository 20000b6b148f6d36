"""The command in another process, and what it leaves behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

FAULTY = f"{Path(__file__).parent / 'faulty.py'}:Faulty"
CHANGED = f"{Path(__file__).parent / 'other_processor.py'}:Changed"


def find_arguments(hop, output):
    ends = (hop / "reactant.traj", hop / "product.traj")
    return ["find", *ends, "--calculator", FAULTY, "--output", output]


def in_a_process(arguments, **options):
    """The command as a user starts it, under way; a hang-up ends it, as without `nohup`."""
    code = (
        "import signal; signal.signal(signal.SIGHUP, signal.SIG_DFL); "
        "from fourierpathfinder.cli import main; main()"
    )
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **options,
    )


def read_result(folder):
    return json.loads((folder / "result.json").read_text())


def places(folder):
    """Where the faulty calculator was called, in order."""
    return [file.name.split("-")[1] for file in sorted(folder.iterdir())]
