from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.signing.windows import Window, current_window, now, window_at


@given(st.integers(0, 2**33), st.integers(60, 400_000))
def test_a_moment_is_in_its_window_and_a_whole_one_is_left(moment: int, seconds: int) -> None:
    window = window_at(moment, seconds)
    assert window.begins <= moment < window.ends
    assert window.expires - moment > seconds
    assert window_at(window.begins, seconds) == window
    assert window_at(window.ends, seconds) == Window(window.ends, seconds)


def test_now_is_in_the_current_window() -> None:
    window = current_window(3600)
    assert window.begins <= now() <= window.ends + 1
