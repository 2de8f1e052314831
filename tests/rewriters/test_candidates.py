import pytest

from s3rewrite.rewriters.candidates import Passage, collect_text
from s3rewrite.rewriters.page import Page
from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.rows import Mark, Row, Rule
from tests.rewriters.support import scope


def found(value, rule, mark=Mark.YES):
    rows = (Row("x", mark, "", rule), Row("y", Mark.YES, ""))
    page = Page(b"", scope())
    passage = Passage(Tag(b"", b"", 0, 0), b"", rows, Text(value, 0))
    return [candidate.url for candidate in collect_text(page, passage)]


@pytest.mark.parametrize(
    ("value", "rule", "urls"),
    [
        (b" /media/a", Rule.URL, [b"/media/a"]),
        (b"/media/a 1x, /b, /media/c", Rule.SRCSET, [b"/media/a", b"/media/c"]),
        (b"a: url(/media/a); mask: url(/media/b)", Rule.CSS, [b"/media/a"]),
    ],
)
def test_each_rule(value, rule, urls):
    assert found(value, rule) == urls


@pytest.mark.parametrize("mark", [Mark.NEVER, Mark.ASKED])
def test_every_row_must_allow_it(mark):
    assert found(b"/media/a", Rule.URL, mark) == []
