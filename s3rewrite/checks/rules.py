"""How a rule becomes a system check, and the words that rules share.

Three kinds of rules: on all mounts, on the options of one mount as they are written, and on a
mount that can be read. The last kind is spared from values of a wrong type: they have an error
of their own, and the rest is said once they are mended.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from django.core.checks import CheckMessage, Error, Warning  # noqa: A004 - Django's name

from s3rewrite import conf
from s3rewrite.core.mounts import OPTIONS, REQUIRED, Mount
from s3rewrite.core.redaction import redact

Options = Mapping[str, Any]
Messages = Iterator[CheckMessage]
Check = Callable[..., list[CheckMessage]]

CHECKS: list[Check] = []


def error(number: int, message: str, hint: str) -> Error:
    """An error with a numbered id."""
    return Error(redact(message), hint=hint, id=f"s3rewrite.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    """A warning with a numbered id."""
    return Warning(redact(message), hint=hint, id=f"s3rewrite.W{number:03}")


def where(alias: str, key: str) -> str:
    """Where an option stands in the settings."""
    return f'{conf.SETTING}["{alias}"]["{key}"]'


def meant(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint with the known word that was probably meant, or all of them."""
    words = sorted(known)
    near = get_close_matches(str(word), words, n=1, cutoff=cutoff)
    return f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(words) or 'nothing'}."


def on_all(
    rule: Callable[[dict[str, Options]], Messages],
) -> Callable[[dict[str, Options]], Messages]:
    """Register a rule on all mounts together: those that are dicts."""

    def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
        raw = conf.raw()
        mounts = raw.items() if isinstance(raw, Mapping) else ()
        return list(rule({str(a): o for a, o in mounts if isinstance(o, Mapping)}))

    check.__name__ = rule.__name__
    CHECKS.append(check)
    return rule


def on_options(rule: Callable[[str, Options], Messages]) -> Callable[[str, Options], Messages]:
    """Register a rule on the options of each mount, as they are written."""

    def on_each(mounts: dict[str, Options]) -> Messages:
        for alias, options in mounts.items():
            yield from rule(alias, options)

    on_each.__name__ = rule.__name__
    on_all(on_each)
    return rule


def on_mount(rule: Callable[[Mount, Options], Messages]) -> Callable[[Mount, Options], Messages]:
    """Register a rule on each mount that can be read; also given: what is written of it."""

    def on_readable(alias: str, options: Options) -> Messages:
        if mount := readable(alias, options):
            yield from rule(mount, options)

    on_readable.__name__ = rule.__name__
    on_options(on_readable)
    return rule


def readable(alias: str, options: Options) -> Mount | None:
    """The mount, where its bucket is named and every value is of its option's type."""
    has_all = all(options.get(key) for key in REQUIRED)
    return conf.build_mount(alias, options) if has_all and not any(mistyped(options)) else None


def mistyped(options: Options) -> Iterator[tuple[str, str, str]]:
    """The values of a wrong type: option, what is wrong, what to give instead."""
    for key, value in options.items():
        expected = OPTIONS.get(key, object)
        if not _is_a(value, expected):
            wanted = _named(expected)
            is_secret = expected is Mapping
            shown = f"a {type(value).__name__}" if is_secret else repr(value)
            yield key, f"is {shown}, which is not a {wanted}", f"Give it a {wanted}."
        elif expected == (list, tuple) and not all(isinstance(item, str) for item in value):
            yield key, f"is {value!r}, which is not a list of strings", "Give it strings alone."


def _is_a(value: object, expected: type | tuple[type, ...]) -> bool:
    # True is an int in Python, and is not a number here.
    if isinstance(value, bool):
        return expected in (bool, object)
    return isinstance(value, expected)


def _named(expected: type | tuple[type, ...]) -> str:
    kinds = expected if isinstance(expected, tuple) else (expected,)
    return " or ".join("dict" if kind is Mapping else kind.__name__ for kind in kinds)
