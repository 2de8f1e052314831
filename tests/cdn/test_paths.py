import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from s3rewrite.cdn.paths import MOST, paths_of
from s3rewrite.core.mounts import Mount

CDN = "https://cdn.example.com/m/"


def mount(url: str = CDN, **options: Any) -> Mount:
    return Mount(alias="media", bucket="b", prefix="media/", public_url=url, **options)


@pytest.mark.parametrize(
    ("keys", "name", "path"),
    [
        ("mirror", "a.jpg", "/m/a.jpg"),
        ("mirror", "p/ä b.jpg", "/m/p/%C3%A4%20b.jpg"),
        ("mirror", "a*.jpg", "/m/a%2A.jpg"),
        ("fingerprint", "p/a.jpg", "/m/p/a*"),
        ("fingerprint", "p/.hidden", "/m/p/.hidden*"),
        ("fingerprint", "p/a.b.jpg", "/m/p/a.b*"),
    ],
)
def test_the_path_of_a_name(keys: Any, name: str, path: str) -> None:
    assert paths_of(mount(keys=keys), [name]) == [path]


def test_everything() -> None:
    assert paths_of(mount(), ["a", "", "b"]) == ["/m/*"]
    assert paths_of(mount("https://cdn.example.com/"), [""]) == ["/*"]


def test_many_are_one_path() -> None:
    names = [f"p/{number}.jpg" for number in range(MOST)]
    assert len(paths_of(mount(), names)) == MOST
    assert paths_of(mount(), [*names, "p/x.jpg"]) == ["/m/p/*"]
    assert paths_of(mount(), [*names, "x.jpg"]) == ["/m/*"]
    assert paths_of(mount("https://cdn.example.com/"), [*names, "x.jpg"]) == ["/*"]


PART = st.text("ab*é", min_size=1, max_size=3)


@limits(deadline=None, max_examples=60)
@given(
    st.lists(st.builds("/".join, st.lists(PART, min_size=1, max_size=3)), min_size=1, max_size=4),
    st.integers(0, MOST + 2),
    st.sampled_from(["mirror", "fingerprint"]),
)
def test_each_name_is_among_them(names: list[str], more: int, keys: Any) -> None:
    """However many there are, a path means the URL of each name."""
    first = mount(keys=keys)
    names += [f"{names[0]}/{number}" for number in range(more)]
    paths = paths_of(first, names)
    assert len(paths) <= MOST
    chance = random.Random(1)
    for name in [*names[:4], chance.choice(names)]:
        url = first.paths.url(name, "0123456789abcdef01234567").removeprefix(
            "https://cdn.example.com"
        )
        assert any(
            url.startswith(path[:-1]) if path.endswith("*") else url == path for path in paths
        )
