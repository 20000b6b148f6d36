"""Change single bits in files of every kind that this package writes, and see what is read then.

    python tools/flip_bits.py [N]     N flips in all (20,000), spread over the kinds of files

The files are as large as those of real runs. Each is also cut short, at one place for every ten
flips. Prints how many were refused; ends with status 1 if any was read as something else, or with
anything but a sentence.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.storage.flips import flipped, outcome, write_all

SHORTER = {"evaluations.jsonl": ("shorter",)}
"""Files that grow: what is not whole at their end counts as not written."""


def main(n_flips: int) -> int:
    """Flip, count, and return the exit status."""
    rng = np.random.default_rng()
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder, changed = Path(name), Path(name, "changed")
        changed.mkdir()
        readers = write_all(folder, large=True)
        each = -(-n_flips // len(readers))
        for kind, read in readers.items():
            content, expected = (folder / kind).read_bytes(), read(folder / kind)
            found: Counter[str] = Counter()
            for bit in rng.integers(8 * len(content), size=each).tolist():
                (changed / kind).write_bytes(flipped(content, bit))
                found[outcome(read, changed / kind, expected)] += 1
            cut: Counter[str] = Counter()
            for size in rng.integers(len(content), size=-(-each // 10)).tolist():
                (changed / kind).write_bytes(content[:size])
                cut[outcome(read, changed / kind, expected)] += 1
            print(f"{kind:18} {len(content):6} bytes  {dict(found)}  cut: {dict(cut)}", flush=True)
            allowed = ("refused", "same")
            bad += sum(n for what, n in found.items() if what not in allowed)
            bad += sum(
                n for what, n in cut.items() if what not in (*allowed, *SHORTER.get(kind, ()))
            )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
