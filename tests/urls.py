"""The URLs of the tests' settings: the admin, and freed files. ROOT_URLCONF names others."""

from django.contrib import admin
from django.urls import path

from s3rewrite.views import freed

urlpatterns = [
    path("admin/", admin.site.urls),
    path("freed/<path:name>", freed),
    path("streamed/<path:name>", freed, {"stream": True}),
]
