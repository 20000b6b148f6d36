"""How the study's main claims change with the number of training images: one figure.

    python examples/nn_trend.py output/small output/medium --output trend.png

Each folder, or `results.json` itself, is what `nn_study.py` has left of a study of another size.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from nn_experiments.trend import draw_trend


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw what was asked for and return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("studies", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--output", type=Path, default=Path("trend.png"), metavar="FILE")
    asked = parser.parse_args(arguments)
    try:
        files = [place / "results.json" if place.is_dir() else place for place in asked.studies]
        figure = draw_trend([json.loads(file.read_text()) for file in files])
        figure.savefig(asked.output, dpi=110)
    except (OSError, ValueError, KeyError) as error:
        print(f"nn_trend: {error!r}; run the stage 'results' of each study first", file=sys.stderr)
        return 1
    print(asked.output)
    return 0


if __name__ == "__main__":
    sys.exit(main())
