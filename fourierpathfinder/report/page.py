"""The page itself: one file with its pictures, its viewer and its numbers."""

from collections.abc import Mapping, Sequence
from html import escape
from importlib.metadata import version

import numpy as np

from ..decimals import as_text, decimals_of
from ..rates.kinetics import told_prefactors
from ..result import PathResult
from .content import Report
from .pictures import levels, profile, steepest
from .viewer import viewer

_POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:; worker-src blob:"
)
"""For the browser: nothing is ever fetched, from anywhere."""

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #222; max-width: 72em; margin: 1.5em auto;
       padding: 0 1em; background: #fff; overflow-wrap: anywhere; }
h1 { font-size: 1.5em; margin-bottom: .2em; } h2 { font-size: 1.1em; margin: 1.6em 0 .4em; }
.verdict { margin-top: 0; } .problem { color: #b04500; font-weight: 600; }
.sides { display: grid; grid-template-columns: repeat(auto-fit, minmax(24em, 1fr)); gap: 1.5em; }
svg { width: 100%; height: auto; font: 12px system-ui, sans-serif; }
#viewer { position: relative; height: 26em; outline: 1px solid #ddd; }
.controls { display: flex; gap: .6em; align-items: center; flex-wrap: wrap; }
.controls input { flex: 1; min-width: 8em; }
button { font: inherit; padding: .2em .8em; }
table { border-collapse: collapse; } th { text-align: left; font-weight: 500;
       overflow-wrap: normal; }
th, td { padding: .2em 1em .2em 0; border-bottom: 1px solid #eee; vertical-align: top; }
.numbers td, .numbers th { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } pre { white-space: pre-wrap; background: #f6f6f6; padding: .8em; }
"""

_CITE = """@article{yu2026,
  title = {Neural network optimization strategies and the topography of the loss landscape},
  author = {Yu, Jianneng and Morozov, Alexandre V.},
  year = {2026}, eprint = {2602.21276}, archivePrefix = {arXiv}
}
@article{rego2015,
  title = {3Dmol.js: molecular visualization with WebGL},
  author = {Rego, Nicholas and Koes, David},
  journal = {Bioinformatics}, volume = {31}, pages = {1322}, year = {2015},
  doi = {10.1093/bioinformatics/btu829}
}"""


def report_html(report: Report) -> str:
    """A report as one page of HTML, which needs no network.

    Parameters
    ----------
    report : Report
        What to tell.

    Returns
    -------
    str
        To be written to a file of its own.

    Examples
    --------
    >>> "failed" in report_html(Report(None, problem="the calculator failed"))
    True
    """
    title = escape(report.title)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<link rel="icon" href="data:,">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style></head><body>\n<h1>{title}</h1>\n"
        f"{_verdict(report)}{_pictures(report)}{_structures(report)}{_numbers(report)}"
        f"{_rates(report)}{_remarks(report.remarks)}"
        f"{_table('Settings', report.settings)}{_citations()}</body></html>\n"
    )


def notebook_html(report: Report) -> str:
    """The same page within another, such as a notebook's.

    Parameters
    ----------
    report : Report
        What to tell.

    Returns
    -------
    str
        An element that holds the page apart from what is around it.

    Examples
    --------
    >>> notebook_html(Report(None, problem="the calculator failed")).startswith("<iframe")
    True
    """
    inside = escape(report_html(report), quote=True)
    return (
        f'<iframe srcdoc="{inside}" sandbox="allow-scripts" width="100%" height="900" '
        'style="border: 0"></iframe>'
    )


def _verdict(report: Report) -> str:
    if report.problem:
        return f'<p class="verdict problem">The run failed: {escape(report.problem)}</p>\n'
    if report.result is None:
        return ""
    kind = "verdict" if report.result.success else "verdict problem"
    return f'<p class="{kind}">{escape(report.result.message)}</p>\n'


def _can_be_drawn(result: PathResult | None) -> bool:
    if result is None or result.path is None:
        return False
    return bool(np.isfinite([result.height, result.start_value, result.end_value]).all())


def _pictures(report: Report) -> str:
    result = report.result
    if result is None or not _can_be_drawn(result):
        return ""
    told = "Line: the path" + (
        ", with a band of two standard deviations" if result.profile_errors is not None else ""
    )
    if result.evaluations is not None:
        told += "; dots: every evaluation, over the nearest place of the path; grey: higher up"
    unit, length_unit = report.unit, report.length_unit
    parts = [
        ("Energy diagram", levels(report), ""),
        ("Along the path", profile(result, unit, length_unit), f"<p>{told}.</p>"),
    ]
    if report.followed is not None:
        drawn = steepest(report.followed, result.start_value, unit, length_unit)
        parts.append(("Minimum-energy path", drawn, ""))
    sections = "".join(
        f"<section><h2>{title}</h2>{drawn}{below}</section>\n" for title, drawn, below in parts
    )
    return f'<div class="sides">{sections}</div>\n'


def _structures(report: Report) -> str:
    if not report.images:
        return ""
    return f"<h2>Structures</h2>\n{viewer(report.images, report.mode)}"


def _numbers(report: Report) -> str:
    result = report.result
    if result is None:
        return _table("Numbers", report.facts)
    unit, decimals = report.unit, decimals_of(result)
    rows = {
        "barrier": f"{as_text(result.barrier, decimals)} {unit} (± {result.height_error:.1g})",
        "reverse barrier": f"{as_text(result.reverse_barrier, decimals)} {unit}",
        "ΔE" if report.images else "end above start":
        f"{as_text(result.end_value - result.start_value, decimals)} {unit}",
        "height": f"{as_text(result.height, max(6, decimals))} {unit} "
        f"at t = {result.height_time:.3f}",
        "certified": "yes" if result.certified else "no",
        "gradients": str(result.n_gradients),
    }  # fmt: skip
    if result.saddle is not None:
        per_length = f"{unit}/{report.length_unit}" if report.length_unit else ""
        rows["gradient's norm at the saddle"] = f"{result.saddle.gradient_norm:.2g} {per_length}"
    return _table("Numbers", rows | dict(report.facts))


def _rates(report: Report) -> str:
    rates = report.rates
    if rates is None:
        return ""
    heads = ("T (K)", "ΔG‡ (eV)", "reverse (eV)", "ΔG (eV)", "k (1/s)", "reverse (1/s)", "Wigner",
             "Eckart")  # fmt: skip
    formats = ("{:.2f}", "{:.4f}", "{:.4f}", "{:.4f}", "{:.3e}", "{:.3e}", "{:.4g}", "{:.4g}")
    lines = "".join(
        "<tr>" + "".join(
            f"<td>{form.format(value)}</td>"
            for form, value in zip(formats, row.values(), strict=True)
        ) + "</tr>"
        for row in rates.rows()
    )  # fmt: skip
    frequency = rates.imaginary_frequency
    told = {
        "imaginary frequency": f"{abs(frequency):.1f}{'i' if frequency < 0 else ''} cm⁻¹",
        "with zero-point energies": "{:.4f} eV, reverse {:.4f} eV".format(
            *rates.zero_point_barriers
        ),
        "Vineyard's prefactor": told_prefactors(rates),
        "free energies by": repr(rates.thermochemistry[0]),
        "frequencies of the reactant": f"{rates.reactant} cm⁻¹",
        "frequencies of the saddle": f"{rates.saddle} cm⁻¹",
        "frequencies of the product": f"{rates.product} cm⁻¹",
    }
    head = "".join(f"<th>{name}</th>" for name in heads)
    return (
        f'<h2>Rates</h2>\n<div class="scroll"><table class="numbers"><tr>{head}</tr>{lines}</table>'
        "</div><p>k is Eyring's rate, to be multiplied by one of the tunnelling factors.</p>\n"
        + _table("Vibrations", told)
    )


def _remarks(remarks: Sequence[str]) -> str:
    if not remarks:
        return ""
    return (
        "<h2>Remarks</h2>\n<ul>" + "".join(f"<li>{escape(one)}</li>" for one in remarks) + "</ul>\n"
    )


def _table(title: str, rows: Mapping[str, str]) -> str:
    if not rows:
        return ""
    lines = "".join(
        f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in rows.items()
    )
    return f"<h2>{title}</h2>\n<table>{lines}</table>\n"


def _citations() -> str:
    return (
        f"<h2>How to cite</h2>\n<p>Made by fourierpathfinder {version('fourierpathfinder')}, whose "
        "path and objective are those of the first article; the structures are drawn by 3Dmol.js. "
        "Please cite the program that calculated the energies as well.</p>\n"
        f"<pre>{escape(_CITE)}</pre>\n"
    )
