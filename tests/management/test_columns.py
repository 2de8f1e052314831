from s3rewrite.management.columns import aligned, shortened


def test_columns_begin_at_the_same_place() -> None:
    rows = [["a", "bcd", "x"], ["ab", "c", "y y"]]
    assert aligned(rows) == ["a   bcd  x", "ab  c    y y"]


def test_a_long_cell_moves_its_row_only() -> None:
    assert aligned([["a" * 9, "x"], ["b", "y"]], widest=4) == ["aaaaaaaaa  x", "b  y"]


def test_no_rows() -> None:
    assert aligned([]) == []


def test_a_long_text_loses_its_middle() -> None:
    assert shortened("abcdefghij", 6) == "abc…ij"
    assert shortened("abcdef", 6) == "abcdef"


def test_a_text_stays_on_its_line() -> None:
    assert shortened("a\nb\x1b[31m") == "a\\nb\\x1b[31m"
    assert shortened("größer") == "größer"
