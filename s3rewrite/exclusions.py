"""EXCLUDE and INCLUDE: which names stay local, in the grammar of gitignore. Pure."""

from functools import lru_cache

from pathspec import GitIgnoreSpec

OWN = ".s3rewrite-"
"""How the last parts of names begin of files that we write for a while ourselves."""


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
    if OWN in name and name.rpartition("/")[2].startswith(OWN):
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
