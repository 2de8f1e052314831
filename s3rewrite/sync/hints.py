"""Hints: what the loop is asked to look at. A name, a tree, or all. Pure.

| hint      | speaks of                      |
|-----------|--------------------------------|
| `a/b.jpg` | that name                      |
| `a/`      | all names below that directory |
| ``        | all names                      |

No file's name is empty, or ends with a slash.
"""

from collections.abc import Iterable

WHOLE = ""

MANY = 1000
"""Hints at a time, beyond which a look at everything is the smaller work."""


def tree(path: str) -> str:
    """The hint that speaks of all below a directory."""
    return f"{path}/"


def tree_of(hint: str) -> str | None:
    """The directory that a hint speaks of; None where it speaks of a name."""
    return hint[:-1] if hint.endswith("/") else None


def condensed(hints: Iterable[str]) -> list[str]:
    """The same, without what another of them speaks of already; only WHOLE for too many.

    | among them  | is left out     |
    |-------------|-----------------|
    | WHOLE       | every other one |
    | a tree      | all below it    |
    | more than MANY | all, for WHOLE |
    """
    found = set(hints)
    trees = {hint for hint in found if tree_of(hint)}
    left = [hint for hint in found if not any(above in trees for above in _trees_above(hint))]
    return [WHOLE] if WHOLE in found or len(left) > MANY else sorted(left)


def _trees_above(hint: str) -> Iterable[str]:
    parts = hint.rstrip("/").split("/")
    return (tree("/".join(parts[:count])) for count in range(1, len(parts)))
