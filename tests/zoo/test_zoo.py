"""Each resident: a picture is uploaded, a pass is made, and its page links it from then on."""

import json
import os
import re
from pathlib import Path

import pytest

from tests.zoo.conftest import Site, picture, read
from tests.zoo.residents import RESIDENTS, Resident

TABLE = Path(__file__).resolve().parents[2] / "docs/zoo.md"

each = pytest.mark.parametrize("resident", RESIDENTS, indirect=True, ids=lambda r: r.package)


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
        row = [resident.package, site.version, resident.tried, len(links), len(local)]
        (Path(folder) / f"{resident.module}.json").write_text(json.dumps([*row, resident.note]))
