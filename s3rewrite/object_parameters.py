"""OBJECT_PARAMETERS: what is written beside an object's bytes, for all files or by patterns. Pure.

`{"CacheControl": "max-age=3600", "*.pdf": {"ContentDisposition": "attachment"}}`: a key that could
be no parameter's name, with parameters of its own, is a pattern in the grammar of gitignore.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from s3rewrite.exclusions import matches


def parameters_of(given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The parameters for the file of that name: of patterns that name it, the last one wins."""
    found = {key: value for key, value in given.items() if not is_pattern(key, value)}
    for pattern, parameters in patterns(given):
        if matches(name, (pattern,)):
            found |= parameters
    return found


def is_pattern(key: str, value: object) -> bool:
    """Whether a key is a pattern, with parameters as its value."""
    return isinstance(value, Mapping) and not key.isidentifier()


def patterns(given: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each pattern with its parameters."""
    return ((key, value) for key, value in given.items() if is_pattern(key, value))
