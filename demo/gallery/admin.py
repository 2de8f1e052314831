"""Pictures in the admin."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import SafeString

from demo.gallery.models import Picture

if TYPE_CHECKING:
    PictureAdminBase = admin.ModelAdmin[Picture]
else:
    PictureAdminBase = admin.ModelAdmin


@admin.register(Picture)
class PictureAdmin(PictureAdminBase):
    """Pictures with thumbnails, which are linked as on any page."""

    list_display = ["preview", "title", "width", "height", "created"]
    list_display_links = ["preview", "title"]
    readonly_fields = ["preview", "width", "height"]
    search_fields = ["title"]

    @admin.display(description="")
    def preview(self, picture: Picture) -> SafeString:
        """The picture, small."""
        if not picture.image:
            return SafeString("")
        return format_html('<img src="{}" alt="" height="48">', picture.url)
