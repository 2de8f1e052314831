"""Checks what Redis replies: a value that does not have the expected form counts as absent.

Anybody may have written it. The first one of each place is logged; the next pass removes it, or
rewrites it.
"""

import json
import logging
from collections.abc import Callable, Mapping
from typing import Any

import redis

from s3rewrite.core.entries import decode_name
from s3rewrite.core.repeats import Repeats

logger = logging.getLogger("s3rewrite.registry")

SILENCE = 600.0
"""Seconds in which the same is not logged again."""

LARGEST = 10**15
"""No larger number is written here, and none could be shown as a time, or as a float."""

_repeats = Repeats(SILENCE)

Check = Callable[[Any], bool]


class ReplyChecker:
    """Checks what the registry of one mount reads. `where` names a place to people."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def log_dropped(self, where: str, value: object) -> None:
        """Log that a value counts as absent, once for each place."""
        if _repeats.count((self._alias, where)) is None:
            return
        message = (
            "What Redis holds for mount %r as %s does not have the expected form (%.80r): it "
            "counts as absent, and the next pass removes or rewrites it."
        )
        extra = {"mount": self._alias, "reason": where}
        logger.warning(message, self._alias, where, value, extra=extra)

    def read(self, where: str, call: Callable[[], Any], absent: Any) -> Any:
        """What `call` reads; `absent` where the key is of another type. Raises other errors."""
        try:
            return call()
        except redis.ResponseError as error:
            return self.check_type(where, error, absent)

    def check_type(self, where: str, reply: Any, absent: Any) -> Any:
        """A reply of a pipeline; `absent` where the key is of another type. Raises other errors."""
        if not isinstance(reply, Exception):
            return reply
        if not (isinstance(reply, redis.ResponseError) and "WRONGTYPE" in str(reply)):
            raise reply
        self.log_dropped(where, str(reply))
        return absent

    def parse_name(self, where: str, raw: bytes | None) -> str | None:
        """The name that bytes mean; None where they mean none."""
        name = decode_name(raw)
        if name is None:
            self.log_dropped(where, raw)
        return name

    def parse_hint(self, raw: bytes | None) -> str | None:
        """The hint that bytes mean: a name, a tree (`name/`) or all (``); None: no hint."""
        if raw is not None and is_hint(raw):
            return raw.decode()
        self.log_dropped("a hint", raw)
        return None

    def parse_record(self, where: str, raw: bytes | None, checks: Mapping[Any, Check]) -> Any:
        """A dict or a list that was written as JSON; None where there is none.

        `checks` has a check for each key, or index, that has to be there.
        """
        if raw is None:
            return None
        try:
            record = json.loads(raw, parse_constant=_refuse)
        except (RecursionError, ValueError):
            record = None
        fields = dict(enumerate(record)) if isinstance(record, list) else record
        if isinstance(fields, dict) and all(ok(fields.get(key)) for key, ok in checks.items()):
            return record
        self.log_dropped(where, raw)
        return None


def _refuse(constant: str) -> float:
    """Python's JSON knows NaN and Infinity; nothing here writes them."""
    raise ValueError(constant)


def is_hint(raw: bytes) -> bool:
    """Whether bytes mean a name, a tree (`name/`) or all (``)."""
    return not raw or decode_name(raw.removesuffix(b"/")) is not None


def is_number(value: Any) -> bool:
    """An int or a float, that is not too large to be shown."""
    return type(value) in (int, float) and -LARGEST < value < LARGEST


def is_time(value: Any) -> bool:
    """Seconds since 1970, before the year 5000."""
    return is_number(value) and 0 <= value < 95_000_000_000


def is_time_or_none(value: Any) -> bool:
    """Seconds since 1970, or None."""
    return value is None or is_time(value)


def is_text(value: Any) -> bool:
    """Text that can be written as UTF-8."""
    try:
        return isinstance(value, str) and value.encode() is not None
    except UnicodeEncodeError:
        return False


def forget_logged() -> None:
    """Log again what was logged before."""
    _repeats.forget()
