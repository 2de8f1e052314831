"""The URLs of the tests' settings: the admin. A test that wants others overrides ROOT_URLCONF."""

from django.contrib import admin
from django.urls import path

urlpatterns = [path("admin/", admin.site.urls)]
