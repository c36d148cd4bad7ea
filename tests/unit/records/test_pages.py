"""Date ranges: which days they hold, which may still gain contacts, whose contacts may be there."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tap_mihu.records.pages import DateRange, Row
from tests.sandbox.clock import NOON

DAY = timedelta(days=1)
TODAY = NOON.date()
FIRST, LAST = date(2025, 5, 1), date(2025, 5, 31)
WEEKS = DateRange(FIRST, LAST)


def a_row(day: date) -> Row:
    return Row("a", f"{day}T12:00:00.000000Z", None, None)


@pytest.mark.parametrize("dates", [WEEKS, DateRange(FIRST, None), DateRange(None, LAST)], ids=str)
def test_a_server_may_count_days_in_any_time_zone(dates: DateRange) -> None:
    for days, inside in ((0, True), (1, True), (2, False)):
        before, after = a_row(FIRST - days * DAY), a_row(LAST + days * DAY)
        assert dates.admits(before) is (inside or dates.first is None)
        assert dates.admits(after) is (inside or dates.last is None)


def test_a_creation_date_that_cannot_be_read_lies_before_all_others() -> None:
    undated = Row("a", None, None, None)
    assert DateRange(None, LAST).admits(undated)
    assert not WEEKS.admits(undated)


@pytest.mark.parametrize("hour", [0, 23])
def test_dates_are_closed_two_days_after_their_end_and_open_from_yesterday_on(hour: int) -> None:
    now = datetime(2025, 6, 15, hour, tzinfo=UTC)
    ends = [DateRange(None, TODAY - days * DAY).closed_at(now) for days in (2, 1)]
    begins = [DateRange(TODAY - days * DAY, None).open_at(now) for days in (2, 1)]
    assert (ends, begins) == ([True, False], [False, True])
    assert not DateRange(FIRST, None).closed_at(now)
    assert not DateRange(None, TODAY).open_at(now)


def test_dates_are_named_for_a_person() -> None:
    ends = ((None, None), (LAST, LAST), (None, LAST), (LAST, None))
    named = [str(DateRange(first, last)) for first, last in ends]
    assert named == ["all dates", f"{LAST}", f"up to {LAST}", f"from {LAST} on"]
