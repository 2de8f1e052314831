"""Patterns as in .gitignore: EXCLUDE and INCLUDE, and those of OBJECT_PARAMETERS. Pure."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from pathspec import GitIgnoreSpec


def is_excluded(name: str, exclude: tuple[str, ...], include: tuple[str, ...] = ()) -> bool:
    """Whether a name is not to be offloaded.

    | EXCLUDE names it | INCLUDE           | stays local |
    |------------------|-------------------|-------------|
    | yes              | any               | yes         |
    | no               | none              | no          |
    | no               | names it          | no          |
    | no               | does not name it  | yes         |
    """
    if exclude and matches(name, exclude):
        return True
    return bool(include) and not matches(name, include)


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Whether these patterns, taken together, name a file."""
    return _spec(patterns).match_file(name)


@lru_cache(maxsize=64)
def _spec(patterns: tuple[str, ...]) -> GitIgnoreSpec:
    return GitIgnoreSpec.from_lines(patterns)


def parameters_of(option: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The OBJECT_PARAMETERS for the file of that name. The last pattern that names it wins."""
    merged = {key: value for key, value in option.items() if not is_pattern(key, value)}
    for pattern, parameters in patterns(option):
        if matches(name, (pattern,)):
            merged |= parameters
    return merged


def is_pattern(key: str, value: object) -> bool:
    """Whether a key is a pattern, with parameters as its value."""
    return isinstance(value, Mapping) and not key.isidentifier()


def all_parameters(option: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The OBJECT_PARAMETERS for all files, and those of each pattern."""
    return [option, *(parameters for _, parameters in patterns(option))]


def patterns(option: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each pattern of OBJECT_PARAMETERS with its parameters."""
    return ((key, value) for key, value in option.items() if is_pattern(key, value))
