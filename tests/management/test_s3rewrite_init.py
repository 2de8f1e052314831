"""`s3rewrite_init` on real servers, in a project with Django's own defaults."""

import os
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from demo.servers import SeaweedFS, Valkey

SITE = """
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent
SECRET_KEY = "only-for-tests"
INSTALLED_APPS = ["django.contrib.staticfiles", "s3rewrite"]
MIDDLEWARE = []
STATIC_URL = "/static/"
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "new_site.py").write_text(SITE)
    return tmp_path


def init(project: Path, *options: str, answers: str = "", **keys: str) -> tuple[int, str]:
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "new_site",
        "PYTHONPATH": os.pathsep.join([str(project), str(Path.cwd())]),
        **keys,
    }
    command = [sys.executable, "-m", "django", "s3rewrite_init", *options]
    found = subprocess.run(
        command, env=environment, input=answers, capture_output=True, text=True, check=False
    )
    return found.returncode, found.stdout + found.stderr


def keys(seaweedfs: SeaweedFS) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": seaweedfs.access_key,
        "AWS_SECRET_ACCESS_KEY": seaweedfs.secret_key,
    }


def test_a_fresh_project(project: Path, seaweedfs: SeaweedFS, valkey: Valkey, bucket: str) -> None:
    (project / "media").mkdir()
    (project / "media/a.txt").write_text("hello")
    url = valkey.url.replace("/0", "/1")
    options = ["--bucket", bucket, "--endpoint", seaweedfs.url, "--redis", url, "--yes"]
    code, said = init(project, *options, **keys(seaweedfs))
    assert code == 0, said
    assert "MIDDLEWARE += ['s3rewrite.middleware.S3RewriteMiddleware']" in said
    assert f"MEDIA_ROOT = '{project}/media'" in said
    assert "'s3rewrite.storage.S3RewriteStorage'" in said
    assert "'PRESET': 'static'" in said
    assert "media: 1 uploaded" in said
    assert "static-root does not exist yet; manage.py collectstatic makes it" in said
    # The lines are settings as they stand.
    lines = "\n".join(line for line in said.partition("S3REWRITE = ")[0].splitlines())
    assert lines.startswith("# In the settings")
    assert WRONG not in said


WRONG = "WRONG"


def test_questions_are_asked(project: Path, seaweedfs: SeaweedFS, valkey: Valkey) -> None:
    answers = f"new-bucket\nus-east-1\n{seaweedfs.url}\n\nmedia\nn\nn\nn\n"
    code, said = init(project, answers=answers)
    assert code == 0, said
    assert "Run s3rewrite_doctor now?" in said
    assert "'media': {'BUCKET': 'new-bucket'}" in said
    assert "'redis://127.0.0.1:6379/1'" in said
    assert "STATIC_ROOT" not in said


@pytest.mark.parametrize("options", [{"bucket": ""}, {"bucket": "b", "offload": "all"}])
def test_what_it_needs(options: dict[str, Any]) -> None:
    with pytest.raises(CommandError, match="--bucket NAME"):
        call_command("s3rewrite_init", yes=True, stdout=StringIO(), **options)
