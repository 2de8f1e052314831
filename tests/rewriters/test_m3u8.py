import pytest

from s3rewrite.rewriters import m3u8
from tests.rewriters.support import check

PLAYLIST = (
    '#EXTM3U\n#EXT-X-MAP:URI="→/media/init.mp4",BYTERANGE="1@0"\r\n'
    '#EXT-X-KEY:METHOD=AES-128,URI="/media/key"\n# /media/comment\n'
    '#EXT-X-SESSION-KEY:URI="/media/k"\n'
    '#EXT-X-MEDIA:TYPE=AUDIO,NAME="x,URI=/media/no",URI="→/media/a.m3u8"\n'
    "#EXTINF:10,/media/title\n"
    "→/media/1.ts\r\n→https://example.com/media/2.ts?x=1\n2.ts\nhttps://example.org/media/3.ts\n"
    '#EXT-X-OTHER:URI="/media/x"\n→/media/3.ts'
)


def test_playlist():
    check(PLAYLIST, "playlist", cors=True, collect=m3u8.collect)


@pytest.mark.parametrize("options", [{"cors": True}, {}])
def test_not_asked(options):
    check(PLAYLIST.replace("→", ""), "json", collect=m3u8.collect, **options)


def test_without_cors():
    check(PLAYLIST.replace("→", ""), "playlist", collect=m3u8.collect)


def test_nothing_to_find():
    check("#EXTM3U\n1.ts\n", "playlist", cors=True, collect=m3u8.collect)
