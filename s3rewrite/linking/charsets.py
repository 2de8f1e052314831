"""Whether a body can be read without decoding it, by its charset. Pure."""

import codecs
import re
from functools import lru_cache

_CHARSET = re.compile(r"""(?i);\s*+charset\s*+=\s*+["']?+\s*+([^\s"';]{1,64}+)""")

# What the tokens and URLs of every rewriter are made of; the backslash and the tilde are other
# characters in some Japanese charsets, and nothing that ends a token.
_ASCII = bytes(set(range(0x20, 0x7F)) - set(b"\\~")) + b"\t\n\f\r~{"

# Labels of the Encoding Standard (4.2) that Python has no codec for; all hold ASCII.
_OTHER_LABELS = frozenset(
    """
    dos-874 iso-8859-8-i logical windows-31j windows-874 windows-949 x-euc-jp x-gbk
    x-mac-cyrillic x-mac-roman x-mac-ukrainian x-sjis x-user-defined x-x-big5
    """.split()
)


def charset_of(content_type: str) -> str:
    """The charset that a Content-Type names, "" where it names none."""
    match = _CHARSET.search(content_type)
    return match[1] if match else ""


@lru_cache(maxsize=64)
def hides_ascii(name: str) -> bool:
    """Whether an ASCII byte may be something else than an ASCII character.

    It may in UTF-16, UTF-32, UTF-7, ISO-2022 and HZ, and perhaps in a charset that Python does
    not know. "" stands for one that the browser finds out, which is none of those.
    """
    if not name or name.lower() in _OTHER_LABELS:
        return False
    try:
        codec = codecs.lookup(name).name
        return codec.startswith("iso2022") or _ASCII.decode(codec) != _ASCII.decode("ascii")
    except (LookupError, UnicodeError, ValueError):
        return True


@lru_cache(maxsize=64)
def is_utf8(name: str) -> bool:
    """Whether a charset is UTF-8, by any of its names."""
    try:
        return codecs.lookup(name).name == "utf-8"
    except (LookupError, ValueError):
        return False
