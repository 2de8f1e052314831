"""Looking for published names: by a part of the name, and the latest ones.

What a search costs does not grow with what is published: it reads DIRECTORIES directories, and of
each about NAMES names, in two round trips. Every function may raise redis.RedisError.
"""

import re
from functools import partial

from s3rewrite.core.entries import decode_name, is_name, join, split
from s3rewrite.registry.directories import Directories

DIRECTORIES = 200
NAMES = 1000


def search(registry: Directories, text: str) -> tuple[list[str], bool]:
    """The names that contain a text, sorted, and whether all were looked at.

    Of "a/b/c" those in the directory a/b, alone, with "c"; of "a/b/" all in a/b. ASCII letters
    match in both cases.
    """
    if not is_name(text.removesuffix("/")):
        return [], True
    directory, part = split(text)
    cursor, directories = 0, [directory.encode()]
    if not directory:
        read = partial(registry.client.sscan, registry.keys.directories, count=DIRECTORIES)
        cursor, directories = registry.replies.read("directories", read, (0, []))
    chosen = [name for raw in directories if (name := raw.decode(errors="replace")) or not raw]
    with registry.scripts.pipeline() as pipeline:
        for name in chosen:
            is_whole = not directory and text.lower() in name.lower()
            pattern = "*" if is_whole else f"*{_either_case(part)}*"
            pipeline.hscan(registry.keys.directory(name), match=pattern, count=NAMES)
        replies = pipeline.execute(raise_on_error=False)
    found, is_all = set(), not cursor
    for name, reply in zip(chosen, replies, strict=True):
        rest, fields = registry.replies.check_type("a directory", reply, (0, {}))
        is_all &= not rest
        found |= {join(name, base) for raw in fields if (base := decode_name(raw))}
    return sorted(filter(is_name, found)), is_all


def latest(registry: Directories, count: int) -> dict[str, float]:
    """The published names of the last `count` changes, each with its seconds since 1970."""
    read = partial(registry.client.xrevrange, registry.keys.changes, count=count)
    times: dict[str, float] = {}
    for identifier, fields in registry.replies.read("changes", read, []):
        if name := decode_name(fields.get(b"n")):
            times.setdefault(name, int(identifier.partition(b"-")[0]) / 1000)
    published = registry.get(times)
    return {name: seconds for name, seconds in times.items() if name in published}


def _either_case(text: str) -> str:
    """A pattern of Redis for a text: https://redis.io/docs/latest/commands/keys/"""

    def either(match: re.Match[str]) -> str:
        letter = match[0]
        return f"[{letter.lower()}{letter.upper()}]" if letter.isalpha() else f"\\{letter}"

    return re.sub(r"[A-Za-z*?\[\]\\^-]", either, text)
