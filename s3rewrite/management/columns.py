"""Rows of text as columns for a terminal."""

from collections.abc import Sequence


def align_columns(rows: Sequence[Sequence[str]], widest: int = 48) -> list[str]:
    """A line for each row: cells padded to their column's width, the last one as it is.

    A cell that is longer than `widest` pushes what follows in its row alone.
    """
    columns = range(max((len(row) for row in rows), default=1) - 1)
    widths = [
        max((len(row[i]) for row in rows if len(row[i]) <= widest), default=0) for i in columns
    ]
    return [
        "  ".join(
            [*(cell.ljust(w) for cell, w in zip(row, widths, strict=False)), row[-1]]
        ).rstrip()
        for row in rows
    ]


def shorten(text: str, most: int = 100) -> str:
    """A text on one line, with its middle left out where it is long."""
    line = ascii(text)[1:-1] if not text.isprintable() else text
    return line if len(line) <= most else f"{line[: most // 2]}…{line[1 - most // 2 :]}"
