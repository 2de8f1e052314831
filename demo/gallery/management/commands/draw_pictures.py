"""Draws the gallery's pictures and adds them, the last one first: the first one is the newest."""

from argparse import ArgumentParser
from concurrent.futures import ProcessPoolExecutor

from django.core.files.base import ContentFile
from django.core.management.base import BaseCommand

from demo.gallery.drawings import DRAWINGS, Drawing
from demo.gallery.models import Picture


class Command(BaseCommand):
    """Draws pictures and adds them to the gallery."""

    help = "Draw the gallery's pictures and add them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """How many."""
        parser.add_argument("--count", type=int, default=len(DRAWINGS))

    def handle(self, *, count: int, **_: object) -> None:
        """Draw in as many processes as there are processors; add the pictures one by one."""
        drawings = DRAWINGS[:count][::-1]
        with ProcessPoolExecutor() as pool:
            for drawing, data in zip(drawings, pool.map(Drawing.data, drawings), strict=True):
                image = ContentFile(data, name=drawing.filename)
                Picture.objects.create(title=drawing.title, image=image)
