"""Formats rows of text as columns for a terminal."""

from collections.abc import Sequence


def align_columns(rows: Sequence[Sequence[str]], widest: int = 48) -> list[str]:
    """One line per row: cells are padded to the width of their column, except the last one.

    A cell longer than `widest` moves the rest of its own row only.
    """
    columns = range(max((len(row) for row in rows), default=1) - 1)
    widths = [
        max((len(row[i]) for row in rows if len(row[i]) <= widest), default=0) for i in columns
    ]
    lines = []
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[-1]]).rstrip())
    return lines


def shorten(text: str, most: int = 100) -> str:
    """The text on one line, without its middle if it is longer than `most`."""
    line = text if text.isprintable() else ascii(text)[1:-1]
    return line if len(line) <= most else f"{line[: most // 2]}…{line[1 - most // 2 :]}"
