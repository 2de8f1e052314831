"""Which files stay local because few people mean to publish them, unless ALLOW has a word. Pure.

Names here are those of files; the name of a directory ends with a slash.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from s3rewrite.core.paths import MAX_KEY_BYTES, is_linkable

HIDDEN, OUTSIDE, UNREADABLE, TEMPORARY = "hidden", "outside", "unreadable", "temporary"
ALLOW_WORDS = (HIDDEN, OUTSIDE, UNREADABLE, TEMPORARY)
"""What the setting ALLOW may have."""

UNLINKABLE = "unlinkable"
LONG = "long"

TEXTS = {
    HIDDEN: "hidden: a part of its name begins with a dot",
    OUTSIDE: "a link that leads out of the storage",
    UNREADABLE: "unreadable: its permissions keep others from reading it",
    TEMPORARY: "by its name another program's temporary file",
    UNLINKABLE: "no URL can mean its name, which has a backslash or a control character: rename it",
}

TOO_LONG = f"its key would be longer than {MAX_KEY_BYTES} bytes"

WELL_KNOWN = ".well-known/"
"""Names that begin with it are public by their nature: RFC 8615, 3."""

_HIDDEN = re.compile(r"(?:^|/)\.")

# rsync(1), --temp-dir: `.name.XXXXXX`. Linux, fs/nfs/unlink.c: `.nfs…`. libfuse, `hard_remove`.
# Vim, :help swap-file. Emacs manual, "Backup Names", "Auto Save", "Interlocking". LibreOffice and
# Microsoft Office: owner files. Downloads of browsers, curl, yt-dlp, aria2; WinSCP's and
# ProFTPD's (HiddenStores) and Pure-FTPd's (atomic) uploads; Django's own (TemporaryUploadedFile).
_TEMPORARY = re.compile(
    r"""(?iax) (?:
        .* \. (?:part|partial|crdownload|opdownload|download|aria2|filepart|tmp|temp|swp|swo|swx)
      | .* ~ | \#.*\# | \.\#.* | ~\$.* | \.~lock\..*\#
      | \. .+ \. [A-Za-z0-9]{6} | \.nfs.* | \.fuse_hidden.* | \.goutputstream-.*
      | \.in\..*\. | \.pureftpd-upload\..* | tmp\w{8}\.upload (?:\..*)?
    )""",
    re.DOTALL,
)

# Each basename that may have to stay local has one of these in it, when it is written in lower case
# and with a slash before it. `are_ordinary` looks for them first, as most files have none.
_MARKS = (
    "/. /# ~ \\ .part .crdownload .opdownload .download .aria2 .filepart .tmp .temp .sw .upload"
).split()


class FileAccess(NamedTuple):
    """Where a name leads on the disk, through links, and who may read it there."""

    is_outside: bool = False
    """It lies, or would lie, outside of the storage."""
    is_unreadable: bool = False
    """Others may not read it, or not enter a directory on the way to it."""


NORMAL_ACCESS = FileAccess()
"""That of most files."""


class LocalReason(NamedTuple):
    """Why a file stays local: the word of ALLOW or UNLINKABLE, and a sentence for people."""

    word: str
    reason: str


def why_kept_local(
    name: str, access: FileAccess = NORMAL_ACCESS, allow: Collection[str] = ()
) -> LocalReason | None:
    """Why a file, or all files in a directory, may not become public; None where they may.

    | the name, or the file                         | stays local unless ALLOW has |
    |-----------------------------------------------|------------------------------|
    | has a backslash or a control character        | (always local)               |
    | is one that programs give to temporary files  | "temporary"                  |
    | has a part that begins with a dot,            | "hidden"                     |
    | but for .well-known/ in the root              |                              |
    | a link leads out of the storage               | "outside"                    |
    | others may not read it                        | "unreadable"                 |
    | anything else                                 | (goes to S3)                 |
    """
    reasons = {
        UNLINKABLE: not is_linkable(name),
        TEMPORARY: _TEMPORARY.fullmatch(name.rpartition("/")[2]) is not None,
        HIDDEN: _HIDDEN.search(name.removeprefix(WELL_KNOWN)) is not None,
        OUTSIDE: access.is_outside,
        UNREADABLE: access.is_unreadable,
    }
    for word, holds in reasons.items():
        if holds and word not in allow:
            hint = f' (ALLOW: "{word}")' if word in ALLOW_WORDS else ""
            return LocalReason(word, TEXTS[word] + hint)
    return None


def are_ordinary(basenames: Collection[str]) -> bool:
    """Whether certainly none of these stays local for its name. One search for all is fast."""
    text = "/".join(("", *basenames)).lower()
    return text.isprintable() and not any(mark in text for mark in _MARKS)


def readers(storage_mode: int | None, others: int, group: int) -> int:
    """The permission bits of which a file needs one, by those that its storage gives new files.

    | the storage gives new files          | a file has to be open to          |
    |--------------------------------------|-----------------------------------|
    | to others too (0644)                 | others                            |
    | to the group alone (0640)            | others, or the group              |
    | to the owner alone (0600)            | anybody: that mode means nothing  |
    | the mode that the umask gives (None) | others, or the group              |
    """
    if storage_mode is None:
        return others | group
    if storage_mode & others:
        return others
    return others | group if storage_mode & group else ~0
