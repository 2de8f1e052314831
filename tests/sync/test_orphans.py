from s3rewrite.sync.orphans import is_orphan


def test_what_is_published() -> None:
    for on_disk in (False, True):
        assert not is_orphan(is_published=True, on_disk=on_disk)


def test_what_has_a_file() -> None:
    assert not is_orphan(is_published=False, on_disk=True)


def test_what_nobody_has() -> None:
    assert is_orphan(is_published=False, on_disk=False)
