"""Splitting items into batches, for a round trip or a thread. Pure."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in their order, `size` at a time; the last batch may be smaller."""
    iterator = iter(items)  # itertools.batched needs Python 3.12
    while batch := list(islice(iterator, size)):
        yield batch
