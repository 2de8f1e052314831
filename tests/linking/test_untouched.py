import pytest
from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

from s3rewrite.linking.response import skip_reason


def test_a_page_may_be_changed() -> None:
    assert skip_reason(HttpResponse("<p>")) == ""
    assert skip_reason(StreamingHttpResponse(["<p>"])) == ""


@pytest.mark.parametrize(
    ("response", "word"),
    [
        (HttpResponse(status=206), "206"),
        (HttpResponse(headers={"Content-Encoding": "gzip"}), "Content-Encoding"),
        (HttpResponse(headers={"X-Sendfile": "/a"}), "X-Sendfile"),
        (HttpResponse(headers={"Content-Disposition": "ATTACHMENT; filename=a"}), "attachment"),
        (HttpResponse(headers={"Cache-Control": "public, No-Transform"}), "no-transform"),
    ],
)
def test_why_it_may_not(response: HttpResponseBase, word: str) -> None:
    assert word in skip_reason(response)
