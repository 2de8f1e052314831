"""EXCLUDE and INCLUDE: which names stay local, in the grammar of gitignore. Pure."""

from functools import lru_cache

from pathspec import GitIgnoreSpec

from s3rewrite.own_names import is_own


def is_excluded(name: str, exclude: tuple[str, ...], include: tuple[str, ...] = ()) -> bool:
    """Whether a name is not to be offloaded.

    | EXCLUDE names it | INCLUDE           | stays local |
    |------------------|-------------------|-------------|
    | (one of our own) | any               | yes         |
    | yes              | any               | yes         |
    | no               | none              | no          |
    | no               | names it          | no          |
    | no               | does not name it  | yes         |
    """
    if is_own(name):
        return True
    if exclude and matches(name, exclude):
        return True
    return bool(include) and not matches(name, include)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether these patterns, taken together, name a file."""
    return _spec(patterns).match_file(name)


@lru_cache(maxsize=64)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)
