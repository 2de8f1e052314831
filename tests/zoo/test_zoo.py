"""Each resident: a picture is uploaded, a pass is made, and its page links it from then on."""

import json
import os
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from urllib.error import HTTPError

import pytest

from tests.zoo.conftest import Site, picture, read
from tests.zoo.residents import RESIDENTS, Resident

each = pytest.mark.parametrize("resident", RESIDENTS, indirect=True, ids=lambda r: r.package)


def one(module: str) -> pytest.MarkDecorator:
    """The resident of that project alone."""
    chosen = [resident for resident in RESIDENTS if resident.module == module]
    return pytest.mark.parametrize("resident", chosen, indirect=True, ids=lambda r: r.package)


@each
def test_what_its_page_shows_comes_from_s3(resident: Resident, site: Site) -> None:
    site.post(resident.upload, **{resident.field: picture()})
    before = site.get(resident.page)
    assert site.links(before) == []
    assert site.local(before)
    site.sync()
    site.get(resident.page)  # some make files when their page is shown
    site.sync()
    page = site.get(resident.page)
    links = site.links(page)
    for link in links:
        file = site.name(link)
        # References in a style sheet lead to S3, too: its bytes are others.
        assert read(link) == file.read_bytes() or file.suffix in (".css", ".js")
    local = site.local(page)
    assert [url for url in local if not re.fullmatch(resident.local or "-", url)] == []
    assert len(links) >= resident.links, page
    if folder := os.environ.get("ZOO_ROWS"):
        row = {"version": site.version, "links": len(links), "local": len(local)}
        (Path(folder) / f"{resident.module}.json").write_text(json.dumps(row))


def is_there(url: str) -> bool:
    try:
        read(url)
    except HTTPError as error:
        if error.code not in (403, 404):
            raise
        return False
    return True


@one("cleanup")
def test_a_picture_that_is_replaced_goes_from_pages_and_from_s3(site: Site) -> None:
    site.post("/upload/", image=picture("teal", "old.png"))
    site.sync()
    (old,) = site.links(site.get("/"))
    site.post("/replace/", image=picture("red", "new.png"))
    page = site.get("/")
    assert site.links(page) == []
    assert site.local(page) == ["/media/pictures/new.png"]
    assert not site.name(old).exists()
    site.sync()
    (new,) = site.links(site.get("/"))
    assert read(new) == site.name(new).read_bytes()
    deadline = time.monotonic() + 60
    while is_there(old):
        assert time.monotonic() < deadline
        site.sync()


@one("ckeditor")
def test_what_an_editor_saves_has_the_local_url(site: Site) -> None:
    """The text outlives the bucket: S3 is in pages, not in the database."""
    for name in ("a.png", "b.png"):
        site.post("/write/", upload=picture(name=name))
        site.sync()
    assert len([link for link in site.links(site.get("/")) if link.endswith(".png")]) == 2
    with closing(sqlite3.connect(site.directory / "db.sqlite3")) as database:
        texts = [text for (text,) in database.execute("SELECT text FROM shelf_text")]
    assert texts == ['<p><img src="/media/a.png"></p>', '<p><img src="/media/b.png"></p>']


@one("whitenoise")
def test_compressed_siblings_stay_at_home(site: Site) -> None:
    site.sync()
    assert [path for path in (site.directory / "static").iterdir() if path.suffix == ".gz"]
    (link, *_) = [url for url in site.links(site.get("/")) if url.endswith(".css")]
    assert is_there(link)
    assert not is_there(f"{link}.gz")
