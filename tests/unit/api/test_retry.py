"""Waits: how long before a request is sent again."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.api.retry import (
    LONGEST_TOLD_WAIT_SECONDS,
    backoff_seconds,
    parse_http_date,
    retry_after_seconds,
    throttle_seconds,
)
from tests.sandbox.clock import NOON as NOW

TOLD = {
    "seconds": ("30", 30),
    "one second": ("1", 1),
    "spaces": (" 30 ", 30),
    "a fraction is waited in full": ("1.2", 2),
    "less than a second": ("0.2", 1),
    "an hour": ("3600", 3600),
    "many hours": ("86400", 86400),
    "date": ("Sun, 15 Jun 2025 12:00:30 GMT", 30),
    "date hours ahead": ("Sun, 15 Jun 2025 15:00:00 GMT", 10800),
    "older form of a date": ("Sunday, 15-Jun-25 12:00:30 GMT", 30),
    "oldest form of a date": ("Sun Jun 15 12:00:30 2025", 30),
}
UNTOLD = {
    "none": None,
    "empty": "",
    "zero": "0",
    "zero with a point": "0.0",
    "negative": "-30",
    "plus": "+30",
    "text": "soon",
    "unit": "30s",
    "list": "30, 60",
    "exponent": "1e3",
    "other digits": "３０",  # noqa: RUF001 - the point
    "infinite": "Infinity",
    "no number": "nan",
    "past date": "Sun, 15 Jun 2025 11:59:59 GMT",
    "present date": "Sun, 15 Jun 2025 12:00:00 GMT",
    "impossible date": "Sun, 99 Jun 2025 12:00:30 GMT",
    "ISO date": "2025-06-15T12:00:30Z",
    "control character": "\x00",
}


@pytest.mark.parametrize(("header", "seconds"), TOLD.values(), ids=TOLD)
def test_a_told_time(header: str, seconds: int) -> None:
    assert retry_after_seconds(header, NOW) == seconds


@pytest.mark.parametrize("header", UNTOLD.values(), ids=UNTOLD)
def test_no_time_that_lies_ahead(header: str | None) -> None:
    assert retry_after_seconds(header, NOW) is None


def test_a_time_of_hours_ends_the_run_and_an_hour_does_not() -> None:
    assert LONGEST_TOLD_WAIT_SECONDS == 3600


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


@pytest.mark.parametrize("header", [None, "", "yesterday", "2025-06-15", "Sun, 15 Jun", "\ud800"])
def test_no_http_date(header: str | None) -> None:
    assert parse_http_date(header) is None


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_backoff_is_bounded(tries: int, jitter: float) -> None:
    assert 0 < backoff_seconds(tries, jitter) <= 60


@given(st.integers(1, 6), st.floats(0, 1), st.floats(0, 1))
def test_backoff_grows_whatever_the_jitter(tries: int, one: float, other: float) -> None:
    assert backoff_seconds(tries, one) <= backoff_seconds(tries + 1, other)


def test_backoff_spreads() -> None:
    assert backoff_seconds(4, 0) < backoff_seconds(4, 0.5) < backoff_seconds(4, 1)


def test_untold_throttling_waits_exponentially_from_1_to_60_seconds() -> None:
    waits = [throttle_seconds(streak) for streak in range(1, 10)]
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert throttle_seconds(10**6) == 60
