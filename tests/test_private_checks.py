"""Checks of private mounts."""

from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.checks.private import SHORTEST
from tests.linking.test_access import COOKIES, RULE
from tests.signing.test_cloudfront import pem
from tests.test_checks import check_ids, found, messages, only, site

__all__ = ["site"]

PUBLIC_URL = "https://papers.example.com/p/"
PRIVATE = {"ACCESS": "private", "PUBLIC_URL": PUBLIC_URL}
URLS = {"BACKEND": "s3rewrite.signing.urls", "KEY_ID": "K1"}
KEY = pem(ec.generate_private_key(ec.SECP256R1()))


@pytest.fixture(autouse=True)
def no_cache_for_pages(settings: Any, site: None) -> None:
    cache = "django.middleware.cache.UpdateCacheMiddleware"
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != cache]


@pytest.mark.parametrize(
    "options", [{}, RULE, {"SIGNING": COOKIES}, {"SIGNING": {**URLS, "KEY": KEY}}, {"WINDOW": 60}]
)
def test_a_private_mount(options: Any) -> None:
    assert check_ids(**PRIVATE, **options) == []


def test_an_access_that_is_none() -> None:
    message, hint = only(messages(ACCESS="privat"), "E037")
    assert 'S3REWRITE["media"]["ACCESS"] is \'privat\'' in message
    assert hint == 'Did you mean "private"?'


def test_a_signing_of_a_public_mount() -> None:
    message, hint = only(messages(SIGNING={"KEY_ID": "x", "KEY": "very-secret"}), "E037")
    assert '["SIGNING"] is set' in message
    assert "very-secret" not in message + hint


@pytest.mark.parametrize("url", ["/s3/", "//papers.example.com/p/"])
def test_a_public_url_that_cannot_be_signed(url: str) -> None:
    assert "E038" in check_ids(ACCESS="private", PUBLIC_URL=url)


@pytest.mark.parametrize(
    ("signing", "why"),
    [
        ({"BACKEND": "s3rewrite.signing.nothing"}, "ImportError"),
        ({"BACKEND": 7}, "AttributeError"),
        ({"KEYS": "very-secret"}, "TypeError"),
        (URLS, "there is no key"),
        ({**URLS, "KEY": "very-secret"}, "no private key"),
        ({"KEY_ID": "id"}, "KEY_ID and KEY belong together"),
        ({"KEY": "very-secret"}, "KEY_ID and KEY belong together"),
        ({**COOKIES, "SAME_SITE": "Laxe"}, "SAME_SITE is 'Laxe'"),
        ({**COOKIES, "DOMAIN": "other.com"}, "no parent domain of papers.example.com"),
    ],
)
def test_a_signing_that_signs_nothing(signing: Any, why: str) -> None:
    message, hint = only(messages(**PRIVATE, SIGNING=signing), "E038")
    assert why in message
    assert "very-secret" not in message + hint


@pytest.mark.parametrize(
    ("signing", "window", "is_fine"),
    [
        ({}, SHORTEST, True),
        ({}, SHORTEST - 1, False),
        ({}, 302_400, True),
        ({}, 302_401, False),
        ({**URLS, "KEY": KEY}, 302_401, True),
        ({**URLS, "KEY": KEY}, 0, False),
    ],
)
def test_a_window(signing: Any, window: int, is_fine: bool) -> None:
    assert check_ids(**PRIVATE, SIGNING=signing, WINDOW=window) == ([] if is_fine else ["E039"])


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("shop.access.may_see", "cannot be imported"),
        ("tests.linking.test_access.asked", "is no function"),
        ("..", "cannot be imported"),
    ],
)
def test_a_rule_that_is_not_there(rule: str, why: str) -> None:
    message, _ = only(messages(**PRIVATE, ALLOW=rule), "E040")
    assert why in message


def test_a_rule_of_a_public_mount() -> None:
    assert check_ids(ALLOW="tests.linking.test_access.rule") == ["E032"]


def test_rules_and_words_together() -> None:
    assert check_ids(**PRIVATE, ALLOW=["hidden", "tests.linking.test_access.rule"]) == []
    assert check_ids(**PRIVATE, ALLOW="hidden,tests.linking.test_access.rule") == []


@pytest.mark.parametrize(
    "parameters", [{"ACL": "public-read"}, {"*.pdf": {"ACL": "public-read-write"}}]
)
def test_an_acl_for_everybody(parameters: Any) -> None:
    assert check_ids(**PRIVATE, OBJECT_PARAMETERS=parameters) == ["E041"]
    assert check_ids(OBJECT_PARAMETERS=parameters) == []


def test_pages_in_django_s_cache(settings: Any) -> None:
    settings.MIDDLEWARE += ["django.middleware.cache.UpdateCacheMiddleware"]
    message, hint = only(messages(**PRIVATE), "W019")
    assert 'mount "media"' in message
    assert "s3rewrite_private" in hint
    assert check_ids() == []


def with_papers(settings: Any, folder: Path, media: Any, **papers: Any) -> list[str]:
    """The errors of a public mount, "media", beside a private one whose files are in a folder."""
    backend = "django.core.files.storage.FileSystemStorage"
    options = {"location": str(folder), "base_url": "/papers/"}
    settings.STORAGES = {**settings.STORAGES, "papers": {"BACKEND": backend, "OPTIONS": options}}
    private = {"BUCKET": "papers", "STORAGE": "papers", **PRIVATE, **papers}
    mounts = {"media": {"BUCKET": "uploads", **media}, "papers": private}
    with override_settings(S3REWRITE=mounts):
        errors = [str(message.id) for message in found() if message.is_serious()]
    return [error.removeprefix("s3rewrite.") for error in errors]


@pytest.mark.parametrize(
    ("folder", "exclude", "is_fine"),
    [
        ("papers", [], True),
        ("media2", [], True),
        ("media", [], False),
        ("media/papers", [], False),
        ("media/x/../papers/2026", [], False),
        ("media/papers", ["papers/*"], True),
        ("media/papers", ["papers/*.pdf"], False),
        ("link", [], False),
    ],
)
def test_private_files_that_a_public_mount_has_too(
    settings: Any, tmp_path: Path, folder: str, exclude: list[str], is_fine: bool
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "media")
    found = with_papers(settings, tmp_path / folder, {"EXCLUDE": exclude})
    assert found == ([] if is_fine else ["E042"])


def test_one_storage_of_a_public_and_a_private_mount(settings: Any, tmp_path: Path) -> None:
    assert "E042" in with_papers(settings, tmp_path / "papers", {"STORAGE": "papers"})


@pytest.mark.parametrize(
    ("url", "signing", "is_fine"),
    [
        ("https://papers.example.com/p/media/", COOKIES, False),
        ("https://papers.example.com/p2/", COOKIES, True),
        ("https://papers.example.com/p/media/", {}, True),
    ],
)
def test_a_cookie_that_opens_another_mount(
    settings: Any, tmp_path: Path, url: str, signing: Any, is_fine: bool
) -> None:
    media = {"ACCESS": "private", "PUBLIC_URL": url}
    found = with_papers(settings, tmp_path / "papers", media, SIGNING=signing)
    assert found == ([] if is_fine else ["E043"])


@pytest.mark.parametrize(
    ("url", "is_fine"), [("http://cdn.example.com/p/", False), ("http://127.0.0.1:8333/p/", True)]
)
def test_links_that_others_can_read(url: str, is_fine: bool) -> None:
    assert check_ids(ACCESS="private", PUBLIC_URL=url) == ([] if is_fine else ["W020"])


@given(
    st.fixed_dictionaries(
        {"ACCESS": st.sampled_from(["private", "public", ""])},
        optional={
            "SIGNING": st.dictionaries(
                st.sampled_from(["BACKEND", "KEY_ID", "KEY", "KEY_FILE", "DOMAIN", "HASH"]),
                st.one_of(st.text(max_size=5), st.integers(), st.just("s3rewrite.signing.urls")),
            ),
            "WINDOW": st.integers(),
            "ALLOW": st.one_of(st.text(max_size=8), st.lists(st.text(max_size=8))),
            "PUBLIC_URL": st.text(max_size=20),
        },
    )
)
def test_no_mistake_raises(options: Any) -> None:
    with override_settings(S3REWRITE={"media": {"BUCKET": "uploads", **options}}):
        found()
