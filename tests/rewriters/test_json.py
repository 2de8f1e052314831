from functools import partial

import pytest

from s3rewrite.rewriters import json, rewrite
from tests.rewriters.support import check, link_all, scope

LINKED = [
    '{"a": "→/media/a.jpg"}',
    '["→/media/a.jpg", "→https://example.com/media/b.jpg", " →/media/c.jpg "]',
    '{"a": {"b": [{"c": "→/media/a.jpg"}]}}',
    '{"a": "→/media/a.jpg?x=1\\u0026y=2#z"}',
    '"→/media/\\u00fc.jpg"',
]
LEFT = [
    '{"/media/a": 1}',
    '{"a": "see /media/a.jpg", "b": "https://example.org/media/b.jpg"}',
    '{"a": "<img src=/media/a.jpg>"}',
    '{"a": /media/a.jpg}',
    '{"a": "\\n/media/\\na.jpg"}',
]


@pytest.mark.parametrize("marked", LINKED)
def test_linked(marked):
    check(marked, "json", collect=json.collect)
    check(marked.replace("→", ""), "css", collect=json.collect)


@pytest.mark.parametrize("text", LEFT)
def test_left(text):
    check(text, "json", collect=json.collect)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rb'["\/media\/a.jpg"]', rb'["https:\/\/cdn.test\/m\/a.jpg"]'),
        (rb'["https:\/\/example.com\/media\/a\/b"]', rb'["https:\/\/cdn.test\/m\/a\/b"]'),
        (rb'["\u002fmedia/a.jpg"]', rb'["https://cdn.test/m/a.jpg"]'),
        (rb'["/media\u002Fa\u002Ejpg"]', rb'["https://cdn.test/m/a\u002Ejpg"]'),
    ],
)
def test_escapes(before, after):
    assert rewrite(before, scope("json"), json.collect, link_all) == after


def test_a_key_of_ones_own():
    linked = partial(check, collect=json.collect)
    linked('{"photo": "→/media/a", "other": "/media/b"}', "json[photo]")
    linked('{"photo": ["→/media/a"], "x": {"PHOTO": "→/media/b"}}', "json[Photo]")
    linked('{"photo": "→/media/a", "other": "→/media/b"}', "json[photo]", "json")


def test_json_feed():
    check(
        '{"feed_url": "/media/a", "icon": "→/media/b", "favicon": "→/media/c", "items": [{"id": '
        '"/media/d", "url": "/media/e", "image": "→/media/f", "banner_image": "→/media/g", '
        '"content_html": "<img src=\\"→/media/h\\"> /media/i", "content_text": "/media/j", '
        '"authors": [{"url": "/media/k", "avatar": "→/media/l"}], '
        '"attachments": [{"url": "→/media/m"}]}]}',
        collect=json.collect_feed,
    )


def test_html_in_a_json_feed_is_decoded_once():
    check(
        '{"content_html": "<a href=\\"\\u002fmedia/a\\">\\/media\\/b</a>'
        "<img src=\\'→/media/it&#39;s.jpg\\'>\"}".replace("\\u002fmedia/a", "/other/a"),
        collect=json.collect_feed,
    )


def test_manifest():
    marked = (
        '{"start_url": "/media/a", "scope": "/media/", "id": "/media/b", "icons": [{"src": '
        '"→/media/c", "type": "/media/d"}], "screenshots": [{"src": "→/media/e"}], '
        '"shortcuts": [{"url": "/media/f", "icons": [{"src": "→/media/g"}]}], "src": "/media/h"}'
    )
    check(marked, "manifest", collect=json.collect_manifest)
    check(marked.replace("→", ""), "json", collect=json.collect_manifest)


def test_ld_json_identities():
    collect = partial(json.collect, kind="ld+json")
    check(
        '{"@id": "/media/a", "url": "/media/b", "image": "→/media/c", "mainEntityOfPage": '
        '{"image": "/media/d"}, "logo": {"url": "/media/e", "contentUrl": "→/media/f"}}',
        collect=collect,
    )
