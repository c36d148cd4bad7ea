"""Waits: how long before a request is sent again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.retry import (
    backoff_seconds,
    parse_http_date,
    retry_after_seconds,
    throttle_seconds,
)
from tests.sandbox.clock import NOON as NOW

TOLD = {
    "30": 30,
    " 30 ": 30,
    "1.2": 2,
    "0.2": 1,
    "86400": 86400,
    "Sun, 15 Jun 2025 15:00:00 GMT": 10800,
    "Sunday, 15-Jun-25 12:00:30 GMT": 30,
    "Sun Jun 15 12:00:30 2025": 30,
    "": None,
    "0": None,
    "0.0": None,
    "-30": None,
    "+30": None,
    "soon": None,
    "30s": None,
    "30, 60": None,
    "1e3": None,
    "３０": None,  # noqa: RUF001 - the point
    "Infinity": None,
    "Sun, 15 Jun 2025 11:59:59 GMT": None,
    "Sun, 15 Jun 2025 12:00:00 GMT": None,
    "Sun, 99 Jun 2025 12:00:30 GMT": None,
    "2025-06-15T12:00:30Z": None,
    "\x00": None,
    "\ud800": None,
}


@pytest.mark.parametrize(("header", "seconds"), TOLD.items(), ids=map(ascii, TOLD))
def test_a_time_that_lies_ahead_is_told(header: str, seconds: int | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_where_there_is_no_header_no_time_is_told() -> None:
    assert retry_after_seconds(None, NOW) is None


@given(st.text() | st.from_regex(r"[ +-]?[0-9]{1,30}(\.[0-9]{1,3})?[a-z]?"))
def test_any_header_tells_a_positive_time_or_none(header: str) -> None:
    seconds = retry_after_seconds(header, NOW)
    assert seconds is None or seconds > 0


@given(st.datetimes(datetime(1971, 1, 1), datetime(9998, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_http_dates(moment: datetime) -> None:
    header = format_datetime(moment, usegmt=True)
    whole = moment.replace(microsecond=0)
    assert parse_http_date(header) == whole
    ahead = (whole - NOW) / timedelta(seconds=1)
    assert retry_after_seconds(header, NOW) == (ahead if ahead > 0 else None)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 1))
def test_backoff_grows_whatever_the_jitter_and_is_bounded(
    tries: int, one: float, other: float
) -> None:
    waits = [backoff_seconds(min(tries, 6), one), backoff_seconds(tries + 1, other)]
    assert 0 < waits[0] <= waits[1] <= 60


def test_backoff_spreads() -> None:
    assert backoff_seconds(4, 0) < backoff_seconds(4, 0.5) < backoff_seconds(4, 1)


def test_untold_throttling_waits_exponentially_from_1_to_60_seconds() -> None:
    waits = [throttle_seconds(streak) for streak in (1, 2, 3, 4, 5, 6, 7, 8, 10**6)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
