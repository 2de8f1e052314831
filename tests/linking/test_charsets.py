import pytest

from s3rewrite.linking.charsets import charset_of, hides_ascii, is_utf8

READABLE = (
    "utf-8 UTF8 us-ascii ibm866 iso-8859-1 latin1 iso-8859-8-i koi8-r koi8-u macintosh "
    "windows-874 windows-1252 x-mac-cyrillic gbk gb18030 gb2312 big5 euc-jp shift_jis x-sjis "
    "windows-31j euc-kr x-user-defined"
).split()
HIDDEN = (
    "utf-16 utf-16be UTF-16LE utf-32 utf-7 iso-2022-jp iso-2022-kr iso-2022-cn csISO2022JP "
    "hz-gb-2312 cp037 unicode nonsense hex rot13"
).split()


@pytest.mark.parametrize("name", READABLE)
def test_readable(name):
    assert not hides_ascii(name)


@pytest.mark.parametrize("name", [*HIDDEN, "a\0b"])
def test_hidden(name):
    assert hides_ascii(name)


def test_a_charset_that_is_not_named_is_readable():
    assert not hides_ascii("")


@pytest.mark.parametrize("name", READABLE)
def test_is_utf8(name):
    assert is_utf8(name) is (name in {"utf-8", "UTF8"})


def test_is_utf8_of_nonsense():
    assert not is_utf8("nonsense")
    assert not is_utf8("a\0b")


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/html", ""),
        ("text/html; charset=utf-8", "utf-8"),
        ('text/html;level=1; CHARSET = "Latin-1" ; x=y', "Latin-1"),
        ("text/html; xcharset=utf-8", ""),
        ("charset=utf-8", ""),
        ("text/html; charset=", ""),
    ],
)
def test_charset(content_type, expected):
    assert charset_of(content_type) == expected
