"""Names of the temporary files that this package writes beside users' files.

`.s3rewrite-<kind>-<token>-<MAC>`: the MAC is made with the site's SECRET_KEY, so nobody else can
make such a name. An upload with a name of this form and a wrong MAC is a file like any other.
"""

import re
from hashlib import sha256
from typing import NamedTuple
from uuid import uuid4

from django.utils.crypto import constant_time_compare, salted_hmac

from s3rewrite import conf

START = ".s3rewrite-"
"""The beginning of these basenames."""

ASIDE = "aside"
"""A file that lies beside its place while it is freed."""

PART = "part"
"""A file that is being written."""

WATCH = "watch"
"""A file whose events prove that a watch is alive."""

_TOKEN_LENGTH = 16
_MAC_LENGTH = 32
_NAME = re.compile(
    rf"\.s3rewrite-(aside|part|watch)-([0-9a-f]{{{_TOKEN_LENGTH}}})-([0-9a-f]{{{_MAC_LENGTH}}})"
)


class OwnName(NamedTuple):
    """The parts of such a name."""

    kind: str
    token: str


def own_name(kind: str, token: str = "") -> str:
    """A basename for a temporary file; with a random token where none is given."""
    token = token or uuid4().hex[:_TOKEN_LENGTH]
    return f"{START}{kind}-{token}-{_mac(kind, token, conf.secret_keys()[0])}"


def parse_own_name(basename: str) -> OwnName | None:
    """The parts of a basename that `own_name` has made; None for any other."""
    if not basename.startswith(START) or not (match := _NAME.fullmatch(basename)):
        return None
    kind, token, mac = match.groups()
    macs = (_mac(kind, token, secret) for secret in conf.secret_keys())
    is_own = any(constant_time_compare(mac, expected) for expected in macs)
    return OwnName(kind, token) if is_own else None


def is_own(name: str) -> bool:
    """Whether the last part of a name was made by `own_name`."""
    return START in name and parse_own_name(name.rpartition("/")[2]) is not None


def token_of(text: str) -> str:
    """The token for a text of any length."""
    return sha256(text.encode(errors="surrogateescape")).hexdigest()[:_TOKEN_LENGTH]


def _mac(kind: str, token: str, secret: str) -> str:
    value = f"{kind}-{token}"
    mac = salted_hmac("s3rewrite.disk.own_names", value, secret, algorithm="sha256")
    return mac.hexdigest()[:_MAC_LENGTH]
