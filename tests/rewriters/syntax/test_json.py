import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.rewriters.syntax.json import MAX_DEPTH, KeyPath, Position, decoded, values, words

NEEDLES = (b"/media/",)


def found(text, *, with_keys=True):
    body = text if isinstance(text, bytes) else text.encode()
    position = Position(body, KeyPath() if with_keys else None)
    return [(value.keys, value.text.data) for value in values(position, NEEDLES)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"/media/a"', [((), b"/media/a")]),
        ('{"a": "/media/a", "b": "x"}', [((b"a",), b"/media/a")]),
        ('{"A": {"b": "/media/a"}, "c": "/media/b"}',
         [((b"a", b"b"), b"/media/a"), ((b"c",), b"/media/b")]),
        ('{"a": ["/media/a", {"b": "/media/b"}, "/media/c"]}',
         [((b"a",), b"/media/a"), ((b"a", b"b"), b"/media/b"), ((b"a",), b"/media/c")]),
        ('{"a": [[1], "/media/a"], "b" : "/media/b"}',
         [((b"a",), b"/media/a"), ((b"b",), b"/media/b")]),
        ('{"/media/a": "x", "/media/b" \n: "/media/c"}', [((b"/media/b",), b"/media/c")]),
        (r'{"a": "\/media\/a"}', [((b"a",), b"/media/a")]),
        (r'{"a": "\u002fmedia\u002Fa\u0026b"}', [((b"a",), b"/media/a&b")]),
        (r'{"a": "x\"/media/a"}', [((b"a",), b'x"/media/a')]),
        (r'{"a": "\\", "b": "/media/a"}', [((b"b",), b"/media/a")]),
        (r'{"a\n": "/media/\ud83d\ude00\t\ud83d"}', [((b"a\n",), "/media/\U0001f600\t�".encode())]),
        (")]}',\n{\"a\": \"/media/a\"}", [((b"a",), b"/media/a")]),
        ('{"a": "media", "b": "/media"}', []),
        ('{"a": "/media/a', []),
        ('{"a": /media/a, "b": "/media/b"}', [((b"b",), b"/media/b")]),
        ("", []),
    ],
)  # fmt: skip
def test_values(text, expected):
    assert found(text) == expected
    assert [data for _, data in found(text, with_keys=False)] == [data for _, data in expected]


def test_containers_that_are_too_deep():
    deep = "[" * (MAX_DEPTH + 1) + '"/media/a"' + "]" * (MAX_DEPTH + 1) + ', "/media/b"'
    assert found(deep) == [((), b"/media/b")]


def test_words():
    assert words((b"/media/", b"//example.com/app/m-x/", b"/media/", b"/-/")) == (
        b"media",
        b"example",
    )


JSON = st.recursive(
    st.sampled_from(["/media/a", '/media/ü\U0001f600"\\', "media", "", 1, None, True]),
    lambda inner: (
        st.lists(inner) | st.dictionaries(st.sampled_from(["a", "B", "/media/k", '"']), inner)
    ),
)


def strings(data, keys=()):
    if isinstance(data, dict):
        for key, value in data.items():
            yield from strings(value, (*keys, key.lower().encode()))
    elif isinstance(data, list):
        for value in data:
            yield from strings(value, keys)
    elif isinstance(data, str) and "/media/" in data:
        yield keys, data.encode()


@given(JSON, st.booleans(), st.sampled_from([None, 1]), st.booleans())
def test_values_are_those_that_a_parser_finds(data, ascii_only, indent, slashes):
    text = json.dumps(data, ensure_ascii=ascii_only, indent=indent)
    text = text.replace("/", r"\/") if slashes else text
    assert found(text) == list(strings(data))


@given(st.binary(max_size=60).map(lambda raw: raw.replace(b'"', b"")))
def test_anything_can_be_decoded(raw):
    text = decoded(b'"' + raw + b'"', 1, 1 + len(raw))
    assert text.start == 1
    assert text.offset(len(text.data)) == 1 + len(raw)


@given(st.text(alphabet='{}[]":,\\ /media a\n'))
def test_anything_can_be_read(text):
    for keys, data in found(text):
        assert b"/media/" in data
        assert all(isinstance(key, bytes) for key in keys)
