"""As a project has it: the lines of docs/testing-helpers.md, in a pytest of its own."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SETTINGS = """
from tests.settings import *
ROOT_URLCONF = "site_urls"
MIDDLEWARE = ["s3rewrite.middleware.S3RewriteMiddleware"]
S3REWRITE = {"media": {"BUCKET": "uploads", "PUBLIC_URL": "https://cdn.test/m/"}}
"""
URLS = """
from django.http import HttpResponse
from django.urls import path

def page(request):
    return HttpResponse('<img src="/media/a.jpg">')

urlpatterns = [path("photos/", page)]
"""
TESTS = """
from unittest import TestCase

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from s3rewrite.testing import in_memory


@pytest.fixture
def photo(files_on_s3):
    return default_storage.save("a.jpg", ContentFile(b"bytes"))


def test_the_photo_comes_from_s3(client, files_on_s3, photo):
    files_on_s3.sync()
    assert files_on_s3.links(client.get("/photos/"), photo)


class PhotoTests(TestCase):
    def setUp(self):
        self.files = self.enterContext(in_memory())

    def test_an_upload_goes_to_s3(self):
        photo = default_storage.save("a.jpg", ContentFile(b"bytes"))
        self.files.sync()
        self.assertTrue(self.files.holds(photo))
"""


def test_a_project_uses_them_in_two_lines(tmp_path: Path) -> None:
    files = {
        "site_settings.py": SETTINGS,
        "site_urls.py": URLS,
        "conftest.py": 'pytest_plugins = ["s3rewrite.testing.fixtures"]\n',
        "test_site.py": TESTS,
        "pytest.ini": "[pytest]\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    found = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "site_settings",
            "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
        },
    )  # fmt: skip
    assert "2 passed" in found.stdout, found.stdout + found.stderr
