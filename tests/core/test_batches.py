from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.core.batches import batches


@given(st.lists(st.integers()), st.integers(1, 9))
def test_all_items_in_their_order_and_no_batch_empty_or_too_large(
    items: list[int], size: int
) -> None:
    found = list(batches(iter(items), size))
    assert [item for batch in found for item in batch] == items
    assert all(len(batch) == size for batch in found[:-1])
    assert all(0 < len(batch) <= size for batch in found)
