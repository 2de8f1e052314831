from s3rewrite.sync.referring import in_circles


def test_circles() -> None:
    assert in_circles({}) == set()
    assert in_circles({"a": "b", "b": "a", "c": "a", "d": "/static/x"}) == {"a", "b"}
    assert in_circles({"a": "b", "b": "c", "c": "a"}) == {"a", "b", "c"}
