"""What a Content Security Policy allows by hashes, which must not change. Pure."""

from collections.abc import Iterator

_ANY_HASH = "'sha"
_HASHES = ("'sha256-", "'sha384-", "'sha512-")

# Row of the context table -> its directives; the first that a policy has counts. CSP Level 3, 6.8.3
_DIRECTIVES = {
    "style": ("style-src-elem", "style-src", "default-src"),
    "style-attribute": ("style-src-attr", "style-src", "default-src"),
}


def hashed_rows(policies: str) -> frozenset[str]:
    """The rows of the context table whose texts one of the policies allows by their hashes.

    A header has policies between commas. Attributes count with `'unsafe-hashes'` only: CSP Level 3,
    6.7.3.3.
    """
    lower = policies.lower()
    if _ANY_HASH not in lower:  # as in nearly all responses
        return frozenset()
    return frozenset(row for policy in lower.split(",") for row in _hashed(policy))


def _hashed(policy: str) -> Iterator[str]:
    directives: dict[str, list[str]] = {}
    for directive in policy.split(";"):
        name, *sources = directive.split() or [""]
        directives.setdefault(name, sources)
    for row, names in _DIRECTIVES.items():
        sources = next((directives[name] for name in names if name in directives), [])
        has_hash = any(source.startswith(_HASHES) for source in sources)
        if has_hash and (row == "style" or "'unsafe-hashes'" in sources):
            yield row
