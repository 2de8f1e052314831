"""The URLs of every resident, after its own."""

from django.conf import settings
from django.contrib import admin
from django.urls import path

from tests.zoo.settings import project
from tests.zoo.shelf import views

urlpatterns = [
    *(project.urls() if hasattr(project, "urls") else ()),
    path("", views.page),
    path("upload/", views.upload),
    path("admin/", admin.site.urls),
    path("media/<path:name>", views.file, {"root": settings.MEDIA_ROOT}),
    path("static/<path:name>", views.file, {"root": settings.STATIC_ROOT}),
]
