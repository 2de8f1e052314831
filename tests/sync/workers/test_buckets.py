import os
from pathlib import Path
from typing import Any

import pytest

from s3rewrite.core.mounts import Mount
from s3rewrite.sync.workers import buckets as lending
from s3rewrite.sync.workers.worker import lent
from tests.factories import use_mount


@pytest.fixture
def mount(settings: Any, tmp_path: Path) -> Mount:
    return use_mount(settings, tmp_path)


def test_a_bucket_is_lent_to_one_at_a_time(mount: Mount) -> None:
    with lent(mount) as first, lent(mount) as second:
        assert first is not second
    with lent(mount) as again:
        assert again in (first, second)


def test_a_mount_with_other_options_has_another(settings: Any, tmp_path: Path) -> None:
    with lent(use_mount(settings, tmp_path)) as bucket:
        pass
    with lent(use_mount(settings, tmp_path, BUCKET="another")) as other:
        assert other is not bucket
        assert other.name == "another"


def test_one_whose_borrower_failed_is_not_lent_again(mount: Mount) -> None:
    with pytest.raises(ZeroDivisionError), lent(mount) as broken:
        raise ZeroDivisionError
    with lent(mount) as bucket:
        assert bucket is not broken


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_begins_with_its_own(mount: Mount) -> None:
    with lent(mount):
        pass
    child = os.fork()
    if not child:
        os._exit(sum(map(len, lending._idle.values())))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert lending._idle[mount]
