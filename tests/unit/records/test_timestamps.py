"""Timestamps: every form that the API may send, in one form that sorts as text."""

import re
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.records.timestamps import canonical, parse, to_text

FIXED_WIDTH = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")

ACCEPTED = {
    "2025-11-25T10:00:00.123456Z": "2025-11-25T10:00:00.123456Z",
    "2026-06-13T08:00:00Z": "2026-06-13T08:00:00.000000Z",
    "2026-06-13T08:00Z": "2026-06-13T08:00:00.000000Z",
    "2025-12-01 10:00:00": "2025-12-01T10:00:00.000000Z",
    "2025-12-01T10:00:00.5": "2025-12-01T10:00:00.500000Z",
    "2025-12-01": "2025-12-01T00:00:00.000000Z",
    "  2025-12-01t10:00:00z\n": "2025-12-01T10:00:00.000000Z",
    "2025-12-01 10:00:00 +03:00": "2025-12-01T07:00:00.000000Z",
    "2025-12-01T10:00:00+0530": "2025-12-01T04:30:00.000000Z",
    "2025-12-01T10:00:00-03": "2025-12-01T13:00:00.000000Z",
    "2024-03-01T00:30:00+01:00": "2024-02-29T23:30:00.000000Z",
    "2025-12-01T10:00:00.999999999Z": "2025-12-01T10:00:00.999999Z",
    "2025-12-01T10:00:00,25Z": "2025-12-01T10:00:00.250000Z",
    "2025-12-31T23:59:59.000000Z": "2025-12-31T23:59:59.000000Z",
    "2000-02-29": "2000-02-29T00:00:00.000000Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00.000000Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
}
REFUSED = (
    *("", "  ", "yesterday", "1735689600"),
    *("0000-00-00 00:00:00", "0000-00-00", "-0001-11-30T00:00:00.000000Z"),
    *("0000-01-01T00:00:00.000000Z", "2025-00-10", "2025-01-00", "2025-13-01T00:00:00Z"),
    *("2025-04-31T00:00:00Z", "2024-02-30T00:00:00.000000Z", "2025-02-29T00:00:00.000000Z"),
    *("1900-02-29", "12025-01-01"),
    *("2025-01-01T24:00:00.000000Z", "2025-01-01T10:60:00Z", "2025-01-01T23:59:60Z"),
    *("2025-01-01T10:00:00+24:00", "2025-01-01T10:00:00+01:60", "2025-01-01T10:00:00+"),
    *("0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00"),
    *("2025-W01-1", "2025-W01-1T10:00:00Z", "2025W01-1T10:00:00.0000000Z", "2025-032"),
    *("20250101T100000Z", "20250101", "2025/01/01 10:00:00", "25.11.2025"),
    *("2025-01-0\u0663T10:00:00.000000Z", "2025-01-01T10:00:00.00000\u096bZ"),
    *("2025\u221201\u221201", "2025-01-01X10:00:00Z", "2025-01-01T10:00:00 UTC"),
    *("2025-01-01T10Z", "2025-01-01T10:00:00.Z", "2025-01-01T10:00:00Z;"),
)


@pytest.mark.parametrize(("text", "written"), ACCEPTED.items())
def test_a_timestamp_is_written_in_one_form(text: str, written: str) -> None:
    assert canonical(text) == written


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_timestamp_is_refused(text: str) -> None:
    assert canonical(text) is None
    assert parse(text) is None


offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(
    moment=st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=offsets),  # noqa: DTZ001
    between=st.sampled_from("T "),
    precision=st.sampled_from(["minutes", "seconds", "milliseconds", "microseconds"]),
)
def test_every_offset_is_read(moment: datetime, between: str, precision: str) -> None:
    text = moment.isoformat(between, precision)
    assert canonical(text) == to_text(datetime.fromisoformat(text))


@st.composite
def nearly_timestamps(draw: st.DrawFn) -> str:
    """An accepted text with a few characters exchanged, taken out or put in."""
    text = draw(st.sampled_from([*ACCEPTED]))
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
