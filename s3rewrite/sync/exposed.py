"""What is public and should not be: objects of names that the settings exclude by now."""

import random
from contextlib import suppress
from hashlib import blake2b

from s3rewrite.core.plurals import plural
from s3rewrite.s3.errors import S3Error
from s3rewrite.s3.versions import names_in, objects_of
from s3rewrite.sync.context import SyncContext
from s3rewrite.sync.reporting.report import Report

CHECKED = 100
"""Names whose objects a pass looks for: somebody may have deleted them."""

EXPOSED = "the settings keep it local, but its object is still on S3: s3rewrite_purge --excluded"
NOTICE = "public on S3, though the settings keep local: {names}, such as {name}: run {run}"


def exposed_names(context: SyncContext) -> list[str]:
    """The names of objects that the settings keep local, by a listing. Raises S3Error."""
    return sorted(filter(context.is_kept_local, names_in(context.bucket)))


def find_exposed(context: SyncContext, report: Report) -> None:
    """Report the excluded names that have objects. Raises redis.RedisError.

    Only a whole pass does so. The bucket is listed once for each change of the settings that
    exclude; what a pass withdraws by them is noted there. Where S3 does not answer, a later pass
    looks again.
    """
    if not report.is_whole:
        return
    purges, mount = context.registry.purges, context.mount
    names, rules = purges.exposed()
    settings = repr((mount.exclude, mount.include, mount.allow))
    current = blake2b(settings.encode(), digest_size=8).hexdigest()
    mended = [name for name in names if not context.is_kept_local(name)]
    with suppress(S3Error):
        if not context.options.dry_run:
            checked = random.sample(names, min(CHECKED, len(names)))
            mended += [name for name in checked if not objects_of(context.bucket, name)]
            if rules != current:
                found = exposed_names(context)
                purges.expose(found, current)
                names = sorted({*names, *found})
    if not context.options.dry_run:
        purges.forget_exposed(mended)
    report.exposed = dict.fromkeys(names, EXPOSED)
    for name in mended:
        report.exposed.pop(name, None)
    if report.exposed:
        first, count = next(iter(report.exposed)), plural(len(report.exposed), "name")
        run = f"s3rewrite_purge --excluded --mount {mount.alias}"
        report.notices.append(NOTICE.format(names=count, name=first, run=run))
