from pathlib import Path

import pytest

from s3rewrite.watch.file_systems import file_system_of, is_remote

MOUNTINFO = r"""
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
36 22 0:31 / /srv/media rw,relatime shared:2 - nfs4 server:/media rw,vers=4.2
37 22 0:32 / /srv/my\040files rw - fuse.sshfs me@host: rw
38 22 0:33 / /srv/old rw - nfs server:/old rw
39 22 0:34 / /srv/old rw - xfs /dev/sdb1 rw
""".strip()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/", "ext4"),
        ("/srv", "ext4"),
        ("/srv/media", "nfs4"),
        ("/srv/media/photos", "nfs4"),
        ("/srv/media-2", "ext4"),
        ("/srv/my files/a", "fuse.sshfs"),
        ("/srv/old", "xfs"),
    ],
)
def test_the_innermost_and_last_mount_counts(path: str, kind: str) -> None:
    assert file_system_of(path, MOUNTINFO) == kind


def test_where_nothing_is_told() -> None:
    assert file_system_of("/srv", "") == ""


def test_what_this_machine_tells() -> None:
    assert file_system_of("/proc/self", Path("/proc/self/mountinfo").read_text()) == "proc"


@pytest.mark.parametrize(
    ("kind", "remote"), [("ext4", False), ("overlay", False), ("", False), ("fuse.sshfs", True),
                         ("nfs4", True), ("cifs", True), ("9p", True), ("fuseblk", False)],
)  # fmt: skip
def test_what_others_may_change(kind: str, remote: bool) -> None:
    assert is_remote(kind) is remote
