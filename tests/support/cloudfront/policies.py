"""What a policy allows: which URLs, from when, until when, and to which addresses."""

import json
import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any, NamedTuple

NAMES = {
    "Statement": {"Resource", "Condition"},
    "Condition": {"DateLessThan", "DateGreaterThan", "IpAddress"},
}


class PolicyError(ValueError):
    """A text is no policy."""


class Target(NamedTuple):
    """What a request asks for, as it was sent, without the parameters of a signature."""

    scheme: str
    host: str
    path: str
    query: str | None

    @property
    def url(self) -> str:
        """The base URL: without a question mark where there is no query (canned-url)."""
        base = f"{self.scheme}://{self.host}{self.path}"
        return base if self.query is None else f"{base}?{self.query}"


class Policy(NamedTuple):
    """A policy's only statement. Times are Unix times in seconds."""

    resource: str | None
    end: int
    start: int | None
    addresses: IPv4Network | None

    def is_open(self, now: float, address: str) -> bool:
        """Whether it holds now for a client's address.

        Access ends when DateLessThan is reached. It begins after DateGreaterThan: "not allowed to
        access the file on or before" that time (custom-url).
        """
        if now >= self.end or (self.start is not None and now <= self.start):
            return False
        return self.addresses is None or _is_in(address, self.addresses)


def canned_policy(target: Target, expires: str) -> bytes:
    """The text that CloudFront makes itself where a request brings no policy (canned-url)."""
    if not re.fullmatch(r"[1-9]\d{0,11}", expires):
        raise PolicyError(f"no Unix time: {expires!r}")
    condition = {"DateLessThan": {"AWS:EpochTime": int(expires)}}
    statement = {"Resource": target.url, "Condition": condition}
    return json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()


def parse_policy(text: bytes) -> Policy:
    """A policy by its JSON. Raises PolicyError.

    One statement; each name exactly as it is published, and no other; times are whole numbers
    without quotation marks; DateLessThan is required; one range of IPv4 addresses in CIDR notation;
    Resource is one string, or left out, which allows everything (custom-url, custom-cookie).
    A name that is there twice: not published.
    """
    try:
        document = json.loads(text.decode(), object_pairs_hook=_object)
        (statement,) = _members(document, {"Statement"})["Statement"]
        condition = _members(statement, NAMES["Statement"])["Condition"]
        _members(condition, NAMES["Condition"])
        start = _time(condition["DateGreaterThan"]) if "DateGreaterThan" in condition else None
        addresses = _network(condition["IpAddress"]) if "IpAddress" in condition else None
        return Policy(_resource(statement), _time(condition["DateLessThan"]), start, addresses)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise PolicyError(repr(error)) from error


def allows(resource: str, target: Target, *, in_cookie: bool) -> bool:
    """Whether a policy's Resource is about a target (custom-url, "Wildcard characters").

    A Resource has four sections: protocol, domain, path, query. `*` is any text and `?` is one
    character, within the section where it stands. A `*` at the end of the path is about any query
    too, one at the end of the domain about any path and query. `*` alone is about everything. A
    Resource may begin with a `*` of the domain in place of a protocol. In a cookie a protocol is
    required: http:// or https:// (custom-cookie).

    A question mark also begins the query, and is not escaped. Which of the two it is, is not
    published: both readings count.
    """
    if resource == "*":
        return not in_cookie
    protocol, separator, rest = resource.partition("://")
    if not separator:
        protocol, rest = ("*", resource) if resource.startswith("*") else ("", "")
    if protocol not in (("http", "https") if in_cookie else ("http", "https", "*")):
        return False
    domain, slash, tail = rest.partition("/")
    if not (_matches(protocol, target.scheme) and _matches(domain, target.host)):
        return False
    if not slash and domain.endswith("*"):
        return True
    return any(_is_about(path, query, target) for path, query in _readings(f"/{tail}"))


def _readings(tail: str) -> Iterator[tuple[str, str | None]]:
    """Path and query of a Resource."""
    yield tail, None
    if "?" in tail:
        path, _, query = tail.partition("?")
        yield path.removesuffix("\\"), query


def _is_about(path: str, query: str | None, target: Target) -> bool:
    if query is None:
        query = "*" if path.endswith("*") else ""
    return _matches(path, target.path) and _matches(query, target.query or "")


def _matches(pattern: str, text: str) -> bool:
    """As sent, byte for byte: upper and lower case differ, escapes are not resolved."""
    parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise PolicyError("a name twice")
    return found


def _members(value: Any, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict) or not value.keys() <= names:
        raise PolicyError(f"not an object of {sorted(names)}")
    return value


def _resource(statement: dict[str, Any]) -> str | None:
    found = statement.get("Resource")
    if not isinstance(found, str | None) or found == "":
        raise PolicyError("Resource is not one text")
    if found is None and "Resource" in statement:
        raise PolicyError("Resource is null")
    return found


def _time(value: Any) -> int:
    found = _members(value, {"AWS:EpochTime"})["AWS:EpochTime"]
    if type(found) is not int:
        raise PolicyError("a time is a whole number")
    return found


def _network(value: Any) -> IPv4Network:
    found = _members(value, {"AWS:SourceIp"})["AWS:SourceIp"]
    if not isinstance(found, str) or "/" not in found:
        raise PolicyError("an address is in CIDR notation")
    return IPv4Network(found, strict=False)


def _is_in(address: str, network: IPv4Network) -> bool:
    try:
        return IPv4Address(address) in network
    except AddressValueError:  # IPv6 is not supported (custom-url)
        return False
