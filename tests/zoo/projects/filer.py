from typing import Any

APPS = ["easy_thumbnails", "filer"]
PAGE = """{% load thumbnail %}{% for image in images %}<img src="{{ image.url }}">
<img src="{% thumbnail image.file 90x90 %}"><img src="{{ image.icons.48 }}">{% endfor %}"""


def values() -> dict[str, Any]:
    from filer.models import Image

    return {"images": Image.objects.all()}
