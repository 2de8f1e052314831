"""System checks: what is wrong in the settings, where, and what to do. A function a rule."""

from s3rewrite.checks import (
    aliases,
    compression,
    cookies,
    freed,
    options,
    policy,
    project,
    services,
    tasks,
    urls,
)
from s3rewrite.checks.rules import CHECKS

__all__ = [
    "CHECKS",
    "aliases",
    "compression",
    "cookies",
    "freed",
    "options",
    "policy",
    "project",
    "services",
    "tasks",
    "urls",
]
