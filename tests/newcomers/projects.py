"""What the five newcomers had before: a project each, as its own tutorial makes it."""

from dataclasses import dataclass, field

START = ("django-admin", "startproject", "mysite", ".")

PAGE = """
from django.core.files.storage import default_storage
from django.http import HttpResponse

def page(request):
    names = default_storage.listdir("")[1]
    return HttpResponse("".join(f'<img src="{default_storage.url(name)}">' for name in names))

urlpatterns.append(path("page/", page))
"""

SAVE = (
    "from django.core.files.base import ContentFile as C;"
    "from django.core.files.storage import default_storage as s;"
    "s.save('cat.svg', C(b'<svg xmlns=\\'http://www.w3.org/2000/svg\\'/>'))"
)


@dataclass(frozen=True)
class Project:
    """A project, and how its owner goes on."""

    name: str
    packages: tuple[str, ...] = ()
    start: tuple[str, ...] = START
    before: dict[str, str] = field(default_factory=dict)
    """File -> what stands in it before s3rewrite comes, behind what the start made."""
    settings: str = "mysite/settings.py"
    urls: str = "mysite/urls.py"
    save: str = SAVE
    page: str = "/page/"
    serves_media: bool = True
    """Whether the owner adds the URL pattern for local files."""
    static: bool = False
    init: bool = False
    """By `s3rewrite_init` in place of the README's lines, static files alone."""


POLLS_MODELS = """
from django.db import models

class Choice(models.Model):
    picture = models.FileField(upload_to="choices")
"""
POLLS_PAGE = """
from django.http import HttpResponse
from polls.models import Choice

def page(request):
    urls = [choice.picture.url for choice in Choice.objects.all()]
    return HttpResponse("".join(f'<img src="{url}">' for url in urls))

urlpatterns.append(path("page/", page))
"""
POLLS_SAVE = (
    "from django.core.management import call_command as c;c('makemigrations','polls',verbosity=0);"
    "c('migrate',verbosity=0);from django.core.files.base import ContentFile as C;"
    "from polls.models import Choice;Choice().picture.save('cat.jpg', C(b'a cat'))"
)

WAGTAIL_PAGE = """
from django.http import HttpResponse
from wagtail.images.models import Image

def page(request):
    picture = Image.objects.first().get_rendition("width-20")
    return HttpResponse(f'<img src="{picture.url}">')

urlpatterns.insert(0, path("page/", page))
"""
WAGTAIL_SAVE = (
    "import io;from PIL import Image as P;from django.core.files.base import ContentFile as C;"
    "from wagtail.images.models import Image;b=io.BytesIO();P.new('RGB',(40,40)).save(b,'PNG');"
    "i=Image(title='cat',file=C(b.getvalue(),'cat.png'));i.save();i.get_rendition('width-20')"
)

DRF_PAGE = """
import s3rewrite
from rest_framework.response import Response
from rest_framework.views import APIView

class Files(APIView):
    def get(self, request):
        return Response({"cat": s3rewrite.url("cat.svg", request=request, absolute=True)})

urlpatterns.append(path("page/", Files.as_view()))
"""

REDIS = """
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": "REDIS_URL",
    }
}
"""

PROJECTS = {
    project.name: project
    for project in (
        Project(
            "polls",
            before={
                "polls/__init__.py": "",
                "polls/models.py": POLLS_MODELS,
                "mysite/settings.py": 'INSTALLED_APPS += ["polls"]',
                "mysite/urls.py": POLLS_PAGE,
            },
            save=POLLS_SAVE,
        ),
        Project(
            "wagtail",
            packages=("wagtail",),
            start=("wagtail", "start", "mysite", "."),
            before={"mysite/urls.py": WAGTAIL_PAGE},
            settings="mysite/settings/base.py",
            save=WAGTAIL_SAVE,
            serves_media=False,
            static=True,
        ),
        Project(
            "drf",
            packages=("djangorestframework",),
            before={
                "mysite/settings.py": 'INSTALLED_APPS += ["rest_framework"]',
                "mysite/urls.py": DRF_PAGE,
            },
        ),
        Project("static", page="/admin/login/", init=True, save=""),
        Project(
            "redis",
            before={"mysite/settings.py": REDIS, "mysite/urls.py": PAGE},
            save=SAVE + ";from django.core.cache import cache;cache.clear()",
        ),
    )
}
