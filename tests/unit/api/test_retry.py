"""Waits: how long before a request is sent again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.retry import backoff_seconds, retry_after_seconds
from tests.sandbox.clock import NOON as NOW

TOLD: dict[str | None, int | None] = {
    "30": 30,
    " 30 ": 30,
    "1.2": 2,
    "Sun, 15 Jun 2025 15:00:00 GMT": 10800,
    "Sunday, 15-Jun-25 12:00:30 GMT": 30,
    "Sun Jun 15 12:00:30 2025": 30,
    None: None,
    "": None,
    "0": None,
    "-30": None,
    "30s": None,
    "３０": None,  # noqa: RUF001 - the point
    "Sun, 15 Jun 2025 11:59:59 GMT": None,
    "Sun, 99 Jun 2025 12:00:30 GMT": None,
    "\ud800": None,
}


@pytest.mark.parametrize(("header", "seconds"), TOLD.items(), ids=map(ascii, TOLD))
def test_a_time_that_lies_ahead_is_told(header: str | None, seconds: int | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@given(st.text() | st.from_regex(r"[ +-]?[0-9]{1,30}(\.[0-9]{1,3})?[a-z]?"))
def test_any_header_tells_a_positive_time_or_none(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or seconds > 0


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_backoff_grows_whatever_the_jitter_and_is_bounded(
    tries: int, one: float, other: float
) -> None:
    waits = [backoff_seconds(min(tries, 6), one), backoff_seconds(tries + 1, other)]
    assert 0 < waits[0] <= waits[1] <= 60


def test_backoff_spreads() -> None:
    assert backoff_seconds(4, 0) < backoff_seconds(4, 0.5) < backoff_seconds(4, 1)
