"""How long it takes to link the files in CSS, JSON and feeds, beside parsing and writing them anew.

python -m benchmarks.bodies [--rounds N]
"""

import argparse
import json
from collections.abc import Sequence
from typing import Any

from benchmarks.html import PREFIX, PUBLIC, SCOPE, SyncContext, linked, print_table
from s3rewrite.rewriters import css, feeds, rewrite
from s3rewrite.rewriters import json as json_bodies
from s3rewrite.rewriters.types import Collect, Link, Scope

COUNT = 500


def _source(number: int) -> str:
    return f"{PREFIX if number % 5 == 0 else '/other/'}photos/2024/{number:05}.jpg"


CSS = "".join(
    f".card-{n} > .thumb:hover {{ margin: 0 {n}px; background: #fff url({_source(n)}) no-repeat;\n"
    f"  font: 12px/1.5 'Some Font', serif; /* card {n} */ width: calc(100% - {n}px) }}\n"
    for n in range(COUNT)
)
API = json.dumps(
    [
        {"id": n, "title": f"Thing {n} — “good”", "price": n / 7, "photo": {"url": _source(n)},
         "tags": ["new", "in stock"], "text": 'It is "here".\n' * 5, "none": None}
        for n in range(COUNT)
    ]
)  # fmt: skip
RSS = (
    '<?xml version="1.0"?><rss version="2.0"><channel><title>Things</title>'
    + "".join(
        f"<item><title>Thing {n}</title><link>https://www.example.com/{n}/</link>"
        f"<guid>https://www.example.com/{n}/</guid><description>{'Text &amp; more. ' * 12}"
        f'</description><enclosure url="{_source(n)}" length="1" type="image/jpeg"/></item>\n'
        for n in range(COUNT)
    )
    + "</channel></rss>"
)


def ours(text: str, collect: Collect) -> SyncContext:
    body = text.encode()
    link = Link(len(PREFIX), PUBLIC.encode())
    targets = tuple(t._replace(contexts=frozenset({"css", "json"})) for t in SCOPE.targets)
    scope = Scope(targets, SCOPE.origins)

    def resolve(urls: Sequence[bytes]) -> Sequence[Link | None]:
        return [link] * len(urls)

    return lambda: rewrite(body, scope, collect, resolve)


def parsed_json(text: str) -> SyncContext:
    def change(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: change(item) for key, item in value.items()}
        if isinstance(value, list):
            return [change(item) for item in value]
        return linked(value) if isinstance(value, str) else value

    body = text.encode()
    return lambda: json.dumps(change(json.loads(body))).encode()


def parsed_xml(text: str) -> SyncContext:
    from xml.etree import ElementTree as ET

    body = text.encode()

    def run() -> bytes:
        root = ET.fromstring(body)
        for element in root.iter("enclosure"):
            element.set("url", linked(element.get("url", "")))
        return bytes(ET.tostring(root))

    return run


def parsed_css(text: str) -> SyncContext:
    import tinycss2  # type: ignore[import-untyped]

    body = text.encode()

    def change(tokens: Any) -> None:
        for token in tokens:
            if token.type == "url":
                token.value = linked(token.value)
                token.representation = f"url({token.value})"
            for content in ("content", "arguments", "prelude"):
                change(getattr(token, content, None) or ())

    def run() -> bytes:
        rules, _ = tinycss2.parse_stylesheet_bytes(body)
        change(rules)
        return str(tinycss2.serialize(rules)).encode()

    return run


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for name, text, collect, rival, make in (
        ("CSS", CSS, css.collect, "tinycss2", parsed_css),
        ("JSON", API, json_bodies.collect, "json", parsed_json),
        ("RSS", RSS, feeds.collect, "ElementTree", parsed_xml),
    ):
        title = f"{name}, {len(text) / 1000:,.0f} KB, {text.count(PREFIX)} hits"
        print_table(title, {"s3rewrite": ours(text, collect), rival: make(text)}, rounds)


if __name__ == "__main__":
    main()
