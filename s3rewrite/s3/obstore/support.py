"""What obstore can be asked to do exactly as boto3 would do it. Pure.

Whatever is not surely the same has no expression here, and goes to boto3.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

from botocore.config import Config

from s3rewrite.s3.objects import Upload

LARGEST = 1024 * 1024
"""Bytes. Larger ones gain nothing, as boto3's work is per request; and obstore's one timeout
holds for a whole request, which a slow line needs for a few megabytes."""

CLIENT_ARGUMENTS = frozenset(
    {
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "config",
        "endpoint_url",
        "region_name",
    }
)

CONFIG_OPTIONS = frozenset(
    {
        "connect_timeout",
        "max_pool_connections",
        "read_timeout",
        "region_name",
        "request_checksum_calculation",
        "response_checksum_validation",
        "user_agent_extra",
    }
)
"""Options of botocore's Config that mean nothing to a write, or that are passed on."""

ATTRIBUTES = {
    "CacheControl": "Cache-Control",
    "ContentDisposition": "Content-Disposition",
    "ContentEncoding": "Content-Encoding",
    "ContentLanguage": "Content-Language",
    "ContentType": "Content-Type",
}
"""Arguments of boto3's `put_object` -> obstore's names of the same."""

OTHERS = frozenset({"Metadata", "Tagging"})
_RESERVED = {name.lower() for name in (*ATTRIBUTES.values(), "Storage-Class")}

_PLAIN = Config()

# Spaces that are doubled or at an end are signed in different ways.
_VALUE = re.compile(r"[!-~]+(?: [!-~]+)*")
_METADATA = re.compile(r"[a-z0-9][a-z0-9._-]*")
_KEY = re.compile(r"[^/\x00-\x1f\x7f]+(?:/[^/\x00-\x1f\x7f]+)*")
_DOTS = frozenset({".", ".."})


class PutArguments(NamedTuple):
    """The arguments of obstore's `put` for an upload."""

    attributes: dict[str, str]
    tags: dict[str, str]


def put_arguments(upload: Upload) -> PutArguments | None:
    """An upload's parameters in obstore's words, if it has words for all of them."""
    if not isinstance(upload.content, bytes) or len(upload.content) > LARGEST:
        return None
    if not (upload.parameters.keys() <= ATTRIBUTES.keys() | OTHERS and is_key(upload.key)):
        return None
    metadata, tags = upload.metadata, _tags(upload.parameters.get("Tagging", ""))
    named = {own: upload.parameters[n] for n, own in ATTRIBUTES.items() if n in upload.parameters}
    if tags is None or not all(map(_is_metadata, metadata)):
        return None
    attributes = {**metadata, **named}
    return PutArguments(attributes, tags) if all(map(_is_value, attributes.values())) else None


def is_key(key: str) -> bool:
    """Whether obstore sends a key as it is: it changes or refuses `//`, `.`, `..` and controls."""
    return bool(_KEY.fullmatch(key)) and _DOTS.isdisjoint(key.split("/"))


def supports_client(given: Mapping[str, Any]) -> bool:
    """Whether obstore can act as a client of boto3 with these arguments would."""
    return given.keys() <= CLIENT_ARGUMENTS and supports_config(given.get("config"))


def supports_config(config: Config | None) -> bool:
    """Whether a Config of one's own asks for nothing that obstore has no words for."""
    if config is None:
        return True
    own = {name: getattr(config, name, None) for name in Config.OPTION_DEFAULTS}
    special = {name: own[name] for name in own if own[name] != getattr(_PLAIN, name, None)}
    s3 = special.pop("s3", None) or {}
    return special.keys() <= CONFIG_OPTIONS and s3.keys() <= {"addressing_style"}


def _is_value(value: object) -> bool:
    return isinstance(value, str) and bool(_VALUE.fullmatch(value))


def _is_metadata(name: str) -> bool:
    return bool(_METADATA.fullmatch(name)) and name not in _RESERVED


def _tags(written: object) -> dict[str, str] | None:
    """Tags as boto3 takes them, `a=b&c=d`."""
    if not isinstance(written, str):
        return None
    try:
        pairs = parse_qsl(written, keep_blank_values=True, strict_parsing=bool(written))
    except ValueError:
        return None
    tags = dict(pairs)
    return tags if len(tags) == len(pairs) else None
