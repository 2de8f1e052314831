"""The texts of a body that may hold URLs, each with the place where it stands."""

from typing import NamedTuple

from s3rewrite.rewriters.syntax.attributes import Tag
from s3rewrite.rewriters.syntax.decoded_text import Text
from s3rewrite.rewriters.table.lookup import LONGEST_NAME
from s3rewrite.rewriters.table.rows import Row


class Passage(NamedTuple):
    """A text, the tag that it belongs to, its attribute, and the rows of the table for it.

    The attribute is b"" for an element's own text.
    """

    tag: Tag
    attribute: bytes
    rows: tuple[Row, ...]
    text: Text

    @property
    def place(self) -> str:
        """As the table writes it: `img[src]`, `style{}`."""
        element = self.tag.name[:LONGEST_NAME].decode("utf-8", "replace")
        attribute = self.attribute[:LONGEST_NAME].decode("utf-8", "replace")
        return f"{element}[{attribute}]" if attribute else f"{element}{{}}"
