"""One page that holds everything, `report.html`, from `results.json` and the figures alone."""

import base64
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, FileSystemLoader

from .captions import CAPTIONS
from .figures import set_name

Tree = dict[str, Any]

SETS = ("lbfgs-train", "sgd-train", "lbfgs-test", "sgd-test")

N_PAPER_MEMBERS = 75


def render(tree: Tree, figures: dict[str, bytes]) -> str:
    """Write the page.

    Parameters
    ----------
    tree : dict
        What `results.json` holds.
    figures : dict of str to bytes
        PNG pictures by name.
    """
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True
    )
    environment.filters |= {
        "scientific": scientific,
        "statistic": statistic,
        "power": power,
        "table_1_value": _table_1_value,
    }
    settings, claims = tree["settings"], tree["claims"]
    counts = Counter(claim["verdict"] for claim in claims)
    return environment.get_template("report.html.jinja").render(
        settings=settings,
        settings_text=json.dumps(settings, indent=2),
        n_pairs=_n_pairs(settings),
        is_small=settings["training"]["n_members"] < N_PAPER_MEMBERS,
        claims=claims,
        n_compared=sum(claim["comparison"] is not None for claim in claims),
        counts={name: counts[name] for name in ("confirmed", "contradicted", "undecided")},
        columns=_columns(tree),
        rows=_rows(tree),
        set_labels={weights: set_name(weights) for weights in SETS},
        networks=tree["networks"],
        published=tree["published"],
        height_rows=[row for name in tree["networks"] for row in _height_rows(tree, name)],
        figures=[_figure(name, figures[name]) for name in CAPTIONS if name in figures],
    )


def scientific(number: float) -> str:
    """1.26e-08, or 0.123 where that is as short."""
    return f"{number:.2e}" if 0 < abs(number) < 0.01 else f"{number:.3g}"


def statistic(claim: Tree) -> str:
    """What decided a claim."""
    found = claim["comparison"]
    if found is None:
        bounds = claim["interval"]
        return f"{claim['value']:.2g}" + (f" [{bounds[0]:.2g}, {bounds[1]:.2g}]" if bounds else "")
    low, high = found["interval"]
    bounds = f" [{low:.2g}, {high:.2g}]" if low is not None else ""  # of too few members: none
    return f"{found['difference']:.2g}{bounds}, p = {found['corrected']:.1g}"


def power(claim: Tree) -> str:
    """What could have been seen, and of an undecided claim what would decide it."""
    found = claim["comparison"]
    if found is None or not found["visible"]:
        return ""
    told = f"visible from ±{found['visible']:.1g}"
    if claim["verdict"] != "undecided":
        return told
    needed = found["needed"]
    return f"{told}; " + (
        f"about {needed:,} members a set would show this difference"
        if needed
        else "no number of members would show so small a difference"
    )


def _n_pairs(settings: Tree) -> int:
    n_kept = settings["training"]["n_kept"]
    return int(min(settings["heights"]["n_pairs"], n_kept * (n_kept - 1) // 2))


def _columns(tree: Tree) -> dict[str, str]:
    toy = {"toy": "toy"} if tree["toy"] else {}
    return toy | {name: network["title"] for name, network in tree["networks"].items()}


def _rows(tree: Tree) -> list[Tree]:
    """Claims of one kind in one row, a network in each column."""
    rows: dict[str, Tree] = {}
    titles = _columns(tree)
    for claim in tree["claims"]:
        row = rows.setdefault(
            claim["key"], {"measured": claim["measured"], "claims": {}, "texts": {}}
        )
        row["claims"][claim["network"]] = claim
        row["texts"].setdefault(claim["text"], []).append(titles[claim["network"]])
    for row in rows.values():
        row["text"] = _text(row["texts"])
    return list(rows.values())


def _text(texts: dict[str, list[str]]) -> str:
    """The claim, or the claims with the networks that each is about."""
    if len(texts) == 1:
        return next(iter(texts))
    return "; ".join(f"{text} ({', '.join(names)})" for text, names in texts.items())


def _table_1_value(network: Tree, weights: str) -> float:
    optimizer, of = weights.split("-")
    return float(np.mean(network["training"][optimizer][f"minimum_{of}"]["losses"]))


def _height_rows(tree: Tree, name: str) -> list[list[Any]]:
    network = tree["networks"][name]
    kinds = network["heights"]
    found = kinds.get("paper") or next(iter(kinds.values()), {})
    rows = []
    for landscape, sets in found.items():
        for weights in sets:
            cells = {kind: kinds[kind].get(landscape, {}).get(weights) for kind in kinds}
            rows.append(
                [
                    network["title"],
                    "training" if landscape == "train" else "test",
                    set_name(weights),
                    _mean(cells.get("paper"), "ends"),
                    _mean(cells.get("paper"), "straight"),
                    _mean(cells.get("paper"), "heights"),
                    _mean(cells.get("converged"), "heights"),
                    _mean(cells.get("paper-aligned"), "straight"),
                    _mean(cells.get("paper-aligned"), "heights"),
                    _mean(cells.get("converged-aligned"), "heights"),
                ]
            )
    return rows


def _mean(cell: Tree | None, name: str) -> float | None:
    return None if cell is None else float(np.mean(cell[name]))


def _figure(name: str, png: bytes) -> Tree:
    title, caption = CAPTIONS[name]
    data = base64.b64encode(png).decode()
    return {"name": name, "title": title, "caption": caption, "data": data}
