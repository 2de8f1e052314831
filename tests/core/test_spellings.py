from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from s3rewrite.core.mounts import OPTIONS
from s3rewrite.core.spellings import parse_url, spelled_out

# A URL


@pytest.mark.parametrize(
    ("url", "options"),
    [
        ("s3://uploads", {"BUCKET": "uploads"}),
        ("s3://uploads/", {"BUCKET": "uploads"}),
        ("s3://uploads/me%20dia", {"BUCKET": "uploads", "PREFIX": "me dia/"}),
        (
            "s3://uploads/media/?region=eu-central-1",
            {
                "BUCKET": "uploads",
                "PREFIX": "media/",
                "CLIENT": {"region_name": "eu-central-1"},
            },
        ),
        (
            "s3://uploads?endpoint=https://s3.example.com&region=x",
            {
                "BUCKET": "uploads",
                "CLIENT": {"endpoint_url": "https://s3.example.com", "region_name": "x"},
            },
        ),
        ("s3://b?cors=true&check_local=false", {"BUCKET": "b", "CORS": True, "CHECK_LOCAL": False}),
        ("s3://b?threads=4&settle=0.5", {"BUCKET": "b", "THREADS": 4, "SETTLE": 0.5}),
        ("s3://b?exclude=*.tmp,private/", {"BUCKET": "b", "EXCLUDE": ["*.tmp", "private/"]}),
        ("s3://b?max_delete=10%25&prefix=", {"BUCKET": "b", "MAX_DELETE": "10%", "PREFIX": ""}),
        ("s3://b?redis=redis://:p%40w@h/1", {"BUCKET": "b", "REDIS": "redis://:p@w@h/1"}),
        # What checks report: a value of another type, an option that there is not.
        ("s3://b?cors=yes&zzz=1", {"BUCKET": "b", "CORS": "yes", "ZZZ": "1"}),
        ("s3://b?threads=x&settle=y", {"BUCKET": "b", "THREADS": "x", "SETTLE": "y"}),
    ],
)
def test_a_url_is_the_options_that_it_names(url: str, options: dict[str, Any]) -> None:
    assert parse_url(url) == options


@pytest.mark.parametrize(
    "url", ["", "uploads", "s3:uploads", "https://uploads/", "s3://", "s3://[", "s3://key:pw@b/"]
)
def test_another_text_stays_as_it_is(url: str) -> None:
    assert parse_url(url) == url


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(OPTIONS)), st.text(max_size=10)), st.text())
def test_no_url_raises(options: dict[str, str], text: str) -> None:
    query = "&".join(f"{name.lower()}={value}" for name, value in options.items())
    spelled_out({"media": f"s3://b/{text}?{query}", "*": text, "static": text})


# Shared defaults and presets: the nearest wins


def test_what_all_mounts_share() -> None:
    found = spelled_out(
        {
            "*": {"REDIS": "redis://r", "CLIENT": {"region_name": "x", "endpoint_url": "http://s"}},
            "media": {"BUCKET": "a", "CLIENT": {"region_name": "y"}},
            "static": "s3://b?redis=redis://other",
        }
    )
    assert found == {
        "media": {
            "REDIS": "redis://r",
            "CLIENT": {"region_name": "y", "endpoint_url": "http://s"},
            "BUCKET": "a",
        },
        "static": {
            "REDIS": "redis://other",
            "CLIENT": {"region_name": "x", "endpoint_url": "http://s"},
            "BUCKET": "b",
        },
    }


def test_the_nearest_wins() -> None:
    found = spelled_out(
        {
            "*": {"PRESET": "static", "STORAGE": "shared", "CORS": False},
            "media": {"BUCKET": "a", "PRESET": "cloudfront", "KEYS": "mirror"},
            "other": {"BUCKET": "b", "PRESET": "static", "STORAGE": "own"},
        }
    )
    assert (found["media"]["STORAGE"], found["media"]["KEYS"]) == ("shared", "mirror")
    assert found["media"]["CORS"] is False  # the shared option, not that of its preset
    assert (found["other"]["STORAGE"], found["other"]["CORS"]) == ("own", True)


@pytest.mark.parametrize(
    ("preset", "endpoint"),
    [
        ("hetzner", "https://fsn1.your-objectstorage.com"),
        ("digitalocean", "https://fsn1.digitaloceanspaces.com"),
        ("b2", "https://s3.fsn1.backblazeb2.com"),
    ],
)
def test_the_region_is_in_a_service_s_endpoint(preset: str, endpoint: str) -> None:
    shared = {"PRESET": preset, "CLIENT": {"region_name": "fsn1"}}
    assert spelled_out({"*": shared, "a": "s3://b"})["a"]["CLIENT"]["endpoint_url"] == endpoint
    assert spelled_out({"a": f"s3://b?preset={preset}&region=fsn1"})["a"]["CLIENT"] == {
        "endpoint_url": endpoint,
        "region_name": "fsn1",
    }


@pytest.mark.parametrize("mounts", [{"*": 3, "media": {}}, {"media": None}, {3: [1]}, {}])
def test_what_is_no_mount_stays_for_the_checks(mounts: dict[Any, Any]) -> None:
    assert spelled_out(mounts) == mounts
