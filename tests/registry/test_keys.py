from s3rewrite.registry.keys import MountKeys


def test_all_keys_of_a_mount_are_in_one_slot() -> None:
    keys = MountKeys("media", "0a1b2c3d")
    # What the next location is to find belongs to none.
    names = [value for name, value in vars(keys).items() if name not in ("tag", "place")]
    assert len(names) == 28
    assert all(
        key.startswith("{s3rewrite:media@0a1b2c3d}:") for key in [*names, keys.directory("a{b}")]
    )
