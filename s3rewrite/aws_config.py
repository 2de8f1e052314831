"""Region and endpoint as boto3 finds them: in its arguments, the environment, and its files.

Without boto3, which would take long to import in each web process.
"""

import os
import re
from collections.abc import Iterable, Mapping
from configparser import Error, RawConfigParser
from functools import lru_cache
from typing import Any

from s3rewrite.core.redaction import without_userinfo


def region_of(client: Mapping[str, Any]) -> str:
    """The region for these arguments of boto3.client; "" where nothing names one."""
    own = client.get("region_name") or getattr(client.get("config"), "region_name", None)
    variables = ("AWS_DEFAULT_REGION", "AWS_REGION")
    values = (own, *map(os.environ.get, variables), _profile().get("region"))
    return _first(values)


def endpoint_of(client: Mapping[str, Any]) -> str:
    """The endpoint for them, without passwords; "" for AWS's own."""
    profile = _profile()
    ignores = (
        getattr(client.get("config"), "ignore_configured_endpoint_urls", None)
        or os.environ.get("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        or profile.get("ignore_configured_endpoint_urls")
    )
    variables = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
    configured = (*map(os.environ.get, variables), profile.get("endpoint_url"))
    is_ignored = str(ignores).lower() == "true"
    return without_userinfo(_first((client.get("endpoint_url"), *configured * (not is_ignored))))


def _first(values: Iterable[Any]) -> str:
    return next((str(value) for value in values if value), "")


def _profile() -> dict[str, str]:
    """Option -> value of the profile that boto3 would use; the endpoint for S3 before others.

    https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
    """
    name = os.environ.get("AWS_DEFAULT_PROFILE") or os.environ.get("AWS_PROFILE") or "default"
    config = _sections("AWS_CONFIG_FILE", "~/.aws/config")
    options = config.get(name if name == "default" else f"profile {name}", {}) | _sections(
        "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"
    ).get(name, {})
    services = config.get(f"services {options.get('services')}", {})
    endpoint = re.search(r"\n\s*endpoint_url\s*=\s*(\S+)", services.get("s3", ""))
    return options | ({"endpoint_url": endpoint[1]} if endpoint else {})


def _sections(variable: str, path: str) -> dict[str, dict[str, str]]:
    """Section -> its options, of a configuration file; {} where boto3 could not read it either."""
    # As boto3: pathlib would raise for a user without a home.
    file = os.path.expanduser(os.path.expandvars(os.environ.get(variable) or path))  # noqa: PTH111
    try:
        changed = os.stat(file).st_mtime_ns  # noqa: PTH116 - beside its twin
    except (OSError, ValueError):
        return {}
    return _parsed(file, changed)


@lru_cache(maxsize=8)
def _parsed(file: str, changed: int) -> dict[str, dict[str, str]]:
    """The sections of a file as it was at that time: checks and mounts ask many times."""
    parser = RawConfigParser()
    try:
        parser.read(file)
    except (Error, OSError, UnicodeError):
        return {}
    return {
        re.sub(r"[\s\"']+", " ", name).strip(): dict(parser[name]) for name in parser.sections()
    }
