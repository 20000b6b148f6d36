"""The table of `find-many` as files: CSV, JSON, a page, and Parquet where that is installed."""

import csv
import html
from collections.abc import Sequence
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..storage.documents import write_document
from ..storage.files import write_file, write_text
from ..table import SCHEMA, TABLE, results_table

PAIRS = "pairs"
"""The folder beside the table in which each pair has its own."""
_CSV, _PAGE, _PARQUET = ("table.csv", "table.html", "table.parquet")
TABLES = (_CSV, TABLE, _PAGE, _PARQUET)

_SHOWN = {
    "name": "pair",
    "status": "status",
    "barrier_eV": "barrier (eV)",
    "reverse_barrier_eV": "reverse (eV)",
    "barrier_error_eV": "± (eV)",
    "reaction_energy_eV": "ΔE (eV)",
    "temperature_K": "T (K)",
    "free_energy_barrier_eV": "ΔG‡ (eV)",
    "reaction_free_energy_eV": "ΔG (eV)",
    "forward_per_s": "k (1/s)",
    "eckart": "Eckart",
    "imaginary_frequency_per_cm": "ν‡ (cm⁻¹)",
    "n_negative_curvatures": "ways down",
    "connects_the_ends": "joins the ends",
    "n_gradients": "gradients",
    "findings": "findings",
    "reason": "reason",
}
"""The columns of the page, of those with anything in them."""

_STYLE = """
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em auto; max-width: 90em; padding: 0 1em;
       color: #222; }
h1 { font-size: 1.4em; } table { border-collapse: collapse; width: 100%; }
th, td { padding: .35em .6em; border-bottom: 1px solid #ddd; text-align: right; }
td { font-variant-numeric: tabular-nums; vertical-align: top; }
th { position: sticky; top: 0; background: #fff; white-space: nowrap; }
th button { all: unset; cursor: pointer; font-weight: 600; } th button:focus-visible
{ outline: 2px solid #0072B2; }
th[aria-sort=ascending] button::after { content: " ▲"; }
th[aria-sort=descending] button::after { content: " ▼"; }
.text { text-align: left; }
td.reason, td.findings { min-width: 24em; }
.certified { color: #00704f; } .failed { color: #b04500; }
a { color: #0072B2; }
"""

_SCRIPT = """
const body = document.querySelector("tbody");
document.querySelectorAll("th").forEach((head, column) => {
  head.querySelector("button").addEventListener("click", () => {
    const way = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    document.querySelectorAll("th").forEach(other => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", way === 1 ? "ascending" : "descending");
    const value = row => row.children[column].dataset.value;
    const rows = [...body.rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === "" || y === "") return (x === "") - (y === "");
      return way * (isNaN(x) || isNaN(y) ? x.localeCompare(y) : x - y);
    });
    body.append(...rows);
  });
});
"""


def write_tables(folder: Path, rows: Sequence[dict[str, Any]], title: str) -> list[Path]:
    """Write a table as every kind of file; returns the files."""
    written = [
        write_text(folder / _CSV, lambda file: _write_csv(file, rows)),
        write_document(folder / TABLE, {"schema": SCHEMA, "rows": list(rows)}),
        write_text(folder / _PAGE, lambda file: file.write(page(rows, title, folder))),
    ]
    if find_spec("pandas") is not None and find_spec("pyarrow") is not None:
        content = _parquet(folder)
        written.append(write_file(folder / _PARQUET, lambda file: file.write(content)))
    return written


def _columns(rows: Sequence[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _write_csv(file: Any, rows: Sequence[dict[str, Any]]) -> None:
    writer = csv.DictWriter(file, _columns(rows), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


def _parquet(folder: Path) -> bytes:
    frame = results_table(folder)
    for name in frame.columns:  # a user's own columns may mix numbers and text
        kinds = {type(value) for value in frame[name].dropna()}
        if len(kinds) > 1 and str in kinds:
            frame[name] = frame[name].astype(str)
    buffer = BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def page(rows: Sequence[dict[str, Any]], title: str, folder: Path) -> str:
    """A page by itself, with a table that is sorted by a click on the head of a column."""
    shown = [name for name in _SHOWN if any(row.get(name) not in (None, "") for row in rows)]
    heads = "".join(
        f'<th class="{_kind(rows, name)}" scope="col"><button>{_SHOWN[name]}</button></th>'
        for name in shown
    )
    lines = "\n".join(
        "<tr>" + "".join(_cell(row, name, _kind(rows, name), folder) for name in shown) + "</tr>"
        for row in rows
    )
    n_certified = sum(row["status"] == "certified" for row in rows)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}'
        f"</title><style>{_STYLE}</style></head><body>\n<h1>{html.escape(title)}</h1>\n"
        f"<p>{len(rows)} pairs, {n_certified} certified. "
        "A click on a column's head sorts by it.</p>\n"
        f"<table><thead><tr>{heads}</tr></thead>\n<tbody>\n{lines}\n</tbody></table>\n"
        f"<script>{_SCRIPT}</script></body></html>\n"
    )


def _kind(rows: Sequence[dict[str, Any]], name: str) -> str:
    return "text" if any(isinstance(row.get(name), str | bool) for row in rows) else "number"


def _cell(row: dict[str, Any], name: str, kind: str, folder: Path) -> str:
    value = row.get(name)
    raw, told = "" if value is None else str(value), _told(name, value)
    text = html.escape(told)
    if name == "name" and (folder / PAIRS / told / "report.html").exists():
        text = f'<a href="{PAIRS}/{quote(told)}/report.html">{text}</a>'
    if name == "status":
        text = f'<span class="{told.split()[0]}">{text}</span>'
    return f'<td class="{kind} {name}" data-value="{html.escape(raw)}">{text}</td>'


def _told(name: str, value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, float):
        return str(value)
    if name in ("forward_per_s", "eckart", "barrier_error_eV"):
        return f"{value:.3g}"
    return (
        f"{value:.1f}"
        if name in ("imaginary_frequency_per_cm", "temperature_K")
        else f"{value:.4f}"
    )
