"""On what a directory lies: changes by other machines are not told to this one. Pure."""

import re

REMOTE = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3", "smbfs", "vboxsf", "virtiofs",
    }
)  # fmt: skip
"""Types of file systems that others may change. So may those below FUSE, whatever they are."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def is_remote(kind: str) -> bool:
    """Whether a file system of that type may be changed by others than this machine."""
    return kind in REMOTE or kind.startswith("fuse.")


def file_system_of(path: str, mountinfo: str) -> str:
    """The type of the file system of an absolute path, "" where it is not told.

    `mountinfo` is the text of /proc/self/mountinfo:
    https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts
    """
    best, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4]).rstrip("/")
        # A later mount at the same place covers an earlier one.
        if f"{path}/".startswith(f"{point}/") and len(point) >= len(best):
            best, kind = point, after.split(" ")[0]
    return kind


def _unescaped(point: str) -> str:
    return _ESCAPE.sub(lambda found: chr(int(found[1], 8)), point)
