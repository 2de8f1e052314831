"""Whether local files may be freed: what would not find them any more, what would lose them."""

from collections import Counter

from s3rewrite import conf
from s3rewrite.checks.aliases import storage_of
from s3rewrite.checks.rules import (
    Messages,
    Options,
    error,
    on_all,
    on_mount,
    readable,
    warning,
    where,
)
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.freeable import FreeableStorage


@on_mount
def freed_files_are_found(mount: Mount, options: Options) -> Messages:
    """E029: a storage, or pages, to which a freed file would be none."""
    if mount.keep_local:
        return
    place = where(mount.alias, "KEEP_LOCAL")
    storage = storage_of(mount)
    if storage and not isinstance(storage, FreeableStorage):
        name = type(storage).__name__
        message = f"{place} is False, and {name} cannot open what is on S3 alone."
        hint = f'Use s3rewrite.storage.S3RewriteStorage for STORAGES["{mount.storage}"].'
        yield error(29, message, hint)
    if not mount.check_local:
        message = f"{place} is False, and pages do not look at the disk: CHECK_LOCAL is False."
        yield error(29, message, "Leave CHECK_LOCAL out.")


@on_all
def freed_files_have_one_bucket(mounts: dict[str, Options]) -> Messages:
    """E030: files that are freed for one bucket while another one wants them too."""
    found = [mount for alias, options in mounts.items() if (mount := readable(alias, options))]
    count = Counter(mount.storage for mount in found)
    for mount in found:
        if not mount.keep_local and count[mount.storage] > 1:
            message = f"{where(mount.alias, 'KEEP_LOCAL')} is False, and another mount of "
            message += f'{conf.SETTING} has the same STORAGE, "{mount.storage}".'
            yield error(30, message, "Give each of them a storage of its own, or keep the files.")


@on_mount
def freed_files_may_be_deleted(mount: Mount, options: Options) -> Messages:
    """W009: the only copy is deleted with its stub."""
    if not mount.keep_local and mount.delete_missing and not mount.quarantine:
        message = f'Mount "{mount.alias}" deletes the only copy of a freed file when its stub is '
        hint = 'Name a "QUARANTINE", so that a mistake can be undone.'
        yield warning(9, f"{message}removed.", hint)
