import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.entries import Entry, Signature
from s3rewrite.sync.plan import Task, plan

OLD, NEW = Signature(1, 1), Signature(1, 2)
ENTRY = Entry(OLD, "f" * 24)


@pytest.mark.parametrize(
    ("local", "entry", "force", "action"),
    [
        pytest.param(None, None, False, "nothing", id="neither on disk nor published"),
        pytest.param(None, ENTRY, False, "withdraw", id="published and gone"),
        pytest.param(NEW, None, False, "upload", id="new"),
        pytest.param(OLD, ENTRY, False, "keep", id="unchanged"),
        pytest.param(NEW, ENTRY, False, "upload", id="changed"),
        pytest.param(OLD, ENTRY, True, "upload", id="unchanged, but forced"),
        pytest.param(None, ENTRY, True, "withdraw", id="gone, though forced"),
    ],
)
def test_the_decision(
    local: Signature | None, entry: Entry | None, force: bool, action: str
) -> None:
    found = plan("", {"a": local} if local else {}, {"a": entry} if entry else {}, force=force)
    actions = {"upload": found.uploads, "withdraw": found.withdrawals, "keep": found.kept}
    assert [name for name, names in actions.items() if names] == [action] * (action != "nothing")


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
