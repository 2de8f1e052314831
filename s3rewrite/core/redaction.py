"""Values as people may see them: without secrets, and on one line. Pure."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

MASK = "***"

# Everything before the host of a URL. Some passwords have a slash or an @ in them.
_USERINFO = re.compile(r"(?<=://)[^\s\"'<>]*@")
# Values that messages repeat: botocore's messages on parameters of a wrong type and on endpoints,
# Python's on headers (a token that ends with a newline) and a URL's port (a password with a slash).
_VALUES = re.compile(
    r"(?s)(?<=, value: ).*?(?=, type: |, valid )"
    r"|(?<=Invalid header value ).*|(?<=Invalid endpoint: ).*|(?<=cast to integer value as ).*"
)


class RedactedDict(dict[str, Any]):
    """A dict of settings that shows its keys alone in error reports and debug pages."""

    def __repr__(self) -> str:
        return "{" + ", ".join(f"{key!r}: {MASK}" for key in self) + "}"

    __str__ = __repr__


class RedactedText(str):
    """A text, such as a URL with a password, that error reports and debug pages do not show."""

    def __repr__(self) -> str:
        return MASK


def redacted(value: Any) -> Any:
    """The same value, with a RedactedDict for every dict in it."""
    if isinstance(value, Mapping):
        return RedactedDict({key: redacted(inner) for key, inner in value.items()})
    if isinstance(value, (list, tuple)):
        return type(value)(map(redacted, value))
    return value


def has_userinfo(url: str) -> bool:
    """Whether a URL has a user name or a password before its host."""
    return without_userinfo(url) != url


def without_userinfo(url: str) -> str:
    """A URL without user name and password, as pages and messages may have it."""
    try:
        netloc = urlsplit(url).netloc
    except ValueError:
        return _USERINFO.sub("", url)
    return url.replace(netloc, netloc.rpartition("@")[2], 1) if "@" in netloc else url


def redact(text: str) -> str:
    """A message without passwords in URLs, and without the values that it repeats."""
    return _VALUES.sub(MASK, _USERINFO.sub(f"{MASK}@", text))


def printable(text: str) -> str:
    """A name, or a sentence with names, without what could disturb a terminal or a log."""
    return text if text.isprintable() else ascii(text)
