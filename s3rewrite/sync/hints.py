"""Hints: what the loop is asked to look at: a name, a tree, or everything. Pure.

| hint      | names                          |
|-----------|--------------------------------|
| `a/b.jpg` | that file                      |
| `a/`      | all files below that directory |
| ``        | all files                      |

No file's name is empty or ends with a slash.
"""

from collections.abc import Iterable

WHOLE = ""

MANY = 1000
"""Hints at a time; if there are more, one scan of everything is less work."""


def tree(path: str) -> str:
    """The hint that names all files below a directory; "" is the root."""
    return f"{path}/" if path else WHOLE


def tree_of(hint: str) -> str | None:
    """The directory that a hint names; None for a hint that names a file."""
    return hint[:-1] if hint.endswith("/") else None


def condensed(hints: Iterable[str]) -> list[str]:
    """The same hints without those that another one includes; only WHOLE if there are too many.

    | among them     | is left out     |
    |----------------|-----------------|
    | WHOLE          | every other one |
    | a tree         | all below it    |
    | more than MANY | all, for WHOLE  |
    """
    unique = set(hints)
    remaining = [hint for hint in unique if unique.isdisjoint(_trees_above(hint))]
    is_whole = WHOLE in unique or len(remaining) > MANY
    return [WHOLE] if is_whole else sorted(remaining)


def _trees_above(hint: str) -> Iterable[str]:
    parts = hint.rstrip("/").split("/")
    return (tree("/".join(parts[:count])) for count in range(1, len(parts)))
