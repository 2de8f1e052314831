"""Does with Redis what loops and pages do, on keys that nobody else reads, to see that it works."""

from uuid import uuid4

import redis

from s3rewrite import conf
from s3rewrite.core.entries import FINGERPRINT_LENGTH, Entry, Signature
from s3rewrite.core.mounts import Mount
from s3rewrite.registry import Claim, Registry, View, loop_registry
from s3rewrite.registry.journal import Journal
from s3rewrite.registry.lease import held
from s3rewrite.registry.task_channel import TaskChannel

NAME = "s3rewrite-probe/a.txt"
ENTRY = Entry(Signature(1, 1), "0" * FINGERPRINT_LENGTH)


def find_redis_problem(mount: Mount) -> str:
    """Why a mount's Redis cannot be used, and what to do; "" where it can be used."""
    # `{s3rewrite:media@…}:probe:…`: in the reach of the mount's own rights, and on the same node.
    location = f"{conf.location_digest(mount)}}}:probe:{{{uuid4().hex}"
    registry = Registry(mount.alias, loop_registry(mount).client, location)
    try:
        try:
            return _use(registry)
        finally:
            registry.clear()
            keys = registry.keys
            registry.client.unlink(keys.lease, keys.fence, keys.unconfirmed_writes)
    except redis.RedisError as error:
        place = "REDIS" if mount.redis else f"CACHES[{mount.cache!r}]"
        return (
            f"what loops and pages do is refused ({error}): give the user of "
            f"{place} the rights +@read +@write +@scripting +@transaction "
            "+@connection +time +info on the keys ~{s3rewrite:*"
        )


def _use(registry: Registry) -> str:
    registry.start_epoch()
    registry.set_host("probe")
    registry.hints.add([NAME])
    journal = Journal(registry)
    journal.record_heartbeat(1)
    journal.record_problems({NAME: ("failed", "a probe")}, None)
    with held(registry) as lease:
        claim = registry.claim(NAME, lease, ENTRY.fingerprint)
        outcome = registry.publish(claim, lease, ENTRY) if isinstance(claim, Claim) else claim
        channel = TaskChannel(registry, lease)
        channel.offer("probe")
        channel.clear()
    registry.has_epoch()
    registry.client.xrevrange(registry.keys.changes, count=1)
    if View(registry).get_many([NAME]) != [ENTRY]:
        return f"what is published is not read back ({outcome}): does a proxy stand before it?"
    registry.withdraw([NAME], hint=True)
    if registry.hints.read("0-0", 0.1)[1] != [NAME]:
        return "hints are not read back: does a proxy stand before it?"
    return ""
