"""Timestamps: every form that the API may send, in one form that sorts as text."""

import re
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_mihu.records.timestamps import canonical, parse, to_text

FIXED_WIDTH = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")

ACCEPTED = {
    "Laravel's own": ("2025-11-25T10:00:00.123456Z", "2025-11-25T10:00:00.123456Z"),
    "whole seconds": ("2026-06-13T08:00:00Z", "2026-06-13T08:00:00.000000Z"),
    "whole minutes": ("2026-06-13T08:00Z", "2026-06-13T08:00:00.000000Z"),
    "space, no zone": ("2025-12-01 10:00:00", "2025-12-01T10:00:00.000000Z"),
    "T, no zone": ("2025-12-01T10:00:00", "2025-12-01T10:00:00.000000Z"),
    "fraction, no zone": ("2025-12-01 10:00:00.5", "2025-12-01T10:00:00.500000Z"),
    "date alone": ("2025-12-01", "2025-12-01T00:00:00.000000Z"),
    "lower case": ("2025-12-01t10:00:00z", "2025-12-01T10:00:00.000000Z"),
    "space around": ("  2025-12-01T10:00:00Z\n", "2025-12-01T10:00:00.000000Z"),
    "space before zone": ("2025-12-01 10:00:00 +03:00", "2025-12-01T07:00:00.000000Z"),
    "offset east": ("2025-12-01T10:00:00+03:00", "2025-12-01T07:00:00.000000Z"),
    "offset west": ("2025-12-01T10:00:00-08:00", "2025-12-01T18:00:00.000000Z"),
    "offset without colon": ("2025-12-01T10:00:00+0530", "2025-12-01T04:30:00.000000Z"),
    "offset of hours": ("2025-12-01T10:00:00-03", "2025-12-01T13:00:00.000000Z"),
    "offset zero": ("2025-12-01T10:00:00+00:00", "2025-12-01T10:00:00.000000Z"),
    "offset over midnight": ("2025-12-31T23:30:00-01:00", "2026-01-01T00:30:00.000000Z"),
    "offset over a leap day": ("2024-03-01T00:30:00+01:00", "2024-02-29T23:30:00.000000Z"),
    "one digit of a second": ("2025-12-01T10:00:00.1Z", "2025-12-01T10:00:00.100000Z"),
    "milliseconds": ("2025-12-01T10:00:00.123Z", "2025-12-01T10:00:00.123000Z"),
    "nanoseconds are cut off": ("2025-12-01T10:00:00.123456789Z", "2025-12-01T10:00:00.123456Z"),
    "nanoseconds are not rounded": (
        "2025-12-01T10:00:00.999999999Z",
        "2025-12-01T10:00:00.999999Z",
    ),
    "comma": ("2025-12-01T10:00:00,25Z", "2025-12-01T10:00:00.250000Z"),
    "day 29": ("2025-01-29T10:00:00Z", "2025-01-29T10:00:00.000000Z"),
    "day 30": ("2025-04-30T10:00:00.000000Z", "2025-04-30T10:00:00.000000Z"),
    "day 31": ("2025-12-31T10:00:00.000000Z", "2025-12-31T10:00:00.000000Z"),
    "leap day": ("2024-02-29T10:00:00.000000Z", "2024-02-29T10:00:00.000000Z"),
    "leap day of a century": ("2000-02-29", "2000-02-29T00:00:00.000000Z"),
    "first year": ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00.000000Z"),
    "early year keeps its zeros": ("0987-06-05", "0987-06-05T00:00:00.000000Z"),
    "last moment": ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
}

REFUSED = {
    "empty": "",
    "space": "  ",
    "MySQL's zero date": "0000-00-00 00:00:00",
    "zero date alone": "0000-00-00",
    "zero date with zone": "0000-00-00T00:00:00.000000Z",
    "Carbon's zero date": "-0001-11-30T00:00:00.000000Z",
    "year zero": "0000-01-01T00:00:00.000000Z",
    "month zero": "2025-00-10",
    "day zero": "2025-01-00",
    "13th month": "2025-13-01T00:00:00Z",
    "April 31": "2025-04-31T00:00:00Z",
    "February 30": "2024-02-30T00:00:00.000000Z",
    "no leap year": "2025-02-29T00:00:00.000000Z",
    "no leap century": "1900-02-29",
    "hour 24": "2025-01-01T24:00:00.000000Z",
    "minute 60": "2025-01-01T10:60:00Z",
    "second 60": "2025-01-01T23:59:60Z",
    "offset of a day": "2025-01-01T10:00:00+24:00",
    "before the first year": "0001-01-01T00:00:00+01:00",
    "after the last year": "9999-12-31T23:59:59-01:00",
    "ISO week": "2025-W01-1",
    "ISO week with time": "2025-W01-1T10:00:00Z",
    "ISO week of full width": "2025W01-1T10:00:00.0000000Z",
    "ordinal day": "2025-032",
    "basic form": "20250101T100000Z",
    "basic date": "20250101",
    "wide digits": "２０２５-０１-０１T１０:００:００Z",  # noqa: RUF001 - the point
    "Arabic digit": "2025-01-0٣T10:00:00.000000Z",
    "Devanagari digit": "2025-01-01T10:00:00.00000५Z",
    "another minus": "2025−01−01",  # noqa: RUF001 - the point
    "another separator": "2025-01-01X10:00:00Z",
    "slashes": "2025/01/01 10:00:00",
    "day first": "25.11.2025",
    "named zone": "2025-01-01T10:00:00 UTC",
    "hour alone": "2025-01-01T10Z",
    "point without digits": "2025-01-01T10:00:00.Z",
    "sign without offset": "2025-01-01T10:00:00+",
    "year of five digits": "12025-01-01",
    "seconds since 1970": "1735689600",
    "something behind": "2025-01-01T10:00:00Z;",
    "words": "yesterday",
}


@pytest.mark.parametrize(("text", "written"), ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(text: str, written: str) -> None:
    assert canonical(text) == written


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused(text: str) -> None:
    assert canonical(text) is None
    assert parse(text) is None


def test_minutes_of_an_offset_end_at_59() -> None:
    assert canonical("2025-01-01T10:00:00+01:60") is None


moments = st.datetimes(timezones=st.just(UTC))
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_round_trip(moment: datetime) -> None:
    written = to_text(moment)
    assert FIXED_WIDTH.fullmatch(written)
    assert parse(written) == moment
    assert canonical(written) == written


@given(moments, moments)
@example(datetime(999, 12, 31, tzinfo=UTC), datetime(1000, 1, 1, tzinfo=UTC))
def test_text_sorts_as_time(one: datetime, other: datetime) -> None:
    assert (to_text(one) < to_text(other)) == (one < other)


@given(moments, st.timedeltas(timedelta(), timedelta(seconds=3)))
def test_text_sorts_as_time_within_seconds(moment: datetime, later: timedelta) -> None:
    if moment <= datetime.max.replace(tzinfo=UTC) - later:
        assert (to_text(moment) < to_text(moment + later)) == (later > timedelta())


@given(
    moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets),  # noqa: DTZ001
    between=st.sampled_from("T "),
    precision=st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
)
def test_every_offset(moment: datetime, between: str, precision: str) -> None:
    text = moment.isoformat(between, precision)
    assert canonical(text) == to_text(datetime.fromisoformat(text))


@st.composite
def nearly_timestamps(draw: st.DrawFn) -> str:
    """An accepted text with a few characters exchanged, taken out or put in."""
    text = draw(st.sampled_from([text for text, _ in ACCEPTED.values()]))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(text)))
        behind = place + draw(st.integers(0, 1))
        put_in = draw(st.sampled_from([*"0123456789-+:.,TZtzW ", "", "٣", "\u3000", "\x00"]))
        text = text[:place] + put_in + text[behind:]
    return text


@given(nearly_timestamps() | st.text())
def test_whatever_comes_is_written_in_full_or_not_at_all(text: str) -> None:
    written = canonical(text)
    moment = parse(text)
    assert written == (None if moment is None else to_text(moment))
    if written is not None:
        assert FIXED_WIDTH.fullmatch(written)
