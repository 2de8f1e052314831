"""Pages in every charset that a browser knows: linked without a change to the text, or left.

WHATWG Encoding Standard, 4.2 Names and labels.
"""

import pytest

from tests.support.pages import CDN, all_published, sent

__all__ = ["all_published"]

ASCII_COMPATIBLE = """
utf-8 ibm866 iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7
iso-8859-8 iso-8859-10 iso-8859-13 iso-8859-14 iso-8859-15 iso-8859-16 koi8-r koi8-u macintosh
windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256
windows-1257 windows-1258 gbk gb18030 big5 big5-hkscs euc-jp shift_jis euc-kr
""".split()

HIDES_ASCII = """
utf-16 utf-16be utf-16le utf-32 utf-32be utf-32le utf-7 iso-2022-jp iso-2022-jp-2 iso-2022-kr
hz-gb-2312 hz
""".split()

UNKNOWN_TO_PYTHON = """
x-user-defined windows-874 x-mac-cyrillic windows-31j x-sjis iso-8859-8-i iso-2022-cn x-no-such
""".split()

# In Shift_JIS, Big5, GBK and GB18030 some of these end with a byte that is "\", "|", "`" or a digit
# in ASCII.
LETTERS = "éعдñß§ÿĀőŘşžĦŵЖяЫλΩשםثﺙกđƠあ亜ソ表ボ―ー가힣똠中文功許蓋誠乗丂𠀀"

MARKED = """<!DOCTYPE html><title>{0}</title><p title="{0}">{0}<img alt="{0}" src="→/media/a.jpg">
{0}<a href='→/media/b.pdf'>{0}</a><img alt={0} src=→/media/c.jpg>{0}<script>"{0}"</script>
<!-- {0} <img src="/media/d.jpg"> --><textarea>{0}/media/e.jpg</textarea>{0}<p class={0}
style="background: url(→/media/f.png)"><img srcset="→/media/g.jpg 1x, →/media/h.jpg 2x" alt={0}>
<img data-{0}="{0}" data-src="→/media/i.jpg?{0}"><p {0}=/media/j>{0}/media/k {0}"""


def letters_of(charset: str) -> str:
    return "".join(c for c in LETTERS if c.encode(charset, "ignore"))


@pytest.mark.parametrize("charset", ASCII_COMPATIBLE)
def test_a_page_reads_as_before_but_for_its_links(all_published: None, charset: str) -> None:
    # Only the bytes of UTF-8 say which URL a browser asks for, where one is not ASCII.
    marked = MARKED if charset == "utf-8" else MARKED.replace("→/media/i", "/media/i")
    text = marked.format(letters_of(charset))
    body = text.replace("→", "").encode(charset)
    wanted = text.replace("→/media/", CDN)
    assert len(letters_of(charset)) > 1
    assert sent(body, f"text/html; charset={charset}").decode(charset) == wanted


@pytest.mark.parametrize("charset", HIDES_ASCII)
def test_a_charset_that_hides_ascii_is_left_alone(all_published: None, charset: str) -> None:
    text = MARKED.replace("→", "").format(letters_of(charset))
    body = text.encode(charset)
    assert sent(body, f"text/html; charset={charset}") == body
    ascii_only = MARKED.replace("→", "").format("x").encode()
    assert sent(ascii_only, f"text/html; charset={charset}") == ascii_only


@pytest.mark.parametrize("charset", UNKNOWN_TO_PYTHON)
def test_a_charset_that_python_does_not_know(all_published: None, charset: str) -> None:
    body = MARKED.encode().replace("→".encode(), b"").replace(b"{0}", b"\x80\xfe")
    after = sent(body, f"text/html; charset={charset}")
    assert after.replace(CDN.encode(), b"/media/") == body


@pytest.mark.parametrize("charset", ["utf-8", "UTF8", "'utf-8'", '"UTF-8"', " utf-8 "])
def test_spellings_of_utf8(all_published: None, charset: str) -> None:
    body = '<img src="/media/é.jpg">'.encode()
    assert CDN.encode() in sent(body, f"text/html; charset={charset}")


@pytest.mark.parametrize("charset", ["Shift_JIS", "SHIFT-JIS", "sjis", "ms_kanji", "latin1", "l1"])
def test_other_names_of_charsets(all_published: None, charset: str) -> None:
    body = b'<p title="\xe9"><img src="/media/a.jpg"><img src="/media/\xe9.jpg">'
    wanted = body.replace(b"/media/a", CDN.encode() + b"a")
    assert sent(body, f"text/html; charset={charset}") == wanted
