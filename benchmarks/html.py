"""How long it takes to link the files in a page of HTML, beside other tools doing the same job.

python benchmarks/html.py [--rounds N]
"""

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

# Run as a script, this file would stand in the place of the standard library's `html`.
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from s3rewrite.rewriters import html, rewrite  # noqa: E402
from s3rewrite.rewriters.types import Link, Scope, Target  # noqa: E402

PREFIX = "/media/"
PUBLIC = "https://cdn.example.com/m/"
HOSTS = ("https://www.example.com", "http://www.example.com", "//www.example.com")
SCOPE = Scope(
    (Target((PREFIX.encode(), *(f"{host}{PREFIX}".encode() for host in HOSTS))),),
    tuple(host.encode() for host in HOSTS),
)

URL_ATTRIBUTES = (("img", "src"), ("a", "href"), ("video", "src"), ("source", "src"))

NEVER_KEPT = 6000
"""Links that come by before the first comes again: more than a cache remembers."""

SyncContext = Callable[[], object]


class Page(NamedTuple):
    """A generated page: how large it is, and how many links it has to files."""

    text: str
    hits: int

    @property
    def title(self) -> str:
        return f"{len(self.text) / 1000:,.0f} KB, {self.text.count('<'):,} tags, {self.hits} hits"


def page(cards: int, hits: int) -> Page:
    """A page of many short elements, as shops and lists have them; 17 tags a card or so."""
    linked = {number * cards // hits for number in range(hits)} if hits else set()
    parts = [
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><title>Things</title>"
        '<style>.card > p { margin: 0 }</style><script>if (1 < 2) { run("<b>") }</script></head>'
        "<body><main><!-- the list -->\n"
    ]
    parts += [_card(number, linked=number in linked) for number in range(cards)]
    parts.append("</main><script>for (i = 0; i < 9; i++) go(i)</script></body></html>\n")
    return Page("".join(parts), len(linked))


def _card(number: int, *, linked: bool) -> str:
    source = f"{PREFIX}photos/2024/{number:05}.jpg" if linked else f"/other/{number:05}.jpg"
    return (
        f'<article class="card" id="c{number}"><a href="/things/{number}/">'
        f'<img class="thumb" src="{source}" alt="Thing {number}" width="64" height="64"></a>'
        f"<h3>Thing <b>{number}</b></h3><p class=price>{number % 90}.50 &euro;</p>"
        f"<ul><li>new<li>in <i>stock</i></ul><br></article>\n"
    )


def ours(text: str) -> SyncContext:
    body = text.encode()
    link = Link(len(PREFIX), PUBLIC.encode())

    def resolve(urls: Sequence[bytes]) -> Sequence[Link | None]:
        return [link] * len(urls)

    return lambda: rewrite(body, SCOPE, html.collect, resolve)


def ours_anew(text: str) -> SyncContext:
    """The same tags between other text each time, as where a page names the time or the visitor."""
    turns = 1 + NEVER_KEPT // (text.count(PREFIX) or NEVER_KEPT)
    jobs = cycle([ours(text.replace("<b>", f"<b>{number} ")) for number in range(turns)])

    def run() -> object:
        return next(jobs)()

    return run


def count(text: str) -> SyncContext:
    body = text.encode()
    return lambda: body.count(PREFIX.encode())


def beautiful_soup(text: str) -> SyncContext:
    from bs4 import BeautifulSoup

    def run() -> str:
        soup = BeautifulSoup(text, "html.parser")
        for name, attribute in URL_ATTRIBUTES:
            for element in soup.find_all(name, attrs={attribute: True}):
                element[attribute] = linked(str(element[attribute]))
        return str(soup)

    return run


def lxml(text: str) -> SyncContext:
    from lxml import html as parser  # type: ignore[import-untyped]

    def run() -> bytes:
        root = parser.document_fromstring(text)
        for element, attribute, url, _ in root.iterlinks():
            if attribute and url.startswith(PREFIX):
                element.set(attribute, linked(url))
        return bytes(parser.tostring(root, encoding="utf-8"))

    return run


def turbohtml(text: str) -> SyncContext:
    from turbohtml.rewrite import rewrite as rewrite_elements

    def handler(attribute: str) -> Callable[[object], None]:
        return lambda element: element.set_attribute(  # type: ignore[attr-defined]
            attribute,
            linked(dict(element.attrs)[attribute]),  # type: ignore[attr-defined]
        )

    elements = [
        (f'{name}[{attribute}^="{PREFIX}"]', handler(attribute))
        for name, attribute in URL_ATTRIBUTES
    ]
    return lambda: rewrite_elements(text, elements=elements)


def linked(url: str) -> str:
    return PUBLIC + url[len(PREFIX) :] if url.startswith(PREFIX) else url


JOBS = {
    "s3rewrite": ours,
    "other text": ours_anew,
    "bytes.count": count,
    "turbohtml": turbohtml,
    "lxml": lxml,
    "BeautifulSoup": beautiful_soup,
}
PAGES = (
    page(35, 0), page(35, 10), page(480, 0), page(480, 100), page(3500, 0), page(3500, 1000),
)  # fmt: skip


def measure(jobs: dict[str, SyncContext], rounds: int) -> dict[str, list[float]]:
    """Seconds of each round, the jobs in turn; quick ones are repeated within a round."""
    repeats = {name: max(1, int(0.02 / _seconds(job))) for name, job in jobs.items()}
    times: dict[str, list[float]] = {name: [] for name in jobs}
    for _ in range(rounds):
        for name, job in jobs.items():
            times[name].append(_seconds(job, repeats[name]))
    return times


def _seconds(job: SyncContext, repeats: int = 1) -> float:
    start = time.perf_counter()
    for _ in range(repeats):
        job()
    return (time.perf_counter() - start) / repeats


def report(subject: Page, rounds: int) -> None:
    jobs = {name: make(subject.text) for name, make in JOBS.items()}
    if subject.hits:
        del jobs["bytes.count"]
    print_table(subject.title, jobs, rounds)


def print_table(title: str, jobs: dict[str, SyncContext], rounds: int) -> None:
    """Measure the jobs, and print how long each takes beside ours."""
    times = measure(jobs, rounds)
    own = min(times["s3rewrite"])
    print(f"\n{title}\n{'':15}{'best ms':>10}{'median ms':>11}{'x ours':>9}")
    for name, seconds in times.items():
        best, median = min(seconds) * 1e3, statistics.median(seconds) * 1e3
        print(f"{name:15}{best:10.3f}{median:11.3f}{min(seconds) / own:9.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    rounds = parser.parse_args().rounds
    for subject in PAGES:
        report(subject, rounds)


if __name__ == "__main__":
    main()
