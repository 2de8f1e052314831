import subprocess
import sys

from django.apps import apps
from django.core import checks as django_checks

from s3rewrite import checks
from s3rewrite.apps import S3RewriteConfig


def test_the_app() -> None:
    found = apps.get_app_config("s3rewrite")
    assert type(found) is S3RewriteConfig
    assert found.verbose_name == "S3 rewrite"
    # A name in the admin, no table.
    assert not any(model._meta.managed for model in found.get_models())


def test_its_checks_are_registered() -> None:
    assert set(checks.CHECKS) <= set(django_checks.registry.registry.get_checks())


SCRIPT = """
import sys
import django
from django.conf import settings
settings.configure(INSTALLED_APPS=["s3rewrite"], S3REWRITE={"media": {"BUCKET": "uploads"}})
django.setup()
import s3rewrite.middleware, s3rewrite.storage, s3rewrite.templatetags.s3rewrite
print(sorted({"boto3", "botocore", "s3rewrite.sync"} & set(sys.modules)))
"""


def test_a_site_starts_without_boto3_and_without_redis() -> None:
    found = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT], capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.stderr) == ("[]\n", "")


CHECKED = """
import django
from django.conf import settings
from django.core.checks import Tags, run_checks
settings.configure(INSTALLED_APPS=["s3rewrite"])
django.setup()
print([found.id for found in run_checks(tags=[Tags.models])])
"""


def test_a_project_that_chose_no_kind_of_keys_is_not_warned() -> None:
    found = subprocess.run(
        [sys.executable, "-c", CHECKED], capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.stderr) == ("[]\n", "")
