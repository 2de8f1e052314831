"""What the package says that is translatable, and the catalogues of its translations."""

import io
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

from s3rewrite import __version__

DEVELOPERS = "the s3rewrite developers"
PACKAGE = Path(__file__).resolve().parents[2] / "s3rewrite"
PO = sorted(PACKAGE.glob("locale/*/LC_MESSAGES/django.po"))

_KEYWORDS = {
    "_": None, "gettext": None, "gettext_lazy": None, "gettext_noop": None, "ngettext": (1, 2),
}  # fmt: skip

Message = str | tuple[str, ...]
"""A msgid, or one with its plural."""


def messages() -> Iterator[tuple[str, Message]]:
    """Each message, with the file that has it."""
    for path in sorted([*PACKAGE.rglob("*.py"), *PACKAGE.rglob("*.html")]):
        text = path.read_text()
        if path.suffix == ".html":
            text = templatize(text)
        for _, found, _, _ in extract("python", io.BytesIO(text.encode()), _KEYWORDS):
            yield path.relative_to(PACKAGE).as_posix(), found


def read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file, locale=path.parts[-3], domain="django")


def renewed(catalog: Catalog) -> Catalog:
    """The same translations, for the messages that there are now; new ones have none."""
    known = {message.id: message for message in catalog}
    new = Catalog(
        locale=catalog.locale, fuzzy=False, charset="utf-8", header_comment="", project="s3rewrite",
        version=__version__, msgid_bugs_address="CONTRIBUTING.md",
        last_translator=DEVELOPERS, language_team=DEVELOPERS,
        revision_date=catalog.revision_date, creation_date=catalog.creation_date,
    )  # fmt: skip
    for file, found in messages():
        string = known[found].string if found in known else ""
        new.add(found, string, locations=[(file, None)])
    return new


def as_po(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, catalog, width=100, sort_output=True, include_lineno=False)
    return out.getvalue()


def compiled(path: Path) -> Catalog:
    """The catalogue as Django reads it, beside a django.po."""
    with path.with_suffix(".mo").open("rb") as file:
        return read_mo(file)


def as_mo(catalog: Catalog) -> bytes:
    out = io.BytesIO()
    write_mo(out, catalog)
    return out.getvalue()
