"""Kill runs of every kind at random moments, go on with them, and compare with undisturbed ones.

    python tools/kill_runs.py [N] [--kind NAME ...] [--seed S]     N kills in all (200)

SIGKILL, SIGTERM, SIGINT and SIGHUP, one to three times in a row, also twice in quick succession.
Afterwards the same files must be there, with the same bits; nothing but the calculations that were
under way may have been repeated; no process and no other file may be left. Ends with status 1 if
that was ever not so. The kinds are in `tests/kills`; the runs are forks of this process, which has
loaded everything.
"""

import argparse
import atexit
import faulthandler
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.kills.kinds import Kind, kinds, prepare

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PATIENCE = 30.0
"""In seconds: for a run to end after a signal, on a busy machine."""
MARK = "FOURIERPATHFINDER_KILLED_RUN"
CLUSTER = """
import sys
import distributed
with distributed.LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
    print(cluster.scheduler_address, flush=True)
    sys.stdin.read()
"""


class WrongError(Exception):
    """What must not be."""


def started(kind: Kind, folder: Path) -> int:
    """The number of a new process of a run; it ends as a command of its own does."""
    pid = os.fork()
    if pid == 0:
        os.setsid()
        os.environ[MARK] = str(folder)
        os.chdir(folder)
        output = os.open(folder / "said", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        os.dup2(output, 1)
        os.dup2(output, 2)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # whatever `nohup` turned off
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        faulthandler.register(signal.SIGUSR1)
        os._exit(status_of(kind))
    return pid


def status_of(kind: Kind) -> int:
    """Run, and end as Python does, but for what the process that was forked has yet to do."""
    atexit._clear()
    try:
        kind.run()
        status = 0
    except SystemExit as error:
        status = error.code if isinstance(error.code, int) else 1
    except KeyboardInterrupt:
        status = 130
    except BaseException:
        traceback.print_exc()
        status = 1
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # it is ending, and is waited for
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return status


def ended(pid: int, until: float) -> int | None:
    """How a process ended: its status, or the negative number of a signal; None if it did not."""
    while time.monotonic() < until:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    return None


def undisturbed(kind: Kind, folder: Path) -> float:
    """Run to the end; returns how many seconds that took."""
    began = time.monotonic()
    status = ended(started(kind, folder), began + 600)
    if status not in kind.statuses:
        raise WrongError(f"a run that was not killed ended with {status}: {said(folder)}")
    return time.monotonic() - began


def kill(kind: Kind, folder: Path, lasts: float, dice: random.Random) -> str:
    """Start or go on, and kill at some moment; returns by what, nothing if it was quicker."""
    number, moment = dice.choice(SIGNALS), dice.uniform(0, lasts)
    pid = started(kind, folder)
    status = ended(pid, time.monotonic() + moment)
    if status is not None:
        if status not in kind.statuses:
            raise WrongError(f"it ended with {status} before it was killed: {said(folder)}")
        return ""
    os.kill(pid, number)
    if number != signal.SIGKILL and dice.random() < 0.25:
        status = ended(pid, time.monotonic() + dice.uniform(0, 0.2))
        if status is None:
            os.kill(pid, number)
    status = ended(pid, time.monotonic() + PATIENCE) if status is None else status
    if status is None:
        os.kill(pid, signal.SIGUSR1)  # prints where its threads are
        ended(pid, time.monotonic() + 1)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        raise WrongError(f"not ended {PATIENCE:g} s after {number.name}: {said(folder)}")
    if status not in (-number, 130, *kind.statuses):
        raise WrongError(f"it ended with status {status} after {number.name}: {said(folder)}")
    return number.name


def check(kind: Kind, folder: Path, expected: Mapping[str, bytes], n_kills: int) -> None:
    """Compare with the undisturbed run."""
    found = contents(folder)
    if found.keys() != expected.keys():
        raise WrongError(f"other files: {sorted(found.keys() ^ expected.keys())}")
    different = [name for name in found if found[name] != expected[name]]
    if different:
        raise WrongError(f"different: {[told(found[n], expected[n]) or n for n in different]}")
    if "Traceback" in said(folder):
        raise WrongError(f"a traceback: {said(folder)}")
    repeated = calls(folder).total() - calls(folder.parent / "undisturbed").total()
    if kind.at_a_time and repeated > n_kills * kind.at_a_time:
        more = calls(folder) - calls(folder.parent / "undisturbed")
        raise WrongError(f"{repeated} calculations repeated after {n_kills} kills: {dict(more)}")


def told(found: bytes, expected: bytes) -> str:
    """The first place where two files differ."""
    at = next((k for k, (a, b) in enumerate(zip(found, expected, strict=False)) if a != b), 0)
    part = slice(max(at - 40, 0), at + 60)
    return f"{found[part]!r} instead of {expected[part]!r}"


def contents(folder: Path) -> dict[str, bytes]:
    """What the files hold that a run has written, but for what tells of time and place."""
    out = folder / "out"
    return {
        str(file.relative_to(out)): kept(file, folder) for file in out.rglob("*") if file.is_file()
    }


def kept(file: Path, folder: Path) -> bytes:
    """What must be the same: no folder, no checksums over it, no order of two workers."""
    if file.name in TIMED:
        return b""
    content = file.read_bytes().replace(str(folder).encode(), b"")
    if file.suffix not in (".json", ".jsonl"):
        return content
    content = SEAL.sub(b"", content)
    return b"\n".join(sorted(content.splitlines())) if file.suffix == ".jsonl" else content


TIMED = ("run.log", "output.txt", "calculator.log", "report.html", "run.npz")
SEAL = re.compile(rb',\s*"checksum": "[0-9a-f]+"')


def calls(folder: Path) -> Counter[str]:
    """How often the calculator was called, by place."""
    return Counter(file.name.partition("-")[0] for file in (folder / "calls").iterdir())


def said(folder: Path) -> str:
    """The last that a run has printed."""
    return (folder / "said").read_text(errors="replace")[-3000:]


def strays(folder: Path) -> list[int]:
    """Processes that a run has left behind."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if f"{MARK}={folder}\0".encode() in (process / "environ").read_bytes():
                found.append(int(process.name))
    return found


def require_no_strays(folder: Path) -> None:
    """See that all processes end by themselves."""
    until = time.monotonic() + PATIENCE
    while left := strays(folder):
        if time.monotonic() > until:
            raise WrongError(f"processes are left: {left}")
        time.sleep(0.05)


@contextmanager
def dask(*, wanted: bool) -> Iterator[str | None]:
    """The address of a scheduler with a worker."""
    if not wanted:
        yield None
        return
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", CLUSTER], text=True, **pipes) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def one(kind: Kind, place: Path, lasts: float, n_kills: int, dice: random.Random) -> Counter[str]:
    """Kill one run as often as said, let it come to its end, and compare."""
    folder = place / f"killed-{dice.getrandbits(32):08x}"
    made(folder, place.parent)
    done = []
    while len(done) < n_kills:
        name = kill(kind, folder, lasts, dice)
        done += [name] if name else []
        lasts *= 1 if name else 0.7
    require_no_strays(folder)
    undisturbed(kind, folder)
    require_no_strays(folder)
    check(kind, folder, contents(place / "undisturbed"), n_kills)
    return Counter(done)


def made(folder: Path, base: Path) -> None:
    """A folder for a run, and what it reads."""
    (folder / "calls").mkdir(parents=True)
    for name in ("minima.traj", "a.traj", "b.traj", "pairs.csv", "calc.py"):
        (folder / name).write_bytes((base / name).read_bytes())


def main() -> int:
    """Kill, count, and return the exit status."""
    parser = argparse.ArgumentParser()
    parser.add_argument("n", type=int, nargs="?", default=200)
    parser.add_argument("--kind", action="append")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32))
    asked = parser.parse_args()
    print(f"seed {asked.seed}", flush=True)
    dice = random.Random(asked.seed)
    n_wrong, n_done, total = 0, 0, Counter[str]()
    on_dask = asked.kind is None or any("Dask" in kind for kind in asked.kind)
    with tempfile.TemporaryDirectory() as name, dask(wanted=on_dask) as address:
        base = Path(name)
        prepare(base)
        chosen = kinds(address)
        ready = [(k, base / str(i), chosen[k]) for i, k in enumerate(asked.kind or chosen)]
        lasts = {}
        for what, place, kind in ready:
            made(place / "undisturbed", base)
            lasts[what] = undisturbed(kind, place / "undisturbed")
            print(f"{what:20} {lasts[what]:5.1f} s undisturbed", flush=True)
        while n_done < asked.n:
            what, place, kind = ready[n_done % len(ready)]
            n_kills = min(dice.choice((1, 1, 2, 3)), asked.n - n_done)
            try:
                done = one(kind, place, lasts[what], n_kills, dice)
                total += done
                print(f"{what:20} {dict(done)}", flush=True)
            except WrongError as error:
                n_wrong += 1
                print(f"{what:20} WRONG: {error}", flush=True)
            n_done += n_kills
    print(f"{n_done} kills, {dict(total)}, {n_wrong} runs were wrong")
    return 1 if n_wrong else 0


if __name__ == "__main__":
    sys.exit(main())
