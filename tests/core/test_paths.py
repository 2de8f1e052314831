import unicodedata

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from s3rewrite.core.paths import (
    LocalPath,
    Paths,
    bucket_url,
    is_harmless_query,
    is_inert,
    parse_local_path,
    quote_name,
    versioned,
)

FINGERPRINT = "3f9c2b1d0a4e5f60718293a4"
MIRROR = Paths("media/", "https://cdn.example.com/media/", fingerprinted=False)
VERSIONED = Paths("media/", "https://cdn.example.com/media/", fingerprinted=True)

# What Django's storages may be asked to hold: any text that UTF-8 can carry.
TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1)

SEGMENT = st.text(
    st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="/\\"), min_size=1
).filter(lambda segment: segment not in (".", ".."))
NAME = st.lists(SEGMENT, min_size=1, max_size=3).map("/".join)


def is_plain(name: str) -> bool:
    """Whether a name is one that URLs can mean."""
    return not (
        {"", ".", ".."} & set(name.split("/"))
        or "\\" in name
        or any(unicodedata.category(character) in ("Cc", "Cs") for character in name)
    )


# Reading a URL: the path, decoded once; a query and a fragment


@pytest.mark.parametrize(
    ("rest", "name"),
    [
        pytest.param(b"a.jpg", "a.jpg", id="plain"),
        pytest.param(b"photos/2024/a.jpg", "photos/2024/a.jpg", id="directories"),
        pytest.param(b"it's.jpg", "it's.jpg", id="apostrophe"),
        pytest.param(b"a%20b.jpg", "a b.jpg", id="percent-decoded"),
        pytest.param(b"a b.jpg", "a b.jpg", id="a space as it stands"),
        pytest.param(b"a%2520b.jpg", "a%20b.jpg", id="decoded once, not twice"),
        pytest.param(b"a%252fb.jpg", "a%2fb.jpg", id="an encoded slash, encoded again"),
        pytest.param(b"100%25.jpg", "100%.jpg", id="a percent sign"),
        pytest.param(b"caf%C3%A9.jpg", "café.jpg", id="UTF-8"),
        pytest.param(b"caf%c3%a9.jpg", "café.jpg", id="UTF-8 in lower case"),
        pytest.param("café.jpg".encode(), "café.jpg", id="UTF-8 as it stands"),
        pytest.param(b"cafe%CC%81.jpg", "cafe\u0301.jpg", id="no Unicode folding"),
        pytest.param(b"A.JPG", "A.JPG", id="no folding of case"),
        pytest.param(b"a+b.jpg", "a+b.jpg", id="a plus is a plus"),
        pytest.param(b"a%2Bb.jpg", "a+b.jpg", id="an encoded plus"),
        pytest.param(b"a:b@c;d=e,f&g!$(h)*.jpg", "a:b@c;d=e,f&g!$(h)*.jpg", id="sub-delimiters"),
        pytest.param(b"a%3Fb%23c.jpg", "a?b#c.jpg", id="encoded ? and #"),
        pytest.param(b"..a/b../...jpg", "..a/b../...jpg", id="dots that are no segment"),
        pytest.param(b".hidden/.a", ".hidden/.a", id="hidden files"),
        pytest.param(b"~user/a.jpg", "~user/a.jpg", id="tilde"),
    ],
)
def test_a_url_means_a_name(rest: bytes, name: str) -> None:
    assert parse_local_path(rest) == LocalPath(name, len(rest))


@pytest.mark.parametrize(
    "suffix",
    [
        pytest.param(b"?v=3", id="a harmless query"),
        pytest.param(b"?", id="an empty query"),
        pytest.param(b"#top", id="a fragment"),
        pytest.param(b"#", id="an empty fragment"),
        pytest.param(b"?v=3#top", id="both"),
        pytest.param(b"?a/../b//c\\%zz", id="a query may hold anything"),
        pytest.param(b"#a/../b//c\\%zz", id="a fragment may hold anything"),
        pytest.param(b"#?acl", id="no query: it stands in the fragment"),
        pytest.param(b"?v=1#acl&versionId=2", id="a fragment is not sent"),
        pytest.param(b"?u=https://example.com/?acl", id="a subresource as part of a value"),
    ],
)
def test_the_path_ends_at_query_or_fragment(suffix: bytes) -> None:
    assert parse_local_path(b"a.jpg" + suffix) == LocalPath("a.jpg", 5)


# Leaving a URL alone: what browser, site and S3 may read differently


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param(b"", id="the prefix itself"),
        pytest.param(b"?v=1", id="the prefix with a query"),
        pytest.param(b"#a", id="the prefix with a fragment"),
        pytest.param(b"photos/", id="a directory"),
        pytest.param(b"photos/?v=1", id="a directory with a query"),
        pytest.param(b"a\\b.jpg", id="backslash"),
        pytest.param(b"a%5Cb.jpg", id="encoded backslash"),
        pytest.param(b"a%5cb.jpg", id="encoded backslash, lower case"),
        pytest.param(b"/a.jpg", id="two slashes with the prefix's"),
        pytest.param(b"a//b.jpg", id="two slashes"),
        pytest.param(b"a%2Fb.jpg", id="encoded slash"),
        pytest.param(b"a%2fb.jpg", id="encoded slash, lower case"),
        pytest.param(b".", id="one dot"),
        pytest.param(b"./a.jpg", id="one dot first"),
        pytest.param(b"a/./b.jpg", id="one dot inside"),
        pytest.param(b"..", id="two dots"),
        pytest.param(b"../a.jpg", id="two dots first"),
        pytest.param(b"a/../b.jpg", id="two dots inside"),
        pytest.param(b"a/..", id="two dots last"),
        pytest.param(b"a/%2e%2E/b.jpg", id="encoded dots"),
        pytest.param(b"a/.%2e/b.jpg", id="half encoded dots"),
        pytest.param(b"%2e/b.jpg", id="an encoded dot first"),
        pytest.param(b"../a.jpg?v=1", id="dots before a query"),
        pytest.param(b"a%00.jpg", id="encoded NUL"),
        pytest.param(b"a\x00.jpg", id="NUL"),
        pytest.param(b"a%0A.jpg", id="encoded newline"),
        pytest.param(b"a\n.jpg", id="newline"),
        pytest.param(b"a\t.jpg", id="tab"),
        pytest.param(b"a%1f.jpg", id="encoded control character"),
        pytest.param(b"a%7F.jpg", id="encoded DEL"),
        pytest.param(b"a\x7f.jpg", id="DEL"),
        pytest.param(b"a%C2%85.jpg", id="encoded C1 control character"),
        pytest.param(b"a\xc2\x9f.jpg", id="C1 control character"),
        pytest.param(b"100%.jpg", id="a bad percent sign"),
        pytest.param(b"a%2", id="half an escape at the end"),
        pytest.param(b"a%", id="a percent sign at the end"),
        pytest.param(b"a%zz.jpg", id="no hexadecimal digits"),
        pytest.param(b"a%u00e9.jpg", id="an escape of old scripts"),
        pytest.param(b"caf%E9.jpg", id="encoded Latin-1"),
        pytest.param(b"caf\xe9.jpg", id="Latin-1"),
        pytest.param(b"%C0%AE%C0%AE/a.jpg", id="overlong dots"),
        pytest.param(b"a%ED%A0%80.jpg", id="a surrogate"),
    ],
)
def test_a_url_is_left_alone(rest: bytes) -> None:
    assert parse_local_path(rest) is None


@pytest.mark.parametrize(
    "query",
    """
    acl versionId=3 VERSIONID=3 versionid=3 v=1&acl v=1;torrent %61cl tagging
    response-content-type=text/html Response-Cache-Control=no-cache X-Amz-Signature=0 x-amz-date=1
    AWSAccessKeyId=k&Signature=s&Expires=1 partNumber=2 uploads uploadId=1 x-id=GetObject
    select&select-type=2 attributes legal-hold retention restore list-type=2 location policy
    website lifecycle session
    """.split(),
)
def test_a_query_that_s3_would_obey_is_left_alone(query: str) -> None:
    assert not is_harmless_query(query.encode())
    assert parse_local_path(b"a.jpg?" + query.encode()) is None


@pytest.mark.parametrize(
    "query", ["", "v=1", "1699999999", "v=acl", "aclx", "_=1&_=2", "versions2", "size=%", "&&", "="]
)
def test_a_query_that_s3_does_not_know_is_harmless(query: str) -> None:
    assert is_harmless_query(query.encode())


@given(st.binary())
@example(b"%")
@example(b"a?\xff=")
def test_reading_never_raises_and_never_gives_a_doubtful_name(rest: bytes) -> None:
    if found := parse_local_path(rest):
        assert is_plain(found.name)
        assert rest[found.path_length : found.path_length + 1] in (b"", b"?", b"#")


ALPHABET = [*"ab.%/\\?#+&=; ", "%2e", "%2f", "%5C", "..", "//", "%00", "%C3%A9", "é"]


@given(st.lists(st.sampled_from(ALPHABET)).map("".join))
def test_reading_what_looks_like_a_url_gives_no_doubtful_name(text: str) -> None:
    found = parse_local_path(text.encode())
    assert found is None or is_plain(found.name)


# Writing a URL


@given(TEXT | NAME)
@example("a b+c'd\"e&f%41?g#h.jpg")
@example("100%.jpg")
def test_a_name_quoted_and_read_back_is_the_name(name: str) -> None:
    quoted = quote_name(name)
    assert is_inert(quoted)
    if is_plain(name):
        assert parse_local_path(quoted.encode()) == LocalPath(name, len(quoted))
    else:
        assert parse_local_path(quoted.encode()) is None


@given(TEXT, st.sampled_from([MIRROR, VERSIONED]))
def test_a_public_url_is_inert(name: str, paths: Paths) -> None:
    url = paths.url(name, FINGERPRINT)
    assert is_inert(url)
    assert url.startswith(paths.public_url)


@given(NAME, st.sampled_from([MIRROR, VERSIONED]))
def test_a_public_url_means_the_key(name: str, paths: Paths) -> None:
    rest = paths.url(name, FINGERPRINT).removeprefix(paths.public_url)
    found = parse_local_path(rest.encode())
    assert found
    assert paths.prefix + found.name == paths.key(name, FINGERPRINT)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.jpg", "a.3f9c2b1d0a4e.jpg"),
        ("photos/a.jpg", "photos/a.3f9c2b1d0a4e.jpg"),
        ("photos.d/a", "photos.d/a.3f9c2b1d0a4e"),
        ("a.tar.gz", "a.tar.3f9c2b1d0a4e.gz"),
        ("a.", "a.3f9c2b1d0a4e."),
        (".htaccess", ".htaccess.3f9c2b1d0a4e"),
        ("x/.htaccess", "x/.htaccess.3f9c2b1d0a4e"),
        ("README", "README.3f9c2b1d0a4e"),
    ],
)
def test_a_fingerprint_stands_before_the_extension(name: str, expected: str) -> None:
    assert versioned(name, FINGERPRINT) == expected
    assert VERSIONED.key(name, FINGERPRINT) == f"media/{expected}"
    assert MIRROR.key(name, FINGERPRINT) == f"media/{name}"


@given(NAME, st.integers(0, 16**12 - 1))
def test_a_key_says_its_name(name: str, number: int) -> None:
    fingerprint = f"{number:012x}"
    assert VERSIONED.name(VERSIONED.key(name, fingerprint)) == (name, fingerprint)
    assert MIRROR.name(MIRROR.key(name, fingerprint)) == (name, "")


@pytest.mark.parametrize("key", ["media/", "media/photos/", "other/a.jpg", "a.jpg"])
def test_a_key_of_no_name(key: str) -> None:
    assert MIRROR.name(key) is None
    assert VERSIONED.name(key) is None


@pytest.mark.parametrize("key", ["media/a.jpg", "media/a.3f9c2b1d0a4.jpg", "media/.3f9c2b1d0a4e"])
def test_a_key_without_a_version(key: str) -> None:
    assert VERSIONED.name(key) is None


@given(NAME, st.integers(0, 16**12 - 1), st.integers(0, 16**12 - 1))
def test_other_bytes_get_another_key(name: str, one: int, other: int) -> None:
    assume(one != other)
    assert versioned(name, f"{one:012x}") != versioned(name, f"{other:012x}")


def test_what_is_quoted() -> None:
    assert quote_name("a b+c'ü&.jpg") == "a%20b%2Bc%27%C3%BC%26.jpg"
    assert MIRROR.url("x/a~b_c-d.jpg", FINGERPRINT) == f"{MIRROR.public_url}x/a~b_c-d.jpg"
    assert VERSIONED.url("x/a.jpg", FINGERPRINT) == f"{MIRROR.public_url}x/a.3f9c2b1d0a4e.jpg"


@pytest.mark.parametrize("character", " \"'<>&`\\(){};,=?#!*@$+|^[]\n\r\t\0ü")
def test_characters_that_are_not_inert(character: str) -> None:
    assert not is_inert(f"a{character}b")
    assert not is_inert(f"a{character}")


# The bucket's own URL


@pytest.mark.parametrize(
    ("bucket", "endpoint", "region", "expected"),
    [
        pytest.param("b", "", "", "https://b.s3.amazonaws.com/media/", id="AWS"),
        pytest.param(
            "b", "", "eu-west-1", "https://b.s3.eu-west-1.amazonaws.com/media/", id="AWS, region"
        ),
        pytest.param(
            "a.b", "", "eu-west-1", "https://s3.eu-west-1.amazonaws.com/a.b/media/", id="dotted"
        ),
        pytest.param("a.b", "", "", "https://s3.amazonaws.com/a.b/media/", id="dotted, no region"),
        pytest.param(
            "b", "", "cn-north-1", "https://b.s3.cn-north-1.amazonaws.com.cn/media/", id="China"
        ),
        pytest.param(
            "b", "http://127.0.0.1:9000", "x", "http://127.0.0.1:9000/b/media/", id="endpoint"
        ),
        pytest.param(
            "a.b", "https://s3.example.com/", "", "https://s3.example.com/a.b/media/", id="slash"
        ),
    ],
)
def test_the_url_of_a_bucket(bucket: str, endpoint: str, region: str, expected: str) -> None:
    assert bucket_url(bucket, "media/", endpoint, region) == expected


def test_the_url_of_a_bucket_with_a_prefix_to_quote() -> None:
    assert bucket_url("b", "mé dia/", "", "") == "https://b.s3.amazonaws.com/m%C3%A9%20dia/"
    assert bucket_url("b", "", "", "") == "https://b.s3.amazonaws.com/"
