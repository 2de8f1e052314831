"""No table: a name in Django's admin, and the permissions for its page."""

from django.db import models


class MountStatus(models.Model):
    """How the mounts are; what is shown of them is in Redis."""

    class Meta:
        """Nothing but a name and permissions."""

        managed = False
        default_permissions = ("view",)
        permissions = (("sync_mountstatus", "Can have files looked at and passes run"),)
        verbose_name = "status"
        verbose_name_plural = "files on S3"

    def __str__(self) -> str:
        """As the admin's logs would name it."""
        return "status"
