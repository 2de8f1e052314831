"""EXCLUDE and INCLUDE: which names stay local, in the grammar of gitignore. Pure."""

from functools import lru_cache

from pathspec import GitIgnoreSpec

COOKIES = ".s3rewrite-watch-"
"""How the names begin of files that a watch writes for a moment."""


def is_excluded(name: str, exclude: tuple[str, ...], include: tuple[str, ...] = ()) -> bool:
    """Whether a name is not to be offloaded.

    | EXCLUDE names it | INCLUDE           | stays local |
    |------------------|-------------------|-------------|
    | (a cookie)       | any               | yes         |
    | yes              | any               | yes         |
    | no               | none              | no          |
    | no               | names it          | no          |
    | no               | does not name it  | yes         |
    """
    if name.startswith(COOKIES):
        return True
    if exclude and _spec(exclude).match_file(name):
        return True
    return bool(include) and not _spec(include).match_file(name)


@lru_cache(maxsize=64)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)
