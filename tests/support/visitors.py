"""A visitor who asks for exactly what is written: nothing is normalized or followed."""

from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPMessage
from typing import NamedTuple
from xml.etree import ElementTree as ET


class Answer(NamedTuple):
    status: int
    body: bytes
    headers: HTTPMessage

    @property
    def code(self) -> str:
        """The code of an error in XML; "" for none."""
        text = self.body if self.headers.get_content_type().endswith("/xml") else b"<Error/>"
        return ET.fromstring(text or b"<Error/>").findtext("Code", "")


def ask(
    url: str,
    method: str = "GET",
    headers: Mapping[str, str] | None = None,
    *,
    cookies: Mapping[str, str] | None = None,
    source: str = "127.0.0.1",
) -> Answer:
    """What a server answers at a URL of HTTP. `source` is the visitor's address."""
    authority, slash, path = url.removeprefix("http://").partition("/")
    sent = dict(headers or {})
    if cookies:
        sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
    with closing(HTTPConnection(authority, timeout=30, source_address=(source, 0))) as connection:
        connection.putrequest(method, slash + path, skip_host="Host" in sent)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, answer.read(), answer.headers)
