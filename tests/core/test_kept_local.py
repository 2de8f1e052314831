import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from s3rewrite.core.kept_local import (
    ALLOW_WORDS,
    HIDDEN,
    OUTSIDE,
    TEMPORARY,
    UNLINKABLE,
    UNREADABLE,
    FileAccess,
    are_ordinary,
    readers,
    why_kept_local,
)
from s3rewrite.core.paths import is_linkable, parse_local_path, quote_name

HONEST = [
    "a.jpg", "a/b.c/d", "film.part1.rar", "partner.partners", "a.tmpl", "flash.swf", "C++~1/a.jpg",
    "tmp/a.jpg", "x.downloads", "a.b.cdefgh", ".well-known/security.txt", "dot.", "..dots/a"[2:],
    "café\u2028.jpg", "100%.jpg", "#1.jpg",
]  # fmt: skip
TEMPORARIES = [
    ".photo.jpg.Ab3De9", ".nfs00000000012a4c2d00000001", ".fuse_hidden0000000400000001", "a.part",
    "A.PART", "x/a.partial", "a.crdownload", "a.opdownload", "a.download", "a.filepart", "a.aria2",
    "a.tmp", "a.temp", ".a.txt.swp", "a.swo", "a~", "#a#", ".#a", "~$report.docx",
    ".~lock.report.odt#", ".goutputstream-ABC123", ".in.film.mp4.", ".pureftpd-upload.5f.15.1",
    "tmp0a_b1c2d.upload.jpg", "tmp0a_b1c2d.upload",
]  # fmt: skip
HIDDEN_ONES = [
    ".env", "a/.htpasswd", ".git/config", "a/.b/c/d.txt", ".well-known/.env", "a/.well-known/b",
    ".well-knownx", ".git/", "...",
]  # fmt: skip
UNLINKABLES = ["a\\b.txt", "a\nb.txt", "\x7f", "a\x85b", "d\\e/f.txt", "\x1b[2Ja", "a\0b", "d\n/"]


def word(name: str, *facts: bool, allow: tuple[str, ...] = ()) -> str:
    found = why_kept_local(name, FileAccess(*facts), allow)
    return found.word if found else ""


@pytest.mark.parametrize("name", HONEST)
def test_anything_else_goes_to_s3(name: str) -> None:
    assert word(name) == ""


@pytest.mark.parametrize("name", TEMPORARIES)
def test_temporary_files_of_other_programs(name: str) -> None:
    assert word(name) == TEMPORARY
    assert word(name, allow=ALLOW_WORDS) == ""
    assert word(f"a/{name}") == TEMPORARY


@pytest.mark.parametrize("name", HIDDEN_ONES)
def test_a_part_with_a_dot_first(name: str) -> None:
    assert word(name) == HIDDEN
    assert word(name, allow=(TEMPORARY, UNREADABLE, OUTSIDE)) == HIDDEN
    assert word(name, allow=(HIDDEN,)) == ""


@pytest.mark.parametrize("name", UNLINKABLES)
def test_a_backslash_or_a_control_character(name: str) -> None:
    assert word(name, allow=ALLOW_WORDS) == UNLINKABLE


def test_a_link_that_leads_out() -> None:
    assert word("a.txt", True) == OUTSIDE
    assert word("a.txt", True, allow=(OUTSIDE,)) == ""


def test_others_may_not_read_it() -> None:
    assert word("a.txt", False, True) == UNREADABLE
    assert word("a.txt", False, True, allow=(UNREADABLE,)) == ""


def test_what_one_word_allows_another_may_still_keep() -> None:
    assert word(".a.txt.swp", allow=(TEMPORARY,)) == HIDDEN
    assert word(".env", True, True, allow=(HIDDEN, OUTSIDE)) == UNREADABLE


def test_a_reason_says_which_word_allows_it() -> None:
    for name, facts in (
        (".env", FileAccess()),
        ("a~", FileAccess()),
        ("a", FileAccess(True)),
        ("a", FileAccess(False, True)),
    ):
        found = why_kept_local(name, facts)
        assert found
        assert f'(ALLOW: "{found.word}")' in found.reason


PARTS = st.sampled_from([*HONEST, *TEMPORARIES, *HIDDEN_ONES[:2], *UNLINKABLES]).map(
    lambda name: name.rstrip("/").rpartition("/")[2]
)
NAMES = st.text(min_size=1).filter(lambda name: "/" not in name)


LONG_S, KELVIN = "\u017f", "\u212a"  # which `re` may take for an s and a K


@given(st.lists(PARTS | NAMES | st.text(f".~#swptmK{LONG_S}{KELVIN}", min_size=2, max_size=6)))
@example([f"a.{LONG_S}wp"])
def test_names_that_are_looked_at_all_at_once_hide_none(names: list[str]) -> None:
    if are_ordinary(names):
        assert [word(name) for name in names] == [""] * len(names)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
@example("a%2fb")
@example("a%5cb")
@example("a?b#c")
def test_a_name_is_linkable_where_a_url_can_mean_it(name: str) -> None:
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return
    found = parse_local_path(quote_name(name).encode())
    assert is_linkable(name) is (found is not None and found.name == name)


@pytest.mark.parametrize(
    ("own", "closed", "opened"),
    [
        (0o644, (0o600, 0o640, 0o400, 0o000, 0o620), (0o644, 0o604, 0o444)),
        (0o640, (0o600, 0o400, 0o620), (0o640, 0o644, 0o604, 0o440)),
        (None, (0o600, 0o400), (0o640, 0o644, 0o604)),
        (0o600, (), (0o600, 0o400, 0o644)),
    ],
)
def test_who_has_to_be_able_to_read_a_file(
    own: int | None, closed: tuple[int, ...], opened: tuple[int, ...]
) -> None:
    needed = readers(own, 0o004, 0o040)
    regular = 0o100000
    assert [mode for mode in closed if (regular | mode) & needed] == []
    assert [mode for mode in opened if not (regular | mode) & needed] == []
