"""What obstore does exactly as boto3 does it. Pure.

boto3 writes what is not surely the same.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from botocore.config import Config

from s3rewrite.s3.objects import Upload

LARGEST = 1024 * 1024
"""Bytes of an object. boto3's work is per request, so larger ones would gain nothing; and obstore's
only timeout is for the whole request, which takes long for some megabytes on a slow line."""

CLIENT_ARGUMENTS = frozenset(
    """
    aws_access_key_id aws_secret_access_key aws_session_token config endpoint_url region_name
    """.split()
)
"""Arguments of `boto3.client` that a store can have, too."""

CONFIG_OPTIONS = frozenset(
    """
    connect_timeout max_pool_connections read_timeout region_name request_checksum_calculation
    response_checksum_validation user_agent_extra
    """.split()
)
"""Options of botocore's Config that the store gets, or that mean nothing to a write."""

ATTRIBUTES = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
}
"""Arguments of boto3's `put_object` -> obstore's attributes."""

PARAMETERS = ATTRIBUTES.keys() | {"Metadata", "Tagging"}

# obstore would take metadata of such a name for the attribute.
_RESERVED = {name.lower() for name in (*ATTRIBUTES.values(), "Storage-Class")}

_PLAIN = Config()

# The two libraries sign double spaces, and spaces at an end, in different ways.
_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*")
_METADATA = re.compile(r"[a-z0-9][a-z0-9._-]*")
_KEY = re.compile(r"[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)*")
# Of a blank the two libraries make `%20` and `+`, and services read other characters in their own
# ways: only what has one spelling is obstore's.
_TAG = "(?:[A-Za-z0-9._-]|%(?!20)[0-9A-Fa-f]{2})"
_TAGS = re.compile(f"{_TAG}+={_TAG}*(?:&{_TAG}+={_TAG}*)*|")
_DOTS = frozenset({".", ".."})


class PutArguments(NamedTuple):
    """The arguments of obstore's `put` for an upload."""

    attributes: dict[str, str]
    tags: dict[str, str]


def put_arguments(upload: Upload, largest: int = LARGEST) -> PutArguments | None:
    """An upload's parameters as arguments of obstore; None if obstore cannot send them all.

    `largest`: bytes that may be sent at once; obstore does not pace a body.
    """
    if not isinstance(upload.content, bytes) or len(upload.content) > min(largest, LARGEST):
        return None
    parameters, metadata = upload.parameters, upload.metadata
    if not (parameters.keys() <= PARAMETERS and is_key(upload.key)):
        return None
    tags = _tags(parameters.get("Tagging", ""))
    if tags is None or not all(map(_is_metadata, metadata)):
        return None
    named = {own: parameters[name] for name, own in ATTRIBUTES.items() if name in parameters}
    attributes = {**metadata, **named}
    return PutArguments(attributes, tags) if all(map(_is_value, attributes.values())) else None


def is_key(key: str) -> bool:
    """Whether obstore sends a key unchanged: not with `//`, `.`, `..` or control characters."""
    return bool(_KEY.fullmatch(key)) and _DOTS.isdisjoint(key.split("/"))


def supports_client(arguments: Mapping[str, Any]) -> bool:
    """Whether obstore can do what a client of boto3 with these arguments does."""
    return arguments.keys() <= CLIENT_ARGUMENTS and supports_config(arguments.get("config"))


def supports_config(config: Config | None) -> bool:
    """Whether obstore can do all that a mount's own Config asks for."""
    if config is None:
        return True
    changed = {
        name
        for name in Config.OPTION_DEFAULTS
        if getattr(config, name, None) != getattr(_PLAIN, name, None)
    }
    s3_options = getattr(config, "s3", None) or {}
    return changed - {"s3"} <= CONFIG_OPTIONS and s3_options.keys() <= {"addressing_style"}


def _is_value(value: object) -> bool:
    return isinstance(value, str) and bool(_VALUE.fullmatch(value))


def _is_metadata(name: str) -> bool:
    return bool(_METADATA.fullmatch(name)) and name not in _RESERVED


def _tags(text: object) -> dict[str, str] | None:
    """The tags of boto3's `a=b&c=d`; None where it is not clear, or names one twice."""
    if not isinstance(text, str) or not _TAGS.fullmatch(text):
        return None
    try:
        pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    except UnicodeError:
        return None
    tags = dict(pairs)
    return tags if len(tags) == len(pairs) else None
