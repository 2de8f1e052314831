import pytest

from s3rewrite.sync.health import Pulse, hung, unready


@pytest.mark.parametrize(
    ("ticked", "pulses", "wrong"),
    [
        pytest.param(1.0, [], {}, id="no mounts"),
        pytest.param(1.0, [Pulse("media", 2.0, 60.0)], {}, id="it moves"),
        pytest.param(
            1.0,
            [Pulse("media", 301.0, 60.0), Pulse("static", 1.0, 60.0)],
            {"media": "nothing moved for 301 s"},
            id="one hangs",
        ),
        pytest.param(
            11.0,
            [Pulse("media", 1.0, 60.0)],
            {"loop": "its main thread did not tick for 11 s"},
            id="the main thread hangs",
        ),
        pytest.param(1.0, [Pulse("media", 1.0, 60.0, trouble="S3")], {}, id="trouble is no hang"),
    ],
)
def test_hung(ticked: float, pulses: list[Pulse], wrong: dict[str, str]) -> None:
    assert hung(ticked, pulses) == wrong


@pytest.mark.parametrize(
    ("pulse", "reason"),
    [
        (Pulse("media", 1.0, 60.0, passed=360.0), ""),
        (Pulse("media", 1.0, 60.0, passed=361.0), "its last pass ended 361 s ago"),
        (Pulse("media", 1.0, 60.0), "its first pass has not ended yet"),
        (Pulse("media", 1.0, 60.0, passed=3.0, trouble="no bucket"), "no bucket"),
        (Pulse("media", 1.0, 60.0, passed=3.0, failed=9), ""),
    ],
)
def test_unready(pulse: Pulse, reason: str) -> None:
    assert unready([pulse]) == ({"media": reason} if reason else {})


def test_patience_is_given() -> None:
    pulse = Pulse("media", 5.0, 1.0, passed=7.0)
    assert hung(0.0, [pulse], 4.0)
    assert not hung(0.0, [pulse], 6.0)
    assert unready([pulse], 5.0)
    assert not unready([pulse], 6.0)
