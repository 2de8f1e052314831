"""Which responses are left as they are, and why."""

from django.http.response import HttpResponseBase

# Not a whole body, or one whose bytes another server will send.
_STATUS = frozenset({204, 205, 206, 304})
_HEADERS = ("Content-Encoding", "X-Accel-Redirect", "X-Sendfile", "Content-Range")


def why_untouched(response: HttpResponseBase) -> str:
    """Why a response's URLs may not be changed; "" where they may.

    Left as it is: a part, one that is encoded, that another server sends, that is a file for
    the user to keep, that says `no-transform` (RFC 9111 5.2.2.6), or `response.s3rewrite = False`.
    """
    if response.status_code in _STATUS:
        return f"its status is {response.status_code}"
    if getattr(response, "s3rewrite", True) is False:
        return "response.s3rewrite is False"
    for header in _HEADERS:
        if response.has_header(header):
            return f"it has the header {header}"
    if response.get("Content-Disposition", "").lower().startswith("attachment"):
        return "it is an attachment"
    if "no-transform" in response.get("Cache-Control", "").lower():
        return "Cache-Control says no-transform"
    return ""
