"""Whether the landscape's loss at both ends is the module's own, for architectures of every kind.

    python -m benchmarks.zoo                     all
    python -m benchmarks.zoo --only LSTM GRU     by parts of their names
    python -m benchmarks.zoo --rst FILE          the table of the documentation

Each is built twice with random weights. Its own loss is torch's alone: the module called in
evaluation mode, after `update_bn` where it normalises batches. They must agree to 1e-5 (1e-3 in
half precision), or the landscape refuses the module with a sentence. Models of the transformers
library are left out where that is not installed.
"""

import argparse
import importlib.util
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch

from fourierpathfinder.landscapes import NetworkLandscape

from . import hugging_face, images, others
from .kinds import Kind, own_loss

_AGREE, _AGREE_ROUGHLY = 1e-5, 1e-3


@dataclass(frozen=True)
class Row:
    """What was found for one architecture."""

    name: str
    n_parameters: int
    difference: float
    """The largest of both ends, as a fraction; NaN where it was refused."""
    refusal: str = ""
    rough: bool = False

    @property
    def is_right(self) -> bool:
        """Whether the losses agree, or there is a sentence instead."""
        limit = _AGREE_ROUGHLY if self.rough else _AGREE
        return bool(self.refusal) or self.difference <= limit

    @property
    def verdict(self) -> str:
        """In words."""
        return f"refused: {self.refusal}" if self.refusal else f"{self.difference:.0e}"


def all_kinds() -> list[Kind]:
    kinds = images.KINDS + others.KINDS
    if importlib.util.find_spec("transformers") is not None:
        kinds = kinds + hugging_face.KINDS
    return kinds


def examined(kind: Kind) -> Row:
    """Both ends of one architecture."""
    modules = [kind.module(seed) for seed in (1, 2)]
    n_parameters = sum(p.numel() for p in modules[0].parameters() if p.requires_grad)
    half = {torch.float16, torch.bfloat16}
    rough = bool(half & {p.dtype for p in modules[0].parameters()} or kind.options)
    try:
        landscape = NetworkLandscape(modules[0], kind.loss, kind.data(), **kind.options)
        ends = [landscape.coordinates(module) for module in modules]
        landscape.ends(*ends)
        values = landscape.value(torch.stack(ends)).tolist()
    except ValueError as error:
        return Row(kind.name, n_parameters, float("nan"), str(error), rough)
    own = [own_loss(kind, module) for module in modules]
    differences = [abs(v - w) / max(abs(w), 1e-12) for v, w in zip(values, own, strict=True)]
    return Row(kind.name, n_parameters, max(differences), rough=rough)


def table(rows: list[Row]) -> str:
    """As reStructuredText."""
    lines = [".. list-table::", "   :header-rows: 1", "", "   * - architecture"]
    lines += ["     - weights", "     - difference of the losses, or why it is refused"]
    for row in rows:
        verdict = row.verdict if len(row.verdict) < 160 else f"{row.verdict[:157]}..."
        verdict = verdict.replace("`", "")  # a quotation that was cut would stay open
        lines += [f"   * - {row.name}", f"     - {row.n_parameters:,}", f"     - {verdict}"]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="*", default=[], help="parts of names")
    parser.add_argument("--rst", type=Path, help="where to write the table")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = []
    for kind in all_kinds():
        if options.only and not any(part.lower() in kind.name.lower() for part in options.only):
            continue
        row = examined(kind)
        rows.append(row)
        mark = "" if row.is_right else "  WRONG"
        print(f"{row.name:40} {row.n_parameters:8,}  {row.verdict[:110]}{mark}", flush=True)
    wrong = [row.name for row in rows if not row.is_right]
    refused = sum(bool(row.refusal) for row in rows)
    print(f"{len(rows)} architectures: {len(rows) - len(wrong) - refused} agree, {refused} are "
          f"refused, {len(wrong)} are wrong")  # fmt: skip
    if options.rst:
        options.rst.write_text(table(rows), encoding="utf-8")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
