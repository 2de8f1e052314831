"""No table: a model that gives the admin's page its name and its permissions."""

from django.db import models
from django.utils.translation import gettext_lazy


class MountStatus(models.Model):
    """The state of the mounts, which is in Redis."""

    class Meta:
        """A name and permissions."""

        managed = False
        default_permissions = ("view",)
        permissions = (
            ("sync_mountstatus", "Can have files looked at and passes run"),
            ("purge_mountstatus", "Can take files down"),
        )
        verbose_name = gettext_lazy("status")
        verbose_name_plural = gettext_lazy("files on S3")

    def __str__(self) -> str:
        """The name in the admin's logs."""
        return "status"
