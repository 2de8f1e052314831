"""Whether local files may be freed: what could not read them then, and what could lose them."""

from collections import Counter

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, error, on_all, on_mount, parse, warning, where
from s3rewrite.core.mounts import Mount
from s3rewrite.disk.freeable import FreeableStorage


@on_mount
def freed_files_are_found(mount: Mount, options: Options) -> Messages:
    """E029: a storage, or pages, that would take a freed file for a missing one."""
    if mount.keep_local:
        return
    place = where(mount.alias, "KEEP_LOCAL")
    storage = conf.find_storage(mount)
    if storage and not isinstance(storage, FreeableStorage):
        name = type(storage).__name__
        message = f"{place} is False, and {name} cannot open files that are on S3 only."
        hint = f'Use s3rewrite.storage.S3RewriteStorage for STORAGES["{mount.storage}"].'
        yield error(29, message, hint)
    if not mount.check_local:
        message = f"{place} is False, and pages do not look at the disk: CHECK_LOCAL is False."
        yield error(29, message, "Leave CHECK_LOCAL out.")


@on_all
def freed_files_have_one_bucket(mounts: dict[str, Options]) -> Messages:
    """E030: files that one mount frees and another mount uploads, too."""
    parsed = [mount for alias, options in mounts.items() if (mount := parse(alias, options))]
    count = Counter(mount.storage for mount in parsed)
    for mount in parsed:
        if not mount.keep_local and count[mount.storage] > 1:
            message = f"{where(mount.alias, 'KEEP_LOCAL')} is False, and another mount of "
            message += f'{conf.SETTING} has the same STORAGE, "{mount.storage}".'
            yield error(30, message, "Give each of them a storage of its own, or keep the files.")


@on_mount
def freed_files_may_be_deleted(mount: Mount, options: Options) -> Messages:
    """W009: objects that are deleted for good, though they may be the only copy."""
    if not mount.keep_local and mount.delete_missing and not mount.quarantine:
        message = f'Mount "{mount.alias}" deletes the only copy of a freed file when its stub is '
        hint = 'Name a "QUARANTINE", so that a mistake can be undone.'
        yield warning(9, f"{message}removed.", hint)
