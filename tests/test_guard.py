import asyncio

import pytest
from django.test import RequestFactory

from s3rewrite.guard import guarded


def test_an_error_is_logged_with_the_path(caplog: pytest.LogCaptureFixture) -> None:
    with guarded(RequestFactory().get("/a%0Ab/")):
        raise RuntimeError("a mistake of ours")
    (record,) = caplog.records
    assert record.name == "s3rewrite"
    assert record.levelname == "ERROR"
    assert repr("/a\nb/") in record.getMessage()


def test_nothing_is_said_of_what_went_well(caplog: pytest.LogCaptureFixture) -> None:
    with guarded(None):
        pass
    assert not caplog.records


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, asyncio.CancelledError])
def test_what_ends_a_request_from_outside_goes_through(error: type[BaseException]) -> None:
    with pytest.raises(error), guarded(None):
        raise error
