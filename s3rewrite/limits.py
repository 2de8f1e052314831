"""Limits that are a number or a percentage: 1000 or "10%". Pure."""

import re

_WRITTEN = re.compile(r"([0-9]{1,18})(?:\.([0-9]{1,6}))?%|([0-9]{1,18})")
_MILLION = 1_000_000


def parsed_limit(written: str) -> int | str:
    """What a command line says: "5" is 5 objects, "10%" stays. Raises ValueError otherwise."""
    limit_of(written, 0)
    return written if written.endswith("%") else int(written)


def limit_of(limit: int | str, total: int) -> int:
    """How many of `total` objects a limit allows; of a percentage rounded down, at most `total`.

    Raises ValueError where a string is neither a number nor a percentage from 0% to 100%.
    """
    if isinstance(limit, int):
        return limit
    match = _WRITTEN.fullmatch(limit)
    if match is None:
        raise ValueError(f"{limit!r} is neither a number nor a percentage like 10%")
    whole, fraction, number = match.groups()
    if number:
        return int(number)
    millionths = int(whole) * _MILLION + int((fraction or "").ljust(6, "0"))
    if millionths > 100 * _MILLION:
        raise ValueError(f"{limit!r} is above 100%")
    return total * millionths // (100 * _MILLION)
