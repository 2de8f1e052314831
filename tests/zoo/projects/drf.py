from typing import Any

from django.urls import path

APPS = ["rest_framework"]

MEDIA = {"CONTEXTS": ["json"]}


def urls() -> list[Any]:
    from rest_framework import generics, serializers

    from tests.zoo.shelf.models import Picture

    class Pictures(serializers.ModelSerializer[Picture]):
        class Meta:
            model = Picture
            fields = ("id", "image")

    class View(generics.ListCreateAPIView[Picture]):
        queryset = Picture.objects.all()
        serializer_class = Pictures

    return [path("api/", View.as_view())]
