"""System checks: what is wrong in the settings, where, and how to fix it. One function a rule.

Read rules first: it makes checks of the rules in the other modules, which register themselves when
they are imported. options (each option by itself), aliases (STORAGES and CACHES), urls (prefixes,
public URLs, keys), services (S3 and boto3), project (MIDDLEWARE), policy (the Content Security
Policy), cookies, compression, cdn, freed (KEEP_LOCAL), private (ACCESS) and tasks.
"""

from s3rewrite.checks import (  # noqa: F401 - imported to register their rules
    aliases,
    cdn,
    compression,
    cookies,
    freed,
    options,
    policy,
    private,
    project,
    services,
    tasks,
    urls,
)
from s3rewrite.checks.rules import CHECKS

__all__ = ["CHECKS"]
