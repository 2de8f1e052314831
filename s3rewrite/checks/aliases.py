"""Aliases in STORAGES and CACHES, and what is configured there."""

from pathlib import Path
from typing import Any

from django.contrib.staticfiles.storage import StaticFilesStorage
from django.core.files.storage import FileSystemStorage

from s3rewrite import conf
from s3rewrite.checks.rules import Messages, Options, error, on_mount, warning, where
from s3rewrite.core.mounts import Mount
from s3rewrite.storage import S3RewriteStorageMixin

STORAGE = "s3rewrite.storage.S3RewriteStorage"


@on_mount
def known_aliases(mount: Mount, options: Options) -> Messages:
    """E005: an alias that STORAGES does not have. E006: one that CACHES does not have."""
    for number, key, setting in ((5, "STORAGE", "STORAGES"), (6, "CACHE", "CACHES")):
        alias, known = getattr(mount, key.lower()), conf.aliases(setting)
        if alias not in known and not (key == "CACHE" and mount.redis):
            hint = f"{setting} has: {', '.join(known) or 'nothing'}."
            message = f"{where(mount.alias, key)} is {alias!r}, which is not an alias in {setting}."
            yield error(number, message, hint)


@on_mount
def cache_backend(mount: Mount, options: Options) -> Messages:
    """E007: a cache that is not in Redis."""
    configuration: Any = conf.aliases("CACHES").get(mount.cache)
    if configuration is None or mount.redis:
        return
    if not conf.is_redis_cache(configuration.get("BACKEND")):
        message = f'CACHES["{mount.cache}"] of mount "{mount.alias}" is not a cache in Redis.'
        hint = 'Give it "REDIS": "redis://127.0.0.1:6379/1", or name another alias as "CACHE".'
        yield error(7, message, hint)


@on_mount
def storage_works(mount: Mount, options: Options) -> Messages:
    """E019: a storage that fails to start."""
    if mount.storage not in conf.aliases("STORAGES"):
        return
    try:
        conf.storage_of(mount)
    except Exception as problem:  # of any project's class, with any options
        message = f'STORAGES["{mount.storage}"] of mount "{mount.alias}" fails: {problem}'
        yield error(19, message, 'Fix its "BACKEND", its "OPTIONS" or the settings it reads.')


@on_mount
def storage_root(mount: Mount, options: Options) -> Messages:
    """E020: a storage whose directory is not set, or holds the project itself."""
    storage = conf.find_storage(mount)
    if not isinstance(storage, FileSystemStorage):
        return
    hint = 'Set MEDIA_ROOT, STATIC_ROOT or the storage\'s "location" to a directory for its files.'
    if not storage.base_location:
        yield error(20, f'The storage of mount "{mount.alias}" has no directory.', hint)
        return
    # The settings, or a database: a storage that holds them would upload them.
    for file in conf.private_files():
        if _holds(str(storage.location), file):
            message = f'The storage of mount "{mount.alias}" is {storage.location}, which holds '
            yield error(20, f"{message}{file}: it would go to S3.", hint)


@on_mount
def unseen_changes(mount: Mount, options: Options) -> Messages:
    """W005: a mount that links a changed file as it was, until the next pass."""
    storage = conf.find_storage(mount)
    if storage and not mount.check_local and not isinstance(storage, S3RewriteStorageMixin):
        message = f'Mount "{mount.alias}" may link to the old bytes of a file that was overwritten.'
        hint = 'Leave "CHECK_LOCAL" at True, or use s3rewrite.storage.S3RewriteStorage.'
        yield warning(5, message, hint)


@on_mount
def late_changes(mount: Mount, options: Options) -> Messages:
    """W013: a storage that tells nobody what it changes."""
    storage = conf.find_storage(mount)
    # Without CHECK_LOCAL W005 says more, and where files are freed E029.
    silent = isinstance(storage, FileSystemStorage) and mount.check_local and mount.keep_local
    if not silent or isinstance(storage, (S3RewriteStorageMixin, StaticFilesStorage)):
        return
    name = type(storage).__name__
    message = f'The {name} of mount "{mount.alias}" does not tell the loop what it saves: '
    hint = f'Set the "BACKEND" of STORAGES["{mount.storage}"] to "{STORAGE}".'
    yield warning(13, f"{message}a file is local until the next pass.", hint)


def _holds(directory: str, file: str) -> bool:
    return Path(file).resolve().is_relative_to(Path(directory).resolve())
