import pytest

from s3rewrite.sync.health import MountHealth, liveness_problems, readiness_problems


@pytest.mark.parametrize(
    ("ticked", "mounts", "wrong"),
    [
        pytest.param(1.0, [], {}, id="no mounts"),
        pytest.param(1.0, [MountHealth("media", 2.0, 60.0)], {}, id="it moves"),
        pytest.param(
            1.0,
            [MountHealth("media", 301.0, 60.0), MountHealth("static", 1.0, 60.0)],
            {"media": "nothing moved for 301 s"},
            id="one hangs",
        ),
        pytest.param(
            11.0,
            [MountHealth("media", 1.0, 60.0)],
            {"loop": "its main thread did not tick for 11 s"},
            id="the main thread hangs",
        ),
        pytest.param(
            1.0, [MountHealth("media", 1.0, 60.0, problem="S3")], {}, id="trouble is no hang"
        ),
    ],
)
def test_hung(ticked: float, mounts: list[MountHealth], wrong: dict[str, str]) -> None:
    assert liveness_problems(ticked, mounts) == wrong


@pytest.mark.parametrize(
    ("mount", "reason"),
    [
        (MountHealth("media", 1.0, 60.0, since_pass=360.0), ""),
        (MountHealth("media", 1.0, 60.0, since_pass=361.0), "its last pass ended 361 s ago"),
        (MountHealth("media", 1.0, 60.0), "its first pass has not ended yet"),
        (MountHealth("media", 1.0, 60.0, since_pass=3.0, problem="no bucket"), "no bucket"),
        (MountHealth("media", 1.0, 60.0, since_pass=3.0, failed=9), ""),
    ],
)
def test_unready(mount: MountHealth, reason: str) -> None:
    assert readiness_problems([mount]) == ({"media": reason} if reason else {})


def test_patience_is_given() -> None:
    mount = MountHealth("media", 5.0, 1.0, since_pass=7.0)
    assert liveness_problems(0.0, [mount], 4.0)
    assert not liveness_problems(0.0, [mount], 6.0)
    assert readiness_problems([mount], 5.0)
    assert not readiness_problems([mount], 6.0)
