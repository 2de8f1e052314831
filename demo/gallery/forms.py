"""Uploads: several new pictures at once, or one that replaces another."""

from collections.abc import Sequence
from io import BytesIO
from pathlib import PurePosixPath
from typing import Any

from django import forms
from django.core.files.base import ContentFile, File
from PIL import Image

MAX_BYTES = 20 * 1024 * 1024


class ManyFilesInput(forms.FileInput):
    """A file input for several files."""

    allow_multiple_selected = True


class PicturesField(forms.ImageField):
    """Several pictures, each checked as ImageField checks one."""

    widget = ManyFilesInput

    def clean(self, data: Any, initial: Any = None) -> "list[File[Any]]":
        """The uploaded files. Raises ValidationError for the first one that is no picture."""
        files: Sequence[Any] = data if isinstance(data, (list, tuple)) else [data]
        return [_not_too_big(super(PicturesField, self).clean(file, initial)) for file in files]


class UploadForm(forms.Form):
    """New pictures."""

    images = PicturesField(label="Pictures")


class OverwriteForm(forms.Form):
    """A picture that replaces another one."""

    image = forms.ImageField(label="Another picture, under the same name")

    def clean_image(self) -> "File[Any]":
        """The uploaded file, if it is not too big."""
        return _not_too_big(self.cleaned_data["image"])


def as_named(content: "File[Any]", name: str) -> "File[Any]":
    """The picture in the format of a name; unchanged if it is in that format already."""
    extensions = Image.registered_extensions()
    target = extensions.get(PurePosixPath(name).suffix.lower())
    with Image.open(content) as image:
        if target is None or image.format == target:
            content.seek(0)
            return content
        stream = BytesIO()
        image.convert("RGB").save(stream, target)
    return ContentFile(stream.getvalue(), name=name)


def _not_too_big(file: "File[Any]") -> "File[Any]":
    if file.size > MAX_BYTES:
        raise forms.ValidationError(f"{file.name} is larger than 20 MB.")
    return file
