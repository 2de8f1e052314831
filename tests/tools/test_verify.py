import pytest

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.s3.objects import Object
from s3rewrite.tools.verify import Fault, compare

LOCAL, OTHER = Signature(5, 1), Signature(5, 2)
ENTRY = Entry(LOCAL, "0" * 24)
FOUND, LONGER = Object(5, "etag"), Object(6, "etag")


@pytest.mark.parametrize(
    ("local", "entry", "found", "fault"),
    [
        pytest.param(LOCAL, ENTRY, None, Fault.NO_OBJECT, id="no object"),
        pytest.param(None, ENTRY, None, Fault.NO_OBJECT, id="no object, no file"),
        pytest.param(LOCAL, ENTRY, LONGER, Fault.OTHER_OBJECT, id="object of other size"),
        pytest.param(None, ENTRY, FOUND, Fault.NO_FILE, id="no file"),
        pytest.param(OTHER, ENTRY, FOUND, Fault.CHANGED, id="file changed"),
        pytest.param(LOCAL, ENTRY, FOUND, None, id="fine"),
        pytest.param(LOCAL, None, FOUND, Fault.NOT_PUBLISHED, id="not published"),
        pytest.param(None, None, FOUND, None, id="in the bucket only"),
    ],
)
def test_compare(
    local: Signature | None, entry: Entry | None, found: Object | None, fault: Fault | None
) -> None:
    assert compare(local, entry, found) is fault
