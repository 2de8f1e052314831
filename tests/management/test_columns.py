from s3rewrite.management.columns import align_columns, shorten


def test_columns_begin_at_the_same_place() -> None:
    rows = [["a", "bcd", "x"], ["ab", "c", "y y"]]
    assert align_columns(rows) == ["a   bcd  x", "ab  c    y y"]


def test_a_long_cell_moves_its_row_only() -> None:
    assert align_columns([["a" * 9, "x"], ["b", "y"]], widest=4) == ["aaaaaaaaa  x", "b  y"]


def test_no_rows() -> None:
    assert align_columns([]) == []


def test_a_long_text_loses_its_middle() -> None:
    assert shorten("abcdefghij", 6) == "abc…ij"
    assert shorten("abcdef", 6) == "abcdef"


def test_a_text_stays_on_its_line() -> None:
    assert shorten("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert shorten("größer") == "größer"
