import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.sync.plan import Action, Task, decide, plan

OLD, NEW = Signature(1, 1), Signature(1, 2)
ENTRY = Entry(OLD, "f" * 24)


@pytest.mark.parametrize(
    ("local", "entry", "force", "action"),
    [
        pytest.param(None, None, False, Action.NOTHING, id="neither on disk nor published"),
        pytest.param(None, ENTRY, False, Action.WITHDRAW, id="published and gone"),
        pytest.param(NEW, None, False, Action.UPLOAD, id="new"),
        pytest.param(OLD, ENTRY, False, Action.KEEP, id="unchanged"),
        pytest.param(NEW, ENTRY, False, Action.UPLOAD, id="changed"),
        pytest.param(OLD, ENTRY, True, Action.UPLOAD, id="unchanged, but forced"),
        pytest.param(None, ENTRY, True, Action.WITHDRAW, id="gone, though forced"),
    ],
)
def test_the_decision(
    local: Signature | None, entry: Entry | None, force: bool, action: Action
) -> None:
    assert decide(local, entry, force=force) is action


def test_a_directory() -> None:
    local = {"kept": OLD, "changed": NEW, "new": NEW}
    published = {"kept": ENTRY, "changed": ENTRY, "gone": ENTRY}
    found = plan("d", local, published)
    assert found.uploads == [Task("d/changed", NEW, ENTRY), Task("d/new", NEW, None)]
    assert found.withdrawals == ["d/gone"]
    assert found.kept == 1


NAMES = st.sampled_from("abcd")


@given(st.dictionaries(NAMES, st.sampled_from([OLD, NEW])), st.sets(NAMES), st.booleans())
def test_each_name_is_in_one_place(
    local: dict[str, Signature], published: set[str], force: bool
) -> None:
    found = plan("", local, dict.fromkeys(published, ENTRY), force=force)
    planned = [task.name for task in found.uploads] + found.withdrawals
    assert len(planned) == len(set(planned))
    assert len(planned) + found.kept == len(local.keys() | published)
    assert set(found.withdrawals) == published - local.keys()
