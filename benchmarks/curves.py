"""A chart, as SVG, of how figures grow. Both axes are logarithmic: a power is a straight line."""

import math
from collections.abc import Iterator
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, HEAD, FOOT = 720, 400, 80, 190, 44, 50
"""Pixels: of the chart, and of its margins."""

COLORS = ("#1a7f37", "#0969da", "#8c959f", "#bc4c00")

Curve = dict[float, float]
"""Size -> figure."""


class Axis:
    """A logarithmic axis over whole decades, between two places in pixels."""

    def __init__(self, values: list[float], first: float, last: float) -> None:
        self._low = math.floor(math.log10(min(values)))
        self._high = max(math.ceil(math.log10(max(values))), self._low + 1)
        self._first, self._step = first, (last - first) / (self._high - self._low)

    def place(self, value: float) -> float:
        """Where a value is, in pixels."""
        return self._first + (math.log10(value) - self._low) * self._step

    def decades(self) -> Iterator[tuple[float, str]]:
        """The place of each power of ten, and how it is written."""
        for power in range(self._low, self._high + 1):
            yield self._first + (power - self._low) * self._step, f"{10.0**power:,.10g}"


def draw_curves(title: str, below: str, curves: dict[str, Curve]) -> str:
    """A line with points for each label, and what is counted below the horizontal axis."""
    bottom, end = HEIGHT - FOOT, WIDTH - RIGHT
    across = Axis([size for curve in curves.values() for size in curve], LEFT, end)
    up = Axis([figure for curve in curves.values() for figure in curve.values()], bottom, HEAD)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="14" fill="#222">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" rx="6" fill="#fff"/>',
        f'<text x="16" y="26" font-weight="600">{escape(title)}</text>',
    ]
    for y, text in up.decades():
        parts += [
            f'<path d="M{LEFT} {y:.1f}H{end}" stroke="#d0d7de"/>',
            f'<text x="{LEFT - 8}" y="{y + 5:.1f}" text-anchor="end">{text}</text>',
        ]
    for x, text in across.decades():
        parts += [
            f'<path d="M{x:.1f} {HEAD}V{bottom}" stroke="#d0d7de"/>',
            f'<text x="{x:.1f}" y="{bottom + 20}" text-anchor="middle">{text}</text>',
        ]
    middle = (LEFT + end) / 2
    parts.append(f'<text x="{middle:.0f}" y="{bottom + 40}" text-anchor="middle">{below}</text>')
    for number, (label, curve) in enumerate(curves.items()):
        places = [(across.place(size), up.place(figure)) for size, figure in curve.items()]
        parts += _curve(label, places, COLORS[number % len(COLORS)])
    return "\n".join([*parts, "</svg>\n"])


def _curve(label: str, places: list[tuple[float, float]], color: str) -> Iterator[str]:
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>'
    for x, y in places:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="{color}"/>'
    x, y = places[-1]
    yield f'<text x="{x + 10:.1f}" y="{y + 5:.1f}" fill="{color}">{escape(label)}</text>'
