"""The catalogues have a translation of everything, and what is installed is compiled from them."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.test import Client

from tests.locale.catalogs import PO, compiled, messages, read

ids = pytest.mark.parametrize("path", PO, ids=lambda path: path.parts[-3])

_FORMAT = re.compile(r"%(?:\(\w+\))?[.\d]*[a-z]|<[^>]+>")


def texts(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


def test_there_is_a_translation() -> None:
    assert [path.parts[-3] for path in PO] == ["de"]


@ids
def test_it_has_every_message_and_no_other(path: Path) -> None:
    """`make messages` brings it in step."""
    assert {message.id for message in read(path) if message.id} == {
        found for _, found in messages()
    }


@ids
def test_everything_is_translated_with_the_same_values(path: Path) -> None:
    for message in read(path):
        if message.id:
            assert all(texts(message.string)), message.id
            assert not message.fuzzy
            for own, other in zip(texts(message.id), texts(message.string), strict=True):
                assert sorted(_FORMAT.findall(own)) == sorted(_FORMAT.findall(other))


@ids
def test_what_is_installed_is_compiled_from_it(path: Path) -> None:
    """`make messages` compiles it."""
    installed, written = (
        sorted((texts(message.id), texts(message.string)) for message in catalog if message.id)
        for catalog in (compiled(path), read(path))
    )
    assert installed == written


def test_short_words_mean_what_they_mean_in_django(settings: Any) -> None:
    """Catalogues of all apps are one: a word of ours would also be Django's."""
    import django

    path = Path(django.__file__).parent
    theirs = {
        message.id: message.string
        for app in ("contrib/admin", "contrib/auth", "conf")
        for message in read(path / app / "locale/de/LC_MESSAGES/django.po")
        if message.string
    }
    for message in read(PO[0]):
        if message.id in theirs and message.id:
            assert message.string == theirs[message.id]


@pytest.fixture
def german(settings: Any) -> None:
    settings.LANGUAGE_CODE = "de"


@pytest.mark.django_db
@pytest.mark.usefixtures("german")
def test_the_admin_s_page(settings: Any) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "uploads"}}
    client = Client()
    client.force_login(User.objects.create_superuser("boss"))
    found = client.get("/admin/s3rewrite/mountstatus/").content.decode()
    assert "Wo ist diese Datei, und warum?" in found
    assert "Redis antwortet nicht" in found
    assert "Dateien auf S3" in client.get("/admin/").content.decode()


@pytest.mark.usefixtures("german")
def test_what_scripts_read_stays_english(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.S3REWRITE = {"media": {"BUCKET": "uploads"}}
    with pytest.raises(SystemExit):
        call_command("s3rewrite_status")
    assert "Redis does not answer" in capsys.readouterr().out
