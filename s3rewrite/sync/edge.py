"""Clears the CDN of a mount of what it may hold, so that names can be published again.

One request for all that waits, and the next one when that is done. What is under way is only
remembered by the process: another one begins again.
"""

import time
from collections.abc import Callable, Sequence

from s3rewrite.cdn import cdn_of
from s3rewrite.cdn.paths import paths_of
from s3rewrite.core.redaction import redact
from s3rewrite.registry.edge import EVERYTHING
from s3rewrite.sync.context import Clearing, SyncContext

POLL = 1.0
"""Seconds between two questions whether clearing is done."""

PAUSES = (1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before the next try after the first failure in a row, the second, and so on."""

PERIOD = 0.1
"""Seconds between two looks while a command waits."""

WAIT = 60.0
"""Seconds for which a pass waits at its begin until all is cleared."""

AWAY = "the CDN was not cleared, and what has changed stays local: {error}"


def begin_edge(context: SyncContext) -> None:
    """Tell the registry, at the begin of a pass, which CDN there is.

    Where all is to be cleared, that comes before the uploads: each would need its own clearing
    otherwise. Raises redis.RedisError.
    """
    mount, edge, memory = context.mount, context.registry.edge, context.memory
    cdn = f"{mount.cdn['BACKEND']} {mount.public_url}" if mount.cdn else ""
    if not cdn and memory.has_no_edge:
        return
    edge.begin(cdn, overwrites=not mount.paths.fingerprinted)
    memory.has_no_edge = not cdn
    until = time.monotonic() + WAIT
    while cdn and EVERYTHING in edge.uncleared() and time.monotonic() < until:
        context.registry.hints.add(clear_edge(context))
        if memory.cdn_problem or not context.should_continue():
            return
        context.stop.wait(PERIOD)


def clear_edge(context: SyncContext) -> list[str]:
    """Begin to clear what waits, or see whether it is done; returns names to publish now.

    A CDN that is away is asked again after a pause. Raises redis.RedisError.
    """
    cdn, memory = cdn_of(context.mount), context.memory
    if cdn is None or context.options.dry_run or time.monotonic() < memory.next_clearing:
        return []
    try:
        if memory.clearing is None:
            marks = context.registry.edge.uncleared()
            if not marks:
                memory.cdn_problem = ""
                return []
            memory.clearing = Clearing(cdn.clear(paths_of(context.mount, marks)), marks)
        if not cdn.is_clear(memory.clearing.id):
            memory.next_clearing = time.monotonic() + POLL
            return []
    except Exception as error:  # CDNError, or any of a class of the project's
        memory.next_clearing = time.monotonic() + PAUSES[min(memory.failures, len(PAUSES) - 1)]
        memory.clearing, memory.failures = None, memory.failures + 1
        memory.cdn_problem = AWAY.format(error=redact(str(error)))
        return []
    marks, memory.clearing = memory.clearing.marks, None
    memory.failures, memory.cdn_problem = 0, ""
    return context.registry.edge.clear(marks)


def publish_cleared(context: SyncContext, publish: Callable[[Sequence[str]], None]) -> None:
    """Publish what was cleared; a command waits for the CDN. Raises redis.RedisError."""
    memory, edge = context.memory, context.registry.edge
    until = time.monotonic() + (0 if context.options.dry_run else context.edge_wait)
    while context.mount.cdn and not context.stop.is_set():
        if names := clear_edge(context):
            publish(names)
        elif memory.cdn_problem or time.monotonic() >= until or not edge.uncleared():
            return
        else:
            context.stop.wait(PERIOD)
