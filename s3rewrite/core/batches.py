"""Items in batches: what a round trip, or a thread, takes at a time. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, `size` at a time, the last ones fewer."""
    found = iter(items)
    while batch := list(islice(found, size)):
        yield batch
