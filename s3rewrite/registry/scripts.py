"""Sending Lua scripts and pipelines to the one server that holds a mount's keys."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from functools import lru_cache
from importlib.resources import files
from typing import Any

import redis
from redis.commands.core import Script
from redis.exceptions import NoScriptError

from s3rewrite.registry.cluster import Cluster


class Scripts:
    """The scripts and pipelines of one registry. Every method may raise redis.RedisError.

    All keys of a mount are on one node of a cluster; `key` is one of them.
    """

    def __init__(self, client: redis.Redis, key: str) -> None:
        self._client = client
        self._key = key
        self._known: dict[str, Script] = {}

    def run(self, name: str, keys: Sequence[str], args: Sequence[Any], pipeline: Any = None) -> Any:
        """Run the script of that file now, or put it into a pipeline of `together`."""
        return self._script(name)(keys=keys, args=args, client=pipeline)

    def run_each(
        self, name: str, calls: Sequence[tuple[Sequence[str], Sequence[Any]]]
    ) -> list[Any]:
        """Run a script with each of these keys and arguments, each by itself, in one round trip."""
        sha = self._script(name).sha
        with self.pipeline() as pipeline:
            for keys, args in calls:
                pipeline.evalsha(sha, len(keys), *keys, *args)
            replies = pipeline.execute(raise_on_error=False)
            for reply in replies:
                if isinstance(reply, Exception) and not isinstance(reply, NoScriptError):
                    raise reply
        # Where the server did not know the script yet, nothing has happened.
        return [
            self.run(name, *call) if isinstance(reply, NoScriptError) else reply
            for call, reply in zip(calls, replies, strict=True)
        ]

    def _script(self, name: str) -> Script:
        if name not in self._known:
            self._known[name] = self._client.register_script(script_source(name))
        return self._known[name]

    def pipeline(self) -> AbstractContextManager[Any]:
        """A pipeline: its commands are sent in one round trip. The caller executes it."""
        if isinstance(self._client, Cluster):
            return self._client.pipeline_at(self._key)
        return self._client.pipeline(transaction=False)


@lru_cache
def script_source(name: str) -> str:
    """The script of that file; read once, as a registry is made for each save."""
    return (files(__package__) / "lua" / f"{name}.lua").read_text()
