"""The two pictures of a report: the profile of the path, and the levels of its energies."""

import numpy as np
from scipy.interpolate import PchipInterpolator

from .._arrays import to_numpy
from ..decimals import as_text, decimals_of
from ..reaction_path import MinimumEnergyPath
from ..result import PathResult
from .content import Report
from .drawing import BLUE, GREEN, GREY, ORANGE, Frame

_CURVE = 400


def profile(result: PathResult, unit: str, length_unit: str) -> str:
    """The values along the path, how sure they are, and every evaluation, as SVG."""
    times, heights, errors = _known(result)
    fine = np.union1d(np.linspace(0, 1, _CURVE), times)
    lengths = _lengths(result, fine)
    curve = PchipInterpolator(times, heights)(fine)
    band = PchipInterpolator(times, errors)(fine)
    top = max(result.height - result.start_value, curve.max())
    low = min(curve.min(), 0.0)
    rise = max(top - low, 1e-12)
    y = (low - 0.08 * rise, top + 0.25 * rise)
    frame = Frame((0.0, max(float(lengths[-1]), 1e-12)), y)
    low_band, high_band = np.clip([curve - band, curve + band], *y)
    parts = [
        frame.axes(_with(length_unit, "length along the path"), _with(unit, "above the start")),
        frame.area(lengths.tolist(), low_band.tolist(), high_band.tolist()),
        frame.line(lengths.tolist(), curve.tolist(), BLUE),
        *_evaluations(result, frame, fine, lengths, unit),
    ]
    place = float(np.interp(result.height_time, fine, lengths))
    barrier = result.height - result.start_value
    parts.append(frame.mark(place, barrier, ORANGE, "the highest point", 5))
    parts.append(frame.text(place, barrier, f"{barrier:.4g} {unit}".strip(), color=ORANGE))
    return frame.svg(parts, "the profile of the path")


def _known(result: PathResult) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values above the start, and errors: at each time once, all finite."""
    errors = result.profile_errors
    errors = np.zeros(len(result.times)) if errors is None else np.asarray(errors)
    known = {
        **dict(zip(result.times, zip(result.heights, errors, strict=True), strict=True)),
        0.0: (result.start_value, 0.0),
        1.0: (result.end_value, 0.0),
        result.height_time: (result.height, 0.0),
    }
    rows = np.array([(t, *pair) for t, pair in sorted(known.items())], dtype=float)
    rows = rows[np.isfinite(rows).all(axis=1)]
    return rows[:, 0], rows[:, 1] - result.start_value, np.minimum(rows[:, 2], 1e6)


def _lengths(result: PathResult, times: np.ndarray) -> np.ndarray:
    points = to_numpy(result.path(times))
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    return np.concatenate([[0.0], np.cumsum(steps)])


def _evaluations(
    result: PathResult, frame: Frame, times: np.ndarray, lengths: np.ndarray, unit: str
) -> list[str]:
    """A dot for each evaluation, over the nearest place of the path; at the rim if too high."""
    if result.evaluations is None:
        return []
    points, values = result.evaluations.points, result.evaluations.values
    path = to_numpy(result.path(times))
    marks = []
    for number, (point, value) in enumerate(zip(points, values, strict=True), start=1):
        above = float(value) - result.start_value
        if not np.isfinite(above):
            continue
        away = np.linalg.norm(path - point, axis=1)
        told = f"evaluation {number}: {above:.4g} {unit} above the start, {away.min():.2g} off"
        place = float(lengths[away.argmin()])
        is_inside = above <= frame.y[1]
        color = GREEN if is_inside else GREY
        marks.append(frame.mark(place, min(max(above, frame.y[0]), frame.y[1]), color, told))
    return marks


def steepest(followed: MinimumEnergyPath, start: float, unit: str, length_unit: str) -> str:
    """The values along a minimum-energy path, and how sure they are, as SVG."""
    lengths, values = followed.lengths, followed.values - start
    low, high = float(values.min()), float(values.max())
    rise = max(high - low, 1e-12)
    y = (low - 0.08 * rise, high + 0.25 * rise)
    ends = (float(lengths[0]), float(max(lengths[-1], lengths[0] + 1e-12)))
    frame = Frame(ends, y)
    low_band, high_band = np.clip([values - followed.errors, values + followed.errors], *y)
    weighted = f"{length_unit}·√u" if followed.mass_weighted else length_unit
    top = (float(lengths[followed.top]), float(values[followed.top]))
    parts = [
        frame.axes(
            _with(weighted, "steepest descent from the saddle"), _with(unit, "above the start")
        ),
        frame.area(lengths.tolist(), low_band.tolist(), high_band.tolist()),
        frame.line(lengths.tolist(), values.tolist(), BLUE),
        frame.mark(*top, ORANGE, "the saddle", 5),
    ]
    return frame.svg(parts, "the minimum-energy path")


def levels(report: Report) -> str:
    """Start, top and end as levels: energies, and free energies where they are known."""
    result = report.result
    assert result is not None
    energies = [0.0, result.barrier, result.end_value - result.start_value]
    rows = [("ΔE" if report.images else "value", energies, BLUE)]
    if report.rates is not None:
        free = report.rates.free_energies[:, 0]
        name = f"ΔG at {report.rates.temperatures[0]:g} K"
        rows.append((name, (free - free[0]).tolist(), ORANGE))
    every = np.array([row[1] for row in rows])
    rise = max(float(np.ptp(every)), 1e-12)
    frame = Frame((0.0, 3.0), (every.min() - 0.2 * rise, every.max() + 0.25 * rise))
    decimals = decimals_of(result, least=3)
    parts = [frame.axes("", _with(report.unit, "above the start"), x_ticks=False)]
    for k, (name, row, color) in enumerate(rows):
        # of two levels at a place the upper has its number above, the lower below it
        is_above = (every.argmax(axis=0) == k).tolist()
        parts += _staircase(frame, row, is_above, color, report.unit, decimals)
        parts.append(_legend(frame, name, color, k))
    top = "saddle" if result.saddle is not None else "top so far"
    names = ("reactant", top, "product") if report.images else ("start", "top", "end")
    for k, name in enumerate(names):
        parts.append(frame.text(k + 0.5, frame.y[0], name, up=-18))
    return frame.svg(parts, "the levels of start, top and end")


def _staircase(
    frame: Frame,
    row: list[float],
    is_above: list[bool],
    color: str,
    unit: str,
    decimals: int,
) -> list[str]:
    """Levels, each with its number above or below it."""
    parts = []
    for k, value in enumerate(row):
        parts.append(frame.line([k + 0.2, k + 0.8], [value] * 2, color, width=4))
        if k:
            parts.append(frame.line([k - 0.2, k + 0.2], [row[k - 1], value], color, dashed=True))
        number = f"{as_text(value, decimals)} {unit}".strip()
        parts.append(frame.text(k + 0.5, value, number, up=8 if is_above[k] else -18, color=color))
    return parts


def _legend(frame: Frame, name: str, color: str, which: int) -> str:
    return (
        f'<text x="{frame.left + 12}" y="{frame.margin + 14 + 18 * which}" fill="{color}">'
        f"{name}</text>"
    )


def _with(unit: str, words: str) -> str:
    return f"{words} ({unit})" if unit else words
