"""The ways to write a mount in S3REWRITE: a URL, shared defaults, a preset. Pure."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from s3rewrite.core.mounts import OPTIONS
from s3rewrite.core.presets import PRESETS

SHARED = "*"
"""The alias of the options that all mounts share."""

_CLIENT = {"region": "region_name", "endpoint": "endpoint_url"}


def spelled_out(mounts: Mapping[Any, Any]) -> dict[Any, Any]:
    """Alias -> a dict of options; what is neither a dict nor a URL stays, for the checks.

    The nearest wins: a mount's own options, those of its preset, the shared ones, those of their
    preset. Dicts, such as CLIENT, are joined.
    """
    shared = _with_preset(mounts.get(SHARED, {}))
    if not isinstance(shared, Mapping):
        return dict(mounts)
    return {
        alias: _filled(_joined(shared, options)) if isinstance(options, Mapping) else options
        for alias, written in mounts.items()
        if alias != SHARED
        for options in [_with_preset(parse_url(written) if isinstance(written, str) else written)]
    }


def parse_url(url: str) -> dict[str, Any] | str:
    """The options in `s3://bucket/prefix/?region=eu-west-1&cors=true`; another text as it is.

    A URL with a user or a password is none: settings are shown in more places than keys may be.
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if parts.scheme != "s3" or not parts.netloc or "@" in parts.netloc:
        return url
    options: dict[str, Any] = {"BUCKET": parts.netloc}
    if prefix := unquote(parts.path).strip("/"):
        options["PREFIX"] = f"{prefix}/"
    for name, text in parse_qsl(parts.query, keep_blank_values=True):
        if argument := _CLIENT.get(name):
            options.setdefault("CLIENT", {})[argument] = text
        else:
            options[name.upper()] = _typed(text, OPTIONS.get(name.upper()))
    return options


def _typed(text: str, expected: Any) -> Any:
    """The value that a parameter of a URL means; the text itself where it is of another type."""
    if expected == (list, tuple):
        return [item for item in text.split(",") if item]
    if expected in (bool, int, (int, float)):
        with suppress(ValueError):
            return json.loads(text)  # as TOML, YAML and people write numbers, true and false
    return text


def _with_preset(options: Any) -> Any:
    preset = options.get("PRESET") if isinstance(options, Mapping) else None
    known = PRESETS.get(preset) if isinstance(preset, str) else None
    return _joined(known, options) if known else options


def _joined(defaults: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    joined = {**defaults, **options}
    for key, value in options.items():
        if isinstance(value, Mapping) and isinstance(defaults.get(key), Mapping):
            joined[key] = {**defaults[key], **value}
    return joined


def _filled(options: dict[str, Any]) -> dict[str, Any]:
    """The options with the region in the endpoint of a preset."""
    client = options.get("CLIENT")
    if isinstance(client, Mapping) and "{region}" in str(client.get("endpoint_url")):
        region = str(client.get("region_name", "{region}"))
        endpoint = str(client["endpoint_url"]).replace("{region}", region)
        return {**options, "CLIENT": {**client, "endpoint_url": endpoint}}
    return options
