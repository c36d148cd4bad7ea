"""The quota, in every form that headers tell it in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.structures import CaseInsensitiveDict

from tap_mihu.api.quota import Quota, read_quota
from tests.sandbox.clock import NOON

MOMENT = f"X-RateLimit-Reset: {int(NOON.timestamp()) + 30}"
TOLD: dict[str, Quota | None] = {
    "X-RateLimit-Limit: 60 | X-RateLimit-Remaining: 59": Quota(60, 59),
    "x-ratelimit-limit: 60 | x-ratelimit-remaining: 0": Quota(60, 0),
    "X-RateLimit-Limit: 60 | X-RateLimit-Remaining: 61": Quota(60, 60),
    f"X-RateLimit-Limit: 60 | X-RateLimit-Remaining: 9 | {MOMENT}": Quota(60, 9, 30),
    "RateLimit-Limit: 60 | RateLimit-Remaining: 9 | RateLimit-Reset: 30": Quota(60, 9, 30),
    "RateLimit-Limit: 60, 60;w=10 | RateLimit-Remaining: 9 | RateLimit-Policy: 60;w=10": Quota(
        60, 9, None, 10
    ),
    "RateLimit: limit=60, remaining=9, reset=5 | RateLimit-Policy: 60;w=60": Quota(60, 9, 5, 60),
    'RateLimit: "a";r=9;t=5 | RateLimit-Policy: "a";q=60;w=60;pk=:abc=:': Quota(60, 9, 5, 60),
    'RateLimit: "a";r=900;t=5000, "b";r=9;t=5 | '
    'RateLimit-Policy: "a";q=1000;w=86400, "b";q=60;w=60': Quota(60, 9, 5, 60),
    "Date: today": None,
    "X-RateLimit-Limit: 60": None,
    "X-RateLimit-Remaining: 59": None,
    "X-RateLimit-Limit: 0 | X-RateLimit-Remaining: 0": None,
    "X-RateLimit-Limit: many | X-RateLimit-Remaining: 59": None,
    "X-RateLimit-Limit: 60 | X-RateLimit-Remaining: -1": None,
    'RateLimit: "a";r=9;t=5': None,
    'RateLimit-Policy: "a";q=60;w=60': None,
}


@pytest.mark.parametrize(("headers", "quota"), TOLD.items())
def test_a_quota_is_told_or_not(headers: str, quota: Quota | None) -> None:
    told = dict(header.split(": ", 1) for header in headers.split(" | "))
    assert read_quota(CaseInsensitiveDict(told), NOON) == quota


NAMES = ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
NAMES += ["RateLimit", "RateLimit-Policy", "RateLimit-Limit", "RateLimit-Remaining"]
wild = st.text(max_size=9) | st.text('019",;=rtqwlimitreman ', max_size=20)


@given(st.dictionaries(st.sampled_from(NAMES), wild))
def test_any_headers_tell_a_sound_quota_or_none(headers: dict[str, str]) -> None:
    quota = read_quota(CaseInsensitiveDict(headers), NOON)
    assert quota is None or 0 <= quota.remaining <= quota.limit
    assert quota is None or quota.limit > 0
