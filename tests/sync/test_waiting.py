from threading import Event

import pytest

from s3rewrite.registry.lease import Lease, LeaseTaken
from s3rewrite.sync.passes import retry_while_leased


def test_it_tries_until_the_lease_is_free() -> None:
    tries = []

    def action() -> str:
        tries.append(1)
        if len(tries) < 3:
            raise LeaseTaken(Lease("1 host:1 a"))
        return "done"

    assert retry_while_leased(action, 5, Event()) == "done"
    assert len(tries) == 3


def test_it_gives_up_in_the_end() -> None:
    def action() -> None:
        raise LeaseTaken(Lease("1 host:1 a"))

    with pytest.raises(LeaseTaken, match="host:1"):
        retry_while_leased(action, 0, Event())


def test_it_gives_up_where_it_is_to_stop() -> None:
    def action() -> None:
        raise LeaseTaken(Lease("1 host:1 a"))

    stop = Event()
    stop.set()
    with pytest.raises(LeaseTaken, match="host:1"):
        retry_while_leased(action, 60, stop)
