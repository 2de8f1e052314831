"""Counts in sentences. Pure."""


def plural(count: int, noun: str) -> str:
    """A count and its noun: "1 file", "2,000 files"."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
