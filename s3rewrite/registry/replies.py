"""The door to Redis: what comes in has the form that it must have, or counts as absent.

Whoever wrote it. That is logged once; the next pass removes it, or writes it anew.
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
"""A number beyond is none of ours: it could not be shown as a time, or as a float."""

_repeats = Repeats(SILENCE)

Check = Callable[[Any], bool]


class ReplyChecker:
    """What one mount's registry reads goes through here."""

    def __init__(self, alias: str) -> None:
        self._alias = alias

    def log_dropped(self, where: str, value: object) -> None:
        """Something counts as absent. Logged once for each place."""
        if _repeats.count((self._alias, where)) is None:
            return
        message = (
            "What Redis holds for mount %r as %s has not the form that it must have (%.80r): it "
            "counts as absent, and the next pass removes it or writes it anew."
        )
        extra = {"mount": self._alias, "reason": where}
        logger.warning(message, self._alias, where, value, extra=extra)

    def read(self, where: str, call: Callable[[], Any], absent: Any) -> Any:
        """What `call` reads; `absent` where the key is of another type."""
        try:
            return call()
        except redis.ResponseError as error:
            return self.check_type(where, error, absent)

    def check_type(self, where: str, reply: Any, absent: Any) -> Any:
        """A reply of a pipeline; `absent` where the key is of another type. Raises other errors."""
        if not isinstance(reply, Exception):
            return reply
        if not is_wrong_type(reply):
            raise reply
        self.log_dropped(where, str(reply))
        return absent

    def parse_name(self, where: str, raw: bytes | None) -> str | None:
        """A name; None where it is none."""
        name = decode_name(raw)
        if name is None:
            self.log_dropped(where, raw)
        return name

    def parse_hint(self, raw: bytes | None) -> str | None:
        """A hint: a name, a tree (`name/`) or all (``); None where it is none."""
        if raw is not None and is_hint(raw):
            return raw.decode()
        self.log_dropped("a hint", raw)
        return None

    def parse_record(self, where: str, raw: bytes | None, form: Mapping[Any, Check]) -> Any:
        """A dict or a list that was written as JSON, with these fields; None where it is none."""
        found = _loaded(raw or b"")
        fields = dict(enumerate(found)) if isinstance(found, list) else found
        if isinstance(fields, dict) and all(has(fields.get(name)) for name, has in form.items()):
            return found
        if raw is not None:
            self.log_dropped(where, raw)
        return None


def _loaded(raw: bytes) -> Any:
    """What was written as JSON; None where something else was."""
    try:
        return json.loads(raw, parse_constant=_refused)
    except (RecursionError, ValueError):
        return None


def _refused(constant: str) -> float:
    raise ValueError(constant)


def is_hint(raw: bytes) -> bool:
    """Whether bytes speak of a name, a tree (`name/`) or all (``)."""
    return not raw or decode_name(raw.removesuffix(b"/")) is not None


def is_wrong_type(error: object) -> bool:
    """Whether Redis refused as a key is of another type than its commands are for."""
    return isinstance(error, redis.ResponseError) and "WRONGTYPE" in str(error)


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
    """What is dropped from now on is logged again."""
    _repeats.forget()
