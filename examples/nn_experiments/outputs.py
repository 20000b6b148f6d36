"""What a study writes beside its chunks: `results.json`, `figures/*.png`, `report.html`."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any

from .chunks import Store, write_whole
from .figures import draw_all
from .report import render
from .results import gather
from .study import Study

DPI = 110


def write_results(study: Study, store: Store) -> Path:
    """Gather what is done."""
    path = store.folder / "results.json"
    text = json.dumps(gather(study, store), indent=1, allow_nan=False)
    write_whole(path, lambda file: file.write(text.encode()))
    return path


def write_figures(folder: Path) -> list[Path]:
    """Draw every figure for which `results.json` has numbers."""
    written = []
    for name, figure in draw_all(_results(folder)).items():
        picture = BytesIO()
        figure.savefig(picture, dpi=DPI, format="png")
        path = folder / "figures" / f"{name}.png"
        write_whole(path, lambda file, picture=picture: file.write(picture.getvalue()))
        written.append(path)
    return written


def write_report(folder: Path) -> Path:
    """Put results and figures on one page."""
    figures = {path.stem: path.read_bytes() for path in (folder / "figures").glob("*.png")}
    text = render(_results(folder), figures)
    path = folder / "report.html"
    write_whole(path, lambda file: file.write(text.encode()))
    return path


def _results(folder: Path) -> dict[str, Any]:
    path = folder / "results.json"
    if not path.is_file():
        raise ValueError(f"{path} does not exist; run the stage 'results' first")
    tree: dict[str, Any] = json.loads(path.read_text())
    return tree
