"""The file system of a directory: the kernel does not report changes by other machines. Pure."""

import re

REMOTE = frozenset(
    {
        "9p", "afs", "beegfs", "ceph", "cifs", "gpfs", "lustre", "ncpfs", "nfs", "nfs4", "ocfs2",
        "smb3", "smbfs", "vboxsf", "virtiofs",
    }
)  # fmt: skip
"""Types of file systems that other machines may change; all types below FUSE count too."""

_ESCAPE = re.compile(r"\\([0-7]{3})")


def is_remote(kind: str) -> bool:
    """Whether other machines may change a file system of that type."""
    return kind in REMOTE or kind.startswith("fuse.")


def file_system_of(path: str, mountinfo: str) -> str:
    """The type of the file system of an absolute path; "" if it is unknown.

    `mountinfo` is the text of /proc/self/mountinfo:
    https://docs.kernel.org/filesystems/proc.html#proc-pid-mountinfo-information-about-mounts
    """
    longest, kind = "", ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        escaped = before.split(" ")[4].rstrip("/")
        point = _ESCAPE.sub(lambda match: chr(int(match[1], 8)), escaped)
        # A later mount at the same place covers an earlier one.
        if f"{path}/".startswith(f"{point}/") and len(point) >= len(longest):
            longest, kind = point, after.split(" ")[0]
    return kind
