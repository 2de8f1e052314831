"""The app: registers the system checks."""

from django.apps import AppConfig
from django.core import checks as django_checks


class S3RewriteConfig(AppConfig):
    """The app."""

    name = "s3rewrite"
    verbose_name = "S3 rewrite"
    default_auto_field = "django.db.models.BigAutoField"  # else Django before 6 warns of it

    def ready(self) -> None:
        """Register the checks."""
        from s3rewrite import checks  # noqa: PLC0415 - settings are ready only now

        for check in checks.CHECKS:
            django_checks.register(check)
