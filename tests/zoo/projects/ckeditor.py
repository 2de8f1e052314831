import json
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

APPS = ["django_ckeditor_5"]
PAGE = "{{ form.media }}{{ form }}{% for text in texts %}{{ text.text|safe }}{% endfor %}"


def values() -> dict[str, Any]:
    from django import forms
    from django_ckeditor_5.widgets import CKEditor5Widget

    from tests.zoo.shelf.models import Text

    class Form(forms.Form):
        text = forms.CharField(widget=CKEditor5Widget())

    return {"form": Form(), "texts": Text.objects.all()}


def write(request: HttpRequest) -> HttpResponse:
    """What the editor does: upload a picture, and save a text with the URL that was answered."""
    from django_ckeditor_5.views import upload_file

    from tests.zoo.shelf.models import Text

    response = upload_file(request)
    Text.objects.create(text=f'<p><img src="{json.loads(response.content)["url"]}"></p>')
    return response


def urls() -> list[Any]:
    return [path("ckeditor5/", include("django_ckeditor_5.urls")), path("write/", write)]
