"""EXCLUDE: which names stay local, in the grammar of gitignore. Pure."""

from functools import lru_cache

from pathspec import GitIgnoreSpec


def is_excluded(patterns: tuple[str, ...], name: str) -> bool:
    """Whether a name is not to be offloaded."""
    return bool(patterns) and _spec(patterns).match_file(name)


@lru_cache(maxsize=64)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)
