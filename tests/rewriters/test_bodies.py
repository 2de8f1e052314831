import pytest

from s3rewrite.rewriters import bodies
from s3rewrite.rewriters.bodies import KINDS
from tests.rewriters.support import scope

NONE = scope().targets


def kind_of(media_type, targets):
    kind = bodies.kind_of(media_type)
    return kind if kind and kind.is_asked_by(targets) else None


@pytest.mark.parametrize("media_type", [name for name, kind in KINDS.items() if not kind.row])
def test_by_default(media_type):
    assert kind_of(media_type, NONE) is KINDS[media_type]


@pytest.mark.parametrize("media_type", [name for name, kind in KINDS.items() if kind.row])
def test_where_asked(media_type):
    kind = KINDS[media_type]
    assert kind_of(media_type, NONE) is None
    assert kind_of(media_type, scope("stylesheet").targets) is None
    assert kind_of(media_type, scope(kind.row).targets) is kind


def test_json_by_its_suffix_or_a_key():
    assert kind_of("application/vnd.api+json", NONE) is None
    assert kind_of("application/vnd.api+json", scope("json").targets) is KINDS["application/json"]
    assert kind_of("application/json", scope("json[a]").targets) is KINDS["application/json"]


def test_turbo_streams_are_html_and_text_json_is_json():
    assert KINDS["text/vnd.turbo-stream.html"] is KINDS["text/html"]
    assert kind_of("text/json", scope("json").targets) is KINDS["application/json"]


@pytest.mark.parametrize("media_type", ["", "application/xhtml+xml", "text/plain", "image/svg+xml"])
def test_others(media_type):
    assert kind_of(media_type, scope("json", "css").targets) is None
