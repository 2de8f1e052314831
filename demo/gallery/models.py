"""A picture and its file."""

import secrets
from pathlib import PurePosixPath
from typing import Any, ClassVar

from django.core.files.base import File
from django.core.files.images import get_image_dimensions
from django.db import models, transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django.urls import reverse
from django.utils.text import slugify


def picture_name(_picture: "Picture", filename: str) -> str:
    """A unique name for a new picture's file, like the uploaded one's."""
    path = PurePosixPath(filename)
    stem = slugify(path.stem)[:60] or "picture"
    return f"pictures/{stem}-{secrets.token_hex(3)}{path.suffix.lower()}"


class Picture(models.Model):
    """A picture of the gallery."""

    title = models.CharField(max_length=80)
    image = models.ImageField(
        upload_to=picture_name, width_field="width", height_field="height", max_length=120
    )
    width = models.PositiveIntegerField(editable=False, default=0)
    height = models.PositiveIntegerField(editable=False, default=0)
    created = models.DateTimeField(auto_now_add=True)
    changed = models.DateTimeField(auto_now=True)

    objects: ClassVar["models.Manager[Picture]"] = models.Manager()

    class Meta:
        ordering = ["-created", "-pk"]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The picture's own page."""
        return reverse("gallery:picture", args=[self.pk])

    @property
    def url(self) -> str:
        """The local URL, as any template would write it, with a query that changes with the bytes.

        Without the query a browser would show old bytes from its cache.
        """
        return f"{self.image.url}?v={int(self.changed.timestamp() * 1000):x}"

    def overwrite(self, content: "File[Any]") -> None:
        """Replace the file, under the same name."""
        self.image.storage.save(str(self.image.name), content)
        width, height = get_image_dimensions(content)
        self.width, self.height = width or 0, height or 0
        self.save()


@receiver(post_delete, sender=Picture)
def delete_file(instance: Picture, **_: object) -> None:
    """Delete a deleted picture's file, too, once the transaction is committed."""
    name, storage = str(instance.image.name), instance.image.storage
    transaction.on_commit(lambda: storage.delete(name))
