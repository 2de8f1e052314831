"""Makes system checks of rules, and holds what rules share.

A rule is on all mounts, on the options of one mount as the settings have them, or on one Mount.
A rule of the last kind is not called for a mount with values of a wrong type: another rule reports
those, and the other rules follow once they are fixed.
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
    """An error with the id s3rewrite.E<number>."""
    return Error(redact(message), hint=hint, id=f"s3rewrite.E{number:03}")


def warning(number: int, message: str, hint: str) -> Warning:
    """A warning with the id s3rewrite.W<number>."""
    return Warning(redact(message), hint=hint, id=f"s3rewrite.W{number:03}")


def where(alias: str, key: str) -> str:
    """The place of an option in the settings."""
    return f'{conf.SETTING}["{alias}"]["{key}"]'


def meant(word: object, known: Iterable[str], cutoff: float = 0.6) -> str:
    """A hint with the known word that is most like this one, or with all known words."""
    words = sorted(known)
    near = get_close_matches(str(word), words, n=1, cutoff=cutoff)
    return f'Did you mean "{near[0]}"?' if near else f"Known: {', '.join(words) or 'nothing'}."


def on_all(
    rule: Callable[[dict[str, Options]], Messages],
) -> Callable[[dict[str, Options]], Messages]:
    """Register a rule on all mounts together that are dicts: alias -> options."""

    def check(app_configs: Any = None, **kwargs: Any) -> list[CheckMessage]:
        raw = conf.raw()
        mounts = raw.items() if isinstance(raw, Mapping) else ()
        options = {
            str(alias): given
            for alias, given in mounts
            if isinstance(given, Mapping) and alias not in OPTIONS
        }
        return list(rule(options))

    check.__name__ = rule.__name__  # for tracebacks, and to tell checks from each other
    CHECKS.append(check)
    return rule


def on_options(rule: Callable[[str, Options], Messages]) -> Callable[[str, Options], Messages]:
    """Register a rule on the options of each mount, as the settings have them."""

    def on_each(mounts: dict[str, Options]) -> Messages:
        for alias, options in mounts.items():
            yield from rule(alias, options)

    on_each.__name__ = rule.__name__
    on_all(on_each)
    return rule


def on_mount(rule: Callable[[Mount, Options], Messages]) -> Callable[[Mount, Options], Messages]:
    """Register a rule on each mount without values of a wrong type, and on its options."""

    def on_parsed(alias: str, options: Options) -> Messages:
        if mount := parse(alias, options):
            yield from rule(mount, options)

    on_parsed.__name__ = rule.__name__
    on_options(on_parsed)
    return rule


def parse(alias: str, options: Options) -> Mount | None:
    """The mount; None if it has no bucket, or a value of a wrong type."""
    has_all = all(options.get(key) for key in REQUIRED)
    return conf.build_mount(alias, options) if has_all and not any(mistyped(options)) else None


def parse_all(mounts: dict[str, Options]) -> list[Mount]:
    """Those of the mounts that `parse` can make."""
    return [mount for alias, options in mounts.items() if (mount := parse(alias, options))]


def mistyped(options: Options) -> Iterator[tuple[str, str, str]]:
    """Of each value of a wrong type: the option, what is wrong, and a hint."""
    for key, value in options.items():
        expected = OPTIONS.get(key, object)
        if not _is_of_type(value, expected):
            name = _type_name(expected)
            # What should be a dict may hold keys and passwords.
            shown = f"a {type(value).__name__}" if expected is Mapping else repr(value)
            yield key, f"is {shown}, which is not a {name}", f"Give it a {name}."
        elif expected == (list, tuple) and not all(isinstance(item, str) for item in value):
            yield key, f"is {value!r}, which is not a list of strings", "Give it strings alone."


def _is_of_type(value: object, expected: type | tuple[type, ...]) -> bool:
    # In Python True is an int; in the settings it is not a number.
    if isinstance(value, bool):
        return expected in (bool, object)
    return isinstance(value, expected)


def _type_name(expected: type | tuple[type, ...]) -> str:
    types = expected if isinstance(expected, tuple) else (expected,)
    return " or ".join("dict" if type_ is Mapping else type_.__name__ for type_ in types)
