"""How long a response may be kept that links private files: not longer than its links work."""

import re
from collections.abc import Iterator

from django.http.response import HttpResponseBase
from django.utils.http import http_date, parse_http_date_safe

from s3rewrite.signing.windows import now

# RFC 9111, 5.2; the value may be quoted.
_DIRECTIVE = re.compile(r'([!#$%&\'*+.^_`|~\w-]+)(?:\s*=\s*("[^"]*"|[^,\s]*))?')
# What this package says itself, and what lets anybody keep a response for longer. RFC 5861, 8246
_REPLACED = frozenset(
    "public private max-age s-maxage immutable stale-while-revalidate stale-if-error".split()
)
# Headers that caches in front of a site obey in place of Cache-Control. RFC 9213
_FOR_CACHES = re.compile(r"(?i)(?:.+-)?cdn-cache-control|surrogate-control|x-accel-expires")


def restrict_caching(response: HttpResponseBase, seconds: int) -> None:
    """Let only the visitor's own browser keep a response, and for that many seconds at most.

    | the response says                    | max-age                                        |
    |--------------------------------------|------------------------------------------------|
    | max-age                              | that, or `seconds` if these are fewer          |
    | max-age that is no number            | 0                                              |
    | Expires alone                        | how long that is away, or `seconds`            |
    | neither                              | 0: nobody asked for it to be kept              |

    All else that is stricter, such as no-store, stays.
    """
    directives = list(_directives(response.get("Cache-Control", "")))
    lifetime = max(0, min(seconds, _lifetime(dict(directives), response.get("Expires"))))
    kept = [f"{name}={value}" if value else name for name, value in directives]
    kept = [text for text, (name, _) in zip(kept, directives, strict=True) if name not in _REPLACED]
    response["Cache-Control"] = ", ".join(["private", f"max-age={lifetime}", *kept])
    if response.has_header("Expires"):
        response["Expires"] = http_date(now() + lifetime)
    for header in [name for name in response.headers if _FOR_CACHES.fullmatch(name)]:
        del response[header]


def _directives(header: str) -> Iterator[tuple[str, str]]:
    for directive in _DIRECTIVE.finditer(header):
        yield directive[1].lower(), directive[2] or ""


def _lifetime(directives: dict[str, str], expires: str | None) -> int:
    if "max-age" in directives:
        number = directives["max-age"].strip('"')
        return int(number) if number.isascii() and number.isdigit() and len(number) < 12 else 0
    date = parse_http_date_safe(expires) if expires else None
    return int(date - now()) if date is not None else 0
