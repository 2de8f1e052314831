import pytest
from hypothesis import given
from hypothesis import strategies as st

from s3rewrite.rewriters.policies import hashed_rows
from tests.rewriters.support import check

HASH = "'sha256-AAAA='"
STYLE, ATTRIBUTE = {"style"}, {"style-attribute"}


@pytest.mark.parametrize(
    ("policies", "expected"),
    [
        ("", set()),
        ("default-src 'self'", set()),
        (f"style-src 'self' {HASH}", STYLE),
        (f"STYLE-SRC 'SHA384-A=' ; {HASH}", STYLE),
        (f"default-src {HASH}", STYLE),
        (f"default-src {HASH}; style-src 'unsafe-inline'", set()),
        (f"style-src {HASH}; style-src-elem 'nonce-x'", set()),
        (f"style-src-elem {HASH}", STYLE),
        (f"style-src 'unsafe-hashes' {HASH}", STYLE | ATTRIBUTE),
        (f"style-src-attr 'unsafe-hashes' {HASH}", ATTRIBUTE),
        (f"style-src-attr {HASH}", set()),
        ("style-src 'unsafe-hashes'", set()),
        (f"script-src {HASH}", set()),
        (f"style-src 'self'; style-src {HASH}", set()),
        (f"default-src 'self', style-src {HASH}", STYLE),
    ],
)
def test_hashed_rows(policies, expected):
    assert hashed_rows(policies) == expected


WORDS = ["default-src", "style-src", "style-src-attr", HASH, "'unsafe-hashes'", ";", ",", " ", "é"]


@given(st.lists(st.sampled_from(WORDS)).map(" ".join))
def test_nothing_is_hashed_without_a_hash(text):
    assert hashed_rows(text.replace(HASH, "'self'")) == set()


META = "<meta http-equiv='Content-Security-Policy' content=\"{}\">"
BODY = "<style>a{{b:url({0}/media/a)}}</style><p style='b:url({1}/media/b)'><img src=→/media/c>"


@pytest.mark.parametrize(
    ("policy", "marks"),
    [
        ("style-src 'self'", "→→"),
        (f"style-src {HASH}", " →"),
        (f"style-src {HASH} &#39;unsafe-hashes&#39;", "  "),
        (f"style-src-attr {HASH} 'unsafe-hashes'", "→ "),
    ],
)
def test_a_meta(policy, marks):
    check(META.format(policy) + BODY.format(*(mark.strip() for mark in marks)))


def test_a_meta_counts_in_a_body_within_the_body():
    inner = "<style>a{b:url(/media/a)}</style><img src=→/media/b>"
    check(META.format(f"style-src {HASH}") + f'<iframe srcdoc="{inner}"></iframe>', "srcdoc")


@pytest.mark.parametrize("before", ['<!-- <meta x=" -->', '<script>"<meta x="</script>', ""])
def test_a_meta_behind_what_looks_like_one(before):
    check(before + META.format(f"style-src {HASH}") + BODY.format("", "→"))
