"""Which files people mean to publish: what is doubtful stays local, but for ALLOW. Pure.

Names are those of files; the name of a directory ends with a slash here.
"""

import re
from collections.abc import Collection
from typing import NamedTuple

from s3rewrite.core.paths import is_linkable

HIDDEN, OUTSIDE, UNREADABLE, TEMPORARY = "hidden", "outside", "unreadable", "temporary"
ALLOW_WORDS = (HIDDEN, OUTSIDE, UNREADABLE, TEMPORARY)
"""What ALLOW may have."""

UNLINKABLE = "unlinkable"

TEXTS = {
    HIDDEN: "hidden: a part of its name begins with a dot",
    OUTSIDE: "a link that leads out of the storage",
    UNREADABLE: "unreadable: its permissions keep others from reading it",
    TEMPORARY: "by its name another program's temporary file",
    UNLINKABLE: "no URL can mean its name, which has a backslash or a control character: rename it",
}

WELL_KNOWN = ".well-known/"
"""In the root, what begins with it is public by its nature: RFC 8615, 3."""

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

# One of these is in each basename, with a slash before it and in lower case, that may have to stay.
_MARKS = (
    "/. /# ~ \\ .part .crdownload .opdownload .download .aria2 .filepart .tmp .temp .sw .upload"
).split()


class FileAccess(NamedTuple):
    """What the disk says of a name, behind links."""

    is_outside: bool = False
    """It lies, or would lie, outside of the storage."""
    is_unreadable: bool = False
    """Others may not read it, or not come to it."""


NORMAL_ACCESS = FileAccess()
"""Those of most files."""


class LocalReason(NamedTuple):
    """Why a file is kept local: the word, and a reason for people."""

    word: str
    reason: str


def why_kept_local(
    name: str, facts: FileAccess = NORMAL_ACCESS, allow: Collection[str] = ()
) -> LocalReason | None:
    """Why a file, or what a directory holds, is not to become public; None where it may.

    | its name, or what it is                     | kept local unless ALLOW has |
    |---------------------------------------------|-----------------------------|
    | has a backslash or a control character      | (always kept local)         |
    | is one that programs give temporary files   | "temporary"                 |
    | has a part with a dot first, no .well-known | "hidden"                    |
    | a link leads out of the storage             | "outside"                   |
    | others may not read it                      | "unreadable"                |
    | anything else                               | (goes to S3)                |
    """
    found = {
        UNLINKABLE: not is_linkable(name),
        TEMPORARY: _TEMPORARY.fullmatch(name.rpartition("/")[2]) is not None,
        HIDDEN: _HIDDEN.search(name.removeprefix(WELL_KNOWN)) is not None,
        OUTSIDE: facts.is_outside,
        UNREADABLE: facts.is_unreadable,
    }
    word = next((word for word, holds in found.items() if holds and word not in allow), "")
    if not word:
        return None
    return LocalReason(word, TEXTS[word] + (f' (ALLOW: "{word}")' if word in ALLOW_WORDS else ""))


def are_ordinary(basenames: Collection[str]) -> bool:
    """Whether surely none of these is kept local for its name: all at once, as that is fast."""
    text = "/".join(("", *basenames)).lower()
    return text.isprintable() and not any(mark in text for mark in _MARKS)


def readers(own: int | None, others: int, group: int) -> int:
    """The permissions of which a file needs one, by those that the storage gives its own files.

    | the storage's own files are     | it is enough if it is open to |
    |---------------------------------|-------------------------------|
    | open to others (0644)           | others                        |
    | open to the group alone (0640)  | others, or the group          |
    | open to the owner alone (0600)  | anybody: that tells nothing   |
    | as the umask has it (None)      | others, or the group          |
    """
    if own is None:
        return others | group
    if own & others:
        return others
    return others | group if own & group else ~0
