"""Sending Lua scripts and pipelines to the one server that holds a mount's keys."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from s3rewrite.registry.cluster import Cluster

Call = tuple[Sequence[str], Sequence[Any]]
"""The keys and the arguments of a script."""


class Scripts:
    """The scripts and pipelines of one registry. Every method may raise redis.RedisError.

    All keys of a mount are on one node of a cluster; `key` is one of them.
    """

    def __init__(self, client: redis.Redis, key: str) -> None:
        self._client = client
        self._key = key
        self._script: Callable[[str], Script] = cache(
            lambda name: client.register_script(script_source(name))
        )

    def run(self, name: str, keys: Sequence[str], args: Sequence[Any]) -> Any:
        """Run the script of that file."""
        return self._script(name)(keys=keys, args=args)

    def run_each(self, name: str, calls: Sequence[Call]) -> list[Any]:
        """Run a script with each of these keys and arguments, each by itself, in one round trip."""
        # redis-py's pipelines would first ask the server whether it knows the script.
        sha = self._script(name).sha
        with self.pipeline() as pipeline:
            for keys, args in calls:
                pipeline.evalsha(sha, len(keys), *keys, *args)
            replies = pipeline.execute(raise_on_error=False)
            for reply in replies:
                if isinstance(reply, Exception) and not isinstance(reply, NoScriptError):
                    raise reply  # inside the block, where `pipeline_at` learns of a moved key
        # Where the server did not know the script yet, nothing has happened.
        return [
            self.run(name, *call) if isinstance(reply, NoScriptError) else reply
            for call, reply in zip(calls, replies, strict=True)
        ]

    def pipeline(self) -> AbstractContextManager[Any]:
        """A pipeline: its commands are sent in one round trip. The caller executes it."""
        if isinstance(self._client, Cluster):
            return self._client.pipeline_at(self._key)
        return self._client.pipeline(transaction=False)


@lru_cache(maxsize=32)
def script_source(name: str) -> str:
    """The text of a script in lua/."""
    return (files(__package__) / "lua" / f"{name}.lua").read_text()
