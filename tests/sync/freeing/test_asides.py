import pytest

from s3rewrite.core.entries import Signature
from s3rewrite.disk.stubs import Stub
from s3rewrite.sync.freeing.asides import AsideAction, decide

SIGNATURE, CHANGED = Signature(5, 10), Signature(5, 11)
STUB = Stub("uploads", "media/a.png", SIGNATURE, "0" * 64, "etag")


@pytest.mark.parametrize(
    ("stub", "aside", "was_watched", "is_held", "action"),
    [
        pytest.param(STUB, None, False, False, AsideAction.REMOVE, id="a stub lies aside"),
        pytest.param(None, None, False, False, AsideAction.REMOVE, id="a stub, and none in place"),
        pytest.param(None, SIGNATURE, False, False, AsideAction.REMOVE, id="no stub in its place"),
        pytest.param(STUB, CHANGED, False, False, AsideAction.PUT_BACK, id="changed since"),
        pytest.param(STUB, CHANGED, True, True, AsideAction.PUT_BACK, id="changed, and held"),
        pytest.param(STUB, SIGNATURE, False, True, AsideAction.WAIT, id="not long enough"),
        pytest.param(STUB, SIGNATURE, True, False, AsideAction.PUT_BACK, id="S3 lost it"),
        pytest.param(STUB, SIGNATURE, True, True, AsideAction.REMOVE, id="S3 still has it"),
    ],
)
def test_what_becomes_of_what_lies_aside(
    stub: Stub | None,
    aside: Signature | None,
    was_watched: bool,
    is_held: bool,
    action: AsideAction,
) -> None:
    assert decide(stub, aside, was_watched=was_watched, is_held=is_held) is action
