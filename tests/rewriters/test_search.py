from s3rewrite.rewriters.search import Matches, find, needles, without_root_relative
from s3rewrite.rewriters.types import Target
from tests.rewriters.support import PREFIXES


def test_needles_are_what_prefixes_share():
    assert needles((Target(PREFIXES),)) == (b"/media/",)
    assert needles((Target((b"https://a/m/", b"http://a/m/", b"//a/m/")),)) == (b"//a/m/",)
    assert needles((Target((b"/a/", b"/b/")),)) == (b"/a/", b"/b/")
    assert needles((Target((b"/a/",)), Target((b"/a/",)), Target(()))) == (b"/a/",)


def test_places_come_in_order_and_never_twice():
    places = Matches([(b"b a ba", b"a"), (b"b a ba", b"b")])
    assert [places.next(0), places.next(1), places.next(3), places.next(5)] == [0, 2, 4, 5]
    assert places.next(6) is None


def test_no_places():
    places = Matches([(b"b", b"a")])
    assert places.next(0) is None


def test_the_first_target_counts():
    wide, narrow = Target((b"/m/",)), Target((b"/m/n/",))
    assert find(b"/m/n/a", (wide, narrow), utf8=True)[1] is wide
    assert find(b"/m/n/a", (narrow, wide), utf8=True)[1] is narrow
    assert find(b"/m/n/a", (), utf8=True) is None


def test_root_relative_prefixes_can_be_left_out():
    target = Target((b"/m/", b"//a/m/", b"https://a/m/"))
    assert without_root_relative((target,))[0].prefixes == (b"//a/m/", b"https://a/m/")
