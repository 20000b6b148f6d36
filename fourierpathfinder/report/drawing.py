"""Axes, curves and marks as SVG: what the pictures of a report are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

_DIGIT = 7.5
"""How wide a digit of the axes is at most."""

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#666"


@dataclass(frozen=True)
class Frame:
    """A rectangle on the page, and the ranges of x and y that it shows."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: float = 640.0
    height: float = 320.0
    bottom: float = 44.0
    margin: float = 12.0

    @property
    def left(self) -> float:
        """Where the y axis stands: beside its numbers, and these beside its label."""
        widest = max((len(number) for number in map(_tick, round_numbers(*self.y))), default=0)
        return max(64.0, 26.0 + _DIGIT * widest)

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Where a point lies on the page."""
        across = (x - self.x[0]) / (self.x[1] - self.x[0])
        up = (y - self.y[0]) / (self.y[1] - self.y[0])
        inner_width = self.width - self.left - self.margin
        inner_height = self.height - self.bottom - self.margin
        return self.left + across * inner_width, self.margin + (1 - up) * inner_height

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        color: str,
        *,
        width: float = 2,
        dashed: bool = False,
    ) -> str:
        """A curve through points."""
        dashes = 'stroke-dasharray="4 4" stroke-opacity="0.6"' if dashed else ""
        return (
            f'<polyline fill="none" stroke="{color}" stroke-width="{width:g}" {dashes} '
            f'points="{self._points(x, y)}"/>'
        )

    def area(self, x: Sequence[float], low: Sequence[float], high: Sequence[float]) -> str:
        """A band between two curves."""
        around = self._points([*x, *x[::-1]], [*high, *low[::-1]])
        return f'<polygon fill="{BLUE}" fill-opacity="0.18" points="{around}"/>'

    def mark(self, x: float, y: float, color: str, told: str, radius: float = 3) -> str:
        """A dot that says what it is under the pointer."""
        cx, cy = self.at(x, y)
        return (
            f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{radius}" fill="{color}" stroke="#fff">'
            f"<title>{escape(told)}</title></circle>"
        )

    def text(self, x: float, y: float, told: str, *, up: float = 10, color: str = "#222") -> str:
        """A word above a point."""
        cx, cy = self.at(x, y)
        return (
            f'<text x="{cx:.1f}" y="{cy - up:.1f}" text-anchor="middle" fill="{color}" '
            f'paint-order="stroke" stroke="#fff" stroke-width="4">{escape(told)}</text>'
        )

    def axes(self, x_label: str, y_label: str, *, x_ticks: bool = True) -> str:
        """Both axes with round numbers."""
        parts = []
        x0, y0 = self.at(self.x[0], self.y[0])
        x1, y1 = self.at(self.x[1], self.y[1])
        for value in round_numbers(*self.y):
            _, y = self.at(0, value)
            parts.append(f'<line x1="{x0}" y1="{y:.1f}" x2="{x1:.1f}" y2="{y:.1f}" stroke="#eee"/>')
            parts.append(
                f'<text x="{x0 - 6}" y="{y + 4:.1f}" text-anchor="end">{_tick(value)}</text>'
            )
        for value in round_numbers(*self.x) if x_ticks else ():
            x, _ = self.at(value, 0)
            parts.append(
                f'<text x="{x:.1f}" y="{y0 + 16:.1f}" text-anchor="middle">{_tick(value)}</text>'
            )
        parts.append(f'<path d="M{x0},{y1}V{y0}H{x1}" fill="none" stroke="{GREY}"/>')
        parts.append(
            f'<text x="{(x0 + x1) / 2:.1f}" y="{self.height - 6}" text-anchor="middle">'
            f"{escape(x_label)}</text>"
        )
        middle = (y0 + y1) / 2
        parts.append(
            f'<text transform="translate(14,{middle:.1f}) rotate(-90)" text-anchor="middle">'
            f"{escape(y_label)}</text>"
        )
        return "".join(parts)

    def svg(self, parts: Iterable[str], label: str) -> str:
        """The picture."""
        return (
            f'<svg viewBox="0 0 {self.width:g} {self.height:g}" role="img" '
            f'aria-label="{escape(label)}">{"".join(parts)}</svg>'
        )

    def _points(self, x: Sequence[float], y: Sequence[float]) -> str:
        places = (self.at(float(a), float(b)) for a, b in zip(x, y, strict=True))
        return " ".join(f"{a:.1f},{b:.1f}" for a, b in places)


def _tick(value: float) -> str:
    return f"{value:.6g}"


def round_numbers(low: float, high: float) -> list[float]:
    """Some round numbers between two others, about six."""
    rough = (high - low) / 6
    size = 10.0 ** np.floor(np.log10(rough))
    step = next(m * size for m in (1, 2, 5, 10) if m * size >= rough)
    first = np.ceil(low / step - 1e-9)
    # adding nothing turns -0 into 0
    return [float(k * step) + 0.0 for k in np.arange(first, np.floor(high / step + 1e-9) + 1)]
