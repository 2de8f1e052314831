import pytest

from s3rewrite.core.counters import count_names, link_counter, set_link_counter


class Counts:
    def __init__(self) -> None:
        self.told: list[tuple[object, ...]] = []

    def count_linked(self, mount: str, count: int) -> None:
        self.told.append((mount, "linked", count))

    def count_local(self, mount: str, reason: str, count: int) -> None:
        self.told.append((mount, reason, count))

    def count_poll(self, mount: str, *, missing: int, is_ok: bool) -> None: ...


class View:
    alias = "media"

    def __init__(self, *, trusted: bool, suspended: bool = False) -> None:
        self.trusted = trusted
        self.is_suspended = suspended

    def is_trusted(self) -> bool:
        return self.trusted


@pytest.mark.parametrize(
    ("entries", "linked", "trusted", "told"),
    [
        ([1, 1], 2, True, {"linked": 2}),
        ([1, 1, None], 1, True, {"linked": 1, "changed": 1, "unpublished": 1}),
        ([None, None], 0, True, {"unpublished": 2}),
        ([None, None], 0, False, {"redis": 2}),
        ([1], 0, True, {"changed": 1}),
        ([], 0, True, {}),
    ],
)
def test_each_name_is_told_once(
    entries: list[int | None], linked: int, trusted: bool, told: dict[str, int]
) -> None:
    counts = Counts()
    count_names(counts, View(trusted=trusted), entries, linked)  # type: ignore[arg-type]
    assert {reason: count for _, reason, count in counts.told} == told
    assert sum(told.values()) == len(entries)


@pytest.mark.parametrize(("trusted", "reason"), [(True, "suspended"), (False, "redis")])
def test_what_is_local_as_the_mount_is_suspended(trusted: bool, reason: str) -> None:
    counts = Counts()
    view = View(trusted=trusted, suspended=True)
    count_names(counts, view, [1, None], 1)  # type: ignore[arg-type]
    assert counts.told == [("media", "linked", 1), ("media", reason, 1)]


def test_nobody_counts_at_first() -> None:
    assert link_counter() is None
    counts = Counts()
    set_link_counter(counts)  # type: ignore[arg-type]
    try:
        assert link_counter() is counts
    finally:
        set_link_counter(None)
