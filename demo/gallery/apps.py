"""The app's configuration."""

from django.apps import AppConfig


class GalleryConfig(AppConfig):
    """Pictures that are uploaded, overwritten and deleted."""

    name = "demo.gallery"
    default_auto_field = "django.db.models.BigAutoField"
