"""The gate: every check that a change must pass, the same locally and in CI.

    python tools/gate.py             all of them
    python tools/gate.py lint docs   some of them
    python tools/gate.py coverage    the fast part of the tests, and which lines it runs
    python tools/gate.py lowest      that part without torch, in the environment of `make lowest`

All steps run even if one fails, those that use one core side by side before the others; the exit
status says whether all passed.
"""

import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

ROOT = Path(__file__).resolve().parent.parent

PARALLEL = "--numprocesses logical --maxprocesses 8 --dist loadgroup"
"""Tests on all cores; those of one `xdist_group` one after the other."""

FAST = "not slow and not statistical"

STEPS = {
    "lint": "ruff check .",
    "format": "ruff format --check .",
    "types": "mypy",
    "project": "tools.project_files",
    "layers": "pytest --quiet tests/test_layering.py",
    "tests": f"pytest --quiet {PARALLEL} --durations 20",
    "docs": "sphinx --fail-on-warning --keep-going --quiet docs docs/_build/html",
}
SEPARATE = {
    "coverage": f"pytest --quiet {PARALLEL} -m '{FAST}' --cov --cov-report=term:skip-covered "
    "--cov-fail-under=95",
    "lowest": f"pytest --quiet {PARALLEL} -m '{FAST}' tests "
    "--ignore tests/cli --ignore tests/graph --ignore tests/nn_experiments",
}
"""Not part of the whole. Watching every line makes numeric tests half as slow again, so the
coverage, of the fast part, is a step of its own; so is that part in an environment of the lowest
versions."""

ENVIRONMENT = {
    name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
}
"""The tests start hundreds of processes; each would compile the whole package again, were what is
compiled not kept."""


def main(names: list[str]) -> int:
    """Run the named steps, all if there are none, and return the exit status."""
    known = STEPS | SEPARATE
    unknown = set(names) - set(known)
    if unknown:
        print(f"no step is called {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return 2
    chosen = names or list(STEPS)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        passed = list(pool.map(run, [name for name in chosen if PARALLEL not in known[name]]))
    passed += [run(name) for name in chosen if PARALLEL in known[name]]
    print("\nThe gate is passed." if all(passed) else "\nThe gate is NOT passed.")
    return 0 if all(passed) else 1


def run(name: str) -> bool:
    """Run one step with this interpreter's own tools, and say how it went.

    What it prints is shown as it comes if it has all cores, and at its end if others run beside it.
    """
    command = (STEPS | SEPARATE)[name]
    heading = f"\n== {name}: {command}\n"
    beside = {} if PARALLEL in command else {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    if not beside:
        print(heading, end="", flush=True)
    began = perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", *shlex.split(command)],
        cwd=ROOT, env=ENVIRONMENT, check=False, text=True, **beside,
    )  # fmt: skip
    verdict = f"{name} {'passed' if done.returncode == 0 else 'FAILED'}"
    told = heading + done.stdout if beside else ""
    print(f"{told}== {verdict} in {perf_counter() - began:.0f} s", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
