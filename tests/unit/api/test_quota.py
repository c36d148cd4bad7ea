"""The quota, in every form that headers tell it in."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_mihu.api.quota import Quota, read_quota

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
EPOCH = int(NOW.timestamp())

TOLD: dict[str, tuple[dict[str, str], Quota]] = {
    "Laravel": (
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "59"},
        Quota(60, 59),
    ),
    "small letters": (
        {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "0"},
        Quota(60, 0),
    ),
    "with a moment": (
        {
            "X-RateLimit-Limit": "60",
            "X-RateLimit-Remaining": "9",
            "X-RateLimit-Reset": str(EPOCH + 30),
        },
        Quota(60, 9, 30),
    ),
    "with seconds": (
        {"RateLimit-Limit": "60", "RateLimit-Remaining": "9", "RateLimit-Reset": "30"},
        Quota(60, 9, 30),
    ),
    "with a policy": (
        {
            "RateLimit-Limit": "60, 60;w=10",
            "RateLimit-Remaining": "9",
            "RateLimit-Policy": "60;w=10",
        },
        Quota(60, 9, None, 10),
    ),
    "one header": (
        {"RateLimit": "limit=60, remaining=9, reset=5", "RateLimit-Policy": "60;w=60"},
        Quota(60, 9, 5, 60),
    ),
    "a list": (
        {"RateLimit": '"default";r=9;t=5', "RateLimit-Policy": '"default";q=60;w=60;pk=:abc=:'},
        Quota(60, 9, 5, 60),
    ),
    "the tightest of several": (
        {
            "RateLimit": '"day";r=900;t=5000, "minute";r=9;t=5',
            "RateLimit-Policy": '"day";q=1000;w=86400, "minute";q=60;w=60',
        },
        Quota(60, 9, 5, 60),
    ),
    "more left than there is": (
        {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "61"},
        Quota(60, 60),
    ),
}


@pytest.mark.parametrize(("headers", "quota"), TOLD.values(), ids=TOLD)
def test_a_quota_that_is_told(headers: dict[str, str], quota: Quota) -> None:
    assert read_quota(CaseInsensitiveDict(headers), NOW) == quota


UNTOLD: list[dict[str, str]] = [
    {},
    {"X-RateLimit-Limit": "60"},
    {"X-RateLimit-Remaining": "59"},
    {"X-RateLimit-Limit": "0", "X-RateLimit-Remaining": "0"},
    {"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "59"},
    {"X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "-1"},
    {"RateLimit": '"default";r=9;t=5'},
    {"RateLimit-Policy": '"default";q=60;w=60'},
]


@pytest.mark.parametrize("headers", UNTOLD, ids=str)
def test_no_quota(headers: dict[str, str]) -> None:
    assert read_quota(CaseInsensitiveDict(headers), NOW) is None


NAMES = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
NAMES += ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining"]
wild = st.text() | st.from_regex(r'[0-9",;=rtqwlimit ]{0,30}', fullmatch=True)


@given(st.dictionaries(st.sampled_from(NAMES), wild))
def test_any_headers_tell_a_sound_quota_or_none(headers: dict[str, str]) -> None:
    quota = read_quota(CaseInsensitiveDict(headers), NOW)
    assert quota is None or 0 <= quota.remaining <= quota.limit
    assert quota is None or quota.limit > 0
