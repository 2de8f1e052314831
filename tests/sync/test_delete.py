import pytest

from s3rewrite.sync.delete import is_superfluous


@pytest.mark.parametrize(
    ("fingerprinted", "on_disk", "is_published", "expected"),
    [
        pytest.param(False, False, True, False, id="published"),
        pytest.param(True, True, True, False, id="published, fingerprint"),
        pytest.param(False, True, False, False, id="mirror: it is being uploaded"),
        pytest.param(False, False, False, True, id="mirror: the file is gone"),
        pytest.param(True, True, False, True, id="fingerprint: an old version"),
        pytest.param(True, False, False, True, id="fingerprint: the file is gone"),
    ],
)
def test_whether_an_object_is_superfluous(
    fingerprinted: bool, on_disk: bool, is_published: bool, expected: bool
) -> None:
    found = is_superfluous(fingerprinted=fingerprinted, on_disk=on_disk, is_published=is_published)
    assert found is expected
