"""Ranges: days that are split, merged, skipped, and written in few entries; and what is due."""

import json
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.records.pages import DateRange
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.due import Due, since
from tap_mihu.singer.ranges import Mark, Ranges

NOW = datetime(2025, 6, 15, 12, tzinfo=UTC)
DAY = timedelta(days=1)
TICK = timedelta(microseconds=1)
ALL = DateRange(None, None)
MAY = DateRange(date(2025, 5, 1), date(2025, 5, 31))
READ = Mark(to_text(NOW), to_text(NOW - DAY))

days = st.dates(date(2025, 5, 1), date(2025, 6, 20))
marks = st.sampled_from([Mark(to_text(NOW - n * DAY), to_text(NOW - n * DAY)) for n in range(4)])


@st.composite
def date_ranges(draw: st.DrawFn) -> DateRange:
    first, last = sorted((draw(days), draw(days)))
    return DateRange(draw(st.sampled_from([None, first])), draw(st.sampled_from([None, last])))


changes = st.lists(st.tuples(date_ranges(), marks), max_size=6)


def changed(within: DateRange, steps: list[tuple[DateRange, Mark]]) -> Ranges:
    ranges = Ranges.of(within, Mark())
    for dates, mark in steps:
        ranges = ranges.change(dates, lambda _, mark=mark: mark)  # type: ignore[misc]
    return ranges


def mark_of(ranges: Ranges, day: date) -> Mark:
    (found,) = (s.mark for s in ranges.spans if s.first <= day.toordinal() <= s.last)
    return found


def holds(dates: DateRange, day: date) -> bool:
    return (dates.first or date.min) <= day <= (dates.last or date.max)


@given(changes, days, date_ranges())
def test_a_day_has_the_mark_that_it_was_given_last(
    steps: list[tuple[DateRange, Mark]], day: date, within: DateRange
) -> None:
    """Spans cover all days, neighbours differ, and the state file changes nothing."""
    expected = [Mark(), *(mark for dates, mark in steps if holds(dates, day))][-1]
    assert mark_of(changed(ALL, steps), day) == expected
    ranges = changed(within, steps)
    spans = ranges.spans
    assert spans[0].first == (within.first or date.min).toordinal()
    assert spans[-1].last == (within.last or date.max).toordinal()
    for one, other in pairwise(spans):
        assert other.first == one.last + 1
        assert other.mark != one.mark
    assert len(spans) <= 2 * len(steps) + 1
    assert Ranges.from_state(within, json.loads(json.dumps(ranges.to_state()))) == ranges


GOOD = [["2025-05-31", to_text(NOW), None], [None, None, None]]
NONE: dict[str, Any] = {
    "no entry": [1],
    "short": [["2025-05-31", None]],
    "a day that is none": [["2025-02-30", None, None], [None, None, None]],
    "a week": [["2025-W01-1", None, None], [None, None, None]],
    "a number": [[20250531, None, None], [None, None, None]],
    "out of order": [GOOD[0], ["2025-05-30", None, None], GOOD[1]],
    "no end": [GOOD[0]],
    "behind the end": [GOOD[1], GOOD[1]],
    "a moment in another form": [["2025-05-31", "2025-06-15 12:00", None], GOOD[1]],
}


@pytest.mark.parametrize("value", NONE.values(), ids=NONE)
def test_what_is_no_list_of_ranges_or_one_of_other_days_is_refused(value: list[Any]) -> None:
    assert Ranges.from_state(ALL, GOOD) is not None
    assert Ranges.from_state(ALL, value) is None
    assert Ranges.from_state(MAY, GOOD[:1]) is not None
    assert Ranges.from_state(MAY, GOOD) is None


# What to read.


def with_a_bad_day(mark: Mark) -> Ranges:
    bad = date(2025, 1, 15)
    return Ranges.of(ALL, READ).change(DateRange(bad, bad), lambda _: mark)


TO_READ: dict[str, tuple[Ranges, timedelta, int, list[str]]] = {
    "over when read": (Ranges.of(ALL, READ), timedelta(), 24, ["from 2025-06-13 on"]),
    "of the last days": (Ranges.of(ALL, READ), 23 * DAY / 24, 24, ["from 2025-06-14 on"]),
    "over since": (Ranges.of(ALL, READ), 5 * DAY, 24 * 9, ["from 2025-06-14 on"]),
    "read long ago": (Ranges.of(ALL, READ), DAY, 24, ["all dates"]),
    "never read": (Ranges.of(ALL, Mark()), DAY, 24, ["all dates"]),
    "one day": (with_a_bad_day(Mark()), timedelta(), 24, ["2025-01-15", "from 2025-06-13 on"]),
    "of the past alone": (Ranges.of(MAY, READ), timedelta(), 24, []),
}


@pytest.mark.parametrize("name", TO_READ)
def test_days_that_were_over_when_they_were_read_lately_are_left_out(name: str) -> None:
    ranges, later, hours, expected = TO_READ[name]

    def is_fresh(mark: Mark) -> bool:
        age = NOW + later - datetime.fromisoformat(mark.read_at or "")
        return age < timedelta(hours=hours)

    assert [str(dates) for dates in ranges.to_read(NOW + later, is_fresh)] == expected


@given(changes, st.integers(0, 9 * 24), days)
def test_no_day_is_left_out_that_was_not_over_and_lately_read(
    steps: list[tuple[DateRange, Mark]], hours: int, day: date
) -> None:
    ranges, now = changed(ALL, steps), NOW + timedelta(hours=hours)
    mark = mark_of(ranges, day)
    read = ranges.to_read(now, lambda mark: mark.read_at == READ.read_at)
    if not any(holds(dates, day) for dates in read):
        assert mark.read_at == READ.read_at
        assert day <= NOW.date() - 2 * DAY
        assert day < now.date() - 2 * DAY


# What is due.

UNTIL = NOW - DAY
LONG_BEFORE = UNTIL - 99 * DAY


def due(ranges: Ranges, undated: Mark = READ) -> Due:
    return Due(ranges, undated, lookback_seconds=0, start_date=None)


def text(moment: datetime | None) -> str | None:
    return None if moment is None else to_text(moment)


@pytest.mark.parametrize(
    ("created", "updated", "is_due"),
    [
        (LONG_BEFORE, UNTIL, True),
        (LONG_BEFORE, UNTIL - TICK, False),
        (UNTIL, LONG_BEFORE, True),
        (LONG_BEFORE, None, True),
        (None, UNTIL - DAY, False),
        (None, UNTIL, True),
        (LONG_BEFORE, NOW + 999 * DAY, True),
    ],
)
def test_due_is_what_was_updated_or_created_since(
    created: datetime | None, updated: datetime | None, *, is_due: bool
) -> None:
    judge = due(Ranges.of(ALL, READ))
    assert judge(text(created), text(updated)) is is_due


def test_undated_contacts_have_a_moment_of_their_own() -> None:
    judge = due(Ranges.of(ALL, READ), Mark())
    assert judge(None, to_text(LONG_BEFORE))
    assert not judge(to_text(LONG_BEFORE), to_text(LONG_BEFORE))


BOOKMARK = "2025-06-15T12:00:00.000000Z"
SINCE: dict[str, tuple[str | None, int, str | None, str | None]] = {
    "start date long ago": (BOOKMARK, 300, "2020-01-01", "2025-06-15T11:55:00.000000Z"),
    "start date within": (BOOKMARK, 300, "2025-06-15T11:57:00Z", "2025-06-15T11:57:00.000000Z"),
    "start date after": (BOOKMARK, 300, "2025-07-01", "2025-07-01T00:00:00.000000Z"),
    "lookback beyond the first year": (BOOKMARK, 10**11, None, None),
    "endless lookback": (BOOKMARK, 10**30, "2025-06-01", "2025-06-01T00:00:00.000000Z"),
}


@pytest.mark.parametrize(("until", "lookback", "start", "moment"), SINCE.values(), ids=SINCE)
def test_since(until: str | None, lookback: int, start: str | None, moment: str | None) -> None:
    assert since(until, lookback_seconds=lookback, start_date=start) == moment
