"""Charts, as SVG, of what the benchmarks have printed: bars, and how figures grow.

python -m benchmarks.plots [FOLDER]

The folder, docs/project/plots by default, has the output of each benchmark in NAME.txt, as it was
printed. Each chart of CHARTS and GROWTHS becomes NAME-NUMBER.svg beside it.
"""

import re
import sys
from html import escape
from pathlib import Path
from typing import NamedTuple

from benchmarks.curves import draw_curves

FOLDER = Path(__file__).resolve().parents[1] / "docs/project/plots"
OURS = re.compile(r"s3rewrite|middleware")

WIDTH, LEFT, RIGHT, BAR, GAP, HEAD, FOOT = 720, 150, 80, 24, 10, 44, 34
"""Pixels: of the chart, of its margins for labels, of bars, and above and below them."""


class Chart(NamedTuple):
    """One column of one table that a benchmark prints."""

    benchmark: str
    table: str
    column: str
    title: str


CHARTS = (
    Chart("request", "A page of 50 pictures", "pages/s", "Pages a second: 50 pictures, gunicorn"),
    Chart("request", "A page of 50 pictures", "p50 ms", "Median milliseconds of such a page"),
    Chart(
        "html", "119 KB, 8,662 tags, 100 hits", "best ms",
        "Milliseconds to rewrite a page of 119 KB with 100 links",
    ),
    Chart("tags", "Django's templates", "linking ms", "Milliseconds to link 50 pictures"),
)  # fmt: skip


class Growth(NamedTuple):
    """Some columns of one table whose rows are sizes; its last row has their exponents."""

    benchmark: str
    table: str
    columns: tuple[str, ...]
    title: str


GROWTHS = (
    Growth(
        "growth", "Names in the registry", ("first page ms", "known page ms", "hint ms"),
        "Milliseconds of a page with 50 pictures, and of a hint",
    ),
    Growth(
        "growth", "Files", ("find ms", "pass ms", "hint ms"),
        "Milliseconds of a pass with nothing to do, beside find, and of a hint",
    ),
)  # fmt: skip


def tables(output: str) -> dict[str, dict[str, dict[str, float]]]:
    """Title -> column -> label -> figure, of all tables in the output of a benchmark."""
    found = {}
    for block in re.split(r"\n\s*\n", output):
        lines = [re.split(r"\s{2,}", line.strip()) for line in block.splitlines() if line.strip()]
        if len(lines) > 2 and len(lines[0]) == 1:  # the title has a line of its own
            lines[:2] = [[lines[0][0], *lines[1]]]
        title, *columns = lines[0] if lines else [""]
        if columns:
            rows = {row[0]: [float(cell) for cell in row[1:]] for row in lines[1:]}
            found[title] = {
                column: {label: cells[number] for label, cells in rows.items()}
                for number, column in enumerate(columns)
            }
    return found


def draw(title: str, figures: dict[str, float]) -> str:
    """A bar for each label, from 0 on, with its figure, above an axis."""
    scale = (WIDTH - LEFT - RIGHT) / (max(figures.values()) or 1)
    bottom = HEAD + len(figures) * (BAR + GAP)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {bottom + FOOT}" role="img"'
        ' font-family="system-ui, sans-serif" font-size="14" fill="#222">',
        f"<title>{escape(title)}</title>",
        '<rect width="100%" height="100%" rx="6" fill="#fff"/>',
        f'<text x="16" y="26" font-weight="600">{escape(title)}</text>',
    ]
    for number, (label, figure) in enumerate(figures.items()):
        top = HEAD + number * (BAR + GAP)
        color = "#1a7f37" if OURS.search(label) else "#8c959f"
        width, middle = figure * scale, top + BAR * 0.7
        parts += [
            f'<text x="{LEFT - 8}" y="{middle:.0f}" text-anchor="end">{escape(label)}</text>',
            f'<rect x="{LEFT}" y="{top}" width="{width:.1f}" height="{BAR}" fill="{color}"/>',
            f'<text x="{LEFT + width + 6:.1f}" y="{middle:.0f}">{figure:g}</text>',
        ]
    end = WIDTH - RIGHT
    parts += [
        f'<path d="M{LEFT} {HEAD - 6}V{bottom}H{end}" fill="none" stroke="#57606a"/>',
        f'<text x="{LEFT}" y="{bottom + 20}" text-anchor="middle">0</text>',
        f'<text x="{end}" y="{bottom + 20}" text-anchor="middle">{max(figures.values()):g}</text>',
        "</svg>\n",
    ]
    return "\n".join(parts)


def charts(folder: Path) -> dict[str, str]:
    """File name -> SVG, of each chart whose benchmark's output is in the folder."""
    found = {}
    for number, chart in enumerate(CHARTS, 1):
        output = (folder / f"{chart.benchmark}.txt").read_text()
        figures = tables(output)[chart.table][chart.column]
        found[f"{chart.benchmark}-{number}.svg"] = draw(chart.title, figures)
    for number, growth in enumerate(GROWTHS, len(CHARTS) + 1):
        rows = tables((folder / f"{growth.benchmark}.txt").read_text())[growth.table]
        curves = {
            f"{column.removesuffix(' ms')}: n^{rows[column]['exponent']:.2f}": {
                float(label.replace(",", "")): figure
                for label, figure in rows[column].items()
                if label != "exponent"
            }
            for column in growth.columns
        }
        svg = draw_curves(growth.title, growth.table, curves)
        found[f"{growth.benchmark}-{number}.svg"] = svg
    return found


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    for name, svg in charts(folder).items():
        (folder / name).write_text(svg)
        print(folder / name)


if __name__ == "__main__":
    main()
