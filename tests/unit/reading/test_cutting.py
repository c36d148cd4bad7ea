"""The plan: dates cut into parts that together are the whole."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from tap_mihu.reading.cutting import WINDOW_PAGES, can_cut, cut, cut_by_days, pieces_for
from tap_mihu.reading.shards import even_ends
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON as NOW

DAY = timedelta(days=1)
ALL = DateRange(None, None)
MAY = DateRange(date(2025, 5, 1), date(2025, 5, 31))
YESTERDAY = date(2025, 6, 14)
FIRST, LAST = date(1, 3, 1), date(9999, 12, 30)

nows = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(FIRST, LAST) | st.dates(date(1970, 1, 1), date(2200, 1, 1))
sights = st.none() | st.tuples(days, days).map(lambda two: (min(two), max(two)))


ranges = (
    st.tuples(days, days).map(lambda two: DateRange(min(two), max(two)))
    | st.tuples(days, st.integers(0, 40)).map(lambda one: DateRange(one[0] - one[1] * DAY, one[0]))
    | days.map(lambda day: DateRange(None, day))
    | days.map(lambda day: DateRange(day, None))
    | st.just(ALL)
)


def check_parts(parts: list[DateRange], dates: DateRange) -> None:
    """No gap, no overlap, open where the dates are open."""
    assert (parts[0].first, parts[-1].last) == (dates.first, dates.last)
    for earlier, later in pairwise(parts):
        assert earlier.last is not None
        assert later.first == earlier.last + DAY
    for part in parts:
        assert part.first is None or part.last is None or part.first <= part.last


@given(ranges, st.integers(2, 16), sights, nows)
@example(DateRange(None, MAY.last), 16, (FIRST, LAST), NOW)
@example(DateRange(YESTERDAY, None), 16, (FIRST, LAST), NOW)
@example(MAY, 16, (LAST, LAST), NOW)
def test_parts_cover_the_dates_whatever_is_guessed_and_none_is_of_both_kinds(
    dates: DateRange, pieces: int, seen: tuple[date, date] | None, now: datetime
) -> None:
    assume(can_cut(dates, now))
    parts = cut(dates, pieces, seen, now)
    check_parts(parts, dates)
    assert 2 <= len(parts) <= pieces
    assert all(part.closed_at(now) or part.open_at(now) for part in parts)


@given(ranges, st.lists(days, max_size=20), st.integers(2, 16))
def test_parts_by_known_days_cover_the_dates(
    dates: DateRange, known: list[date], pieces: int
) -> None:
    for alone in (True, False):
        check_parts(cut_by_days(dates, sorted(known), pieces, alone=alone), dates)


BY_DAYS = {
    "even shares": ([1, 2, 3, 4], 2, True, [3]),
    "a day with more than its share stands alone": ([1, 2, 2, 2, 3, 4], 3, True, [2, 3]),
    "a day with just its share does not": ([1, 2, 2, 3], 2, True, [2]),
    "nor where it need not": ([1, 2, 2, 2, 3, 4], 3, False, [2, 3]),
    "the last day may be cut off": ([1, 5, 5, 5], 2, True, [5]),
}


@pytest.mark.parametrize(("known", "pieces", "alone", "starts"), BY_DAYS.values(), ids=BY_DAYS)
def test_where_known_days_are_cut(
    known: list[int], pieces: int, *, alone: bool, starts: list[int]
) -> None:
    """Known days of June, within dates without bounds."""
    june = [date(2025, 6, day) for day in known]
    parts = cut_by_days(ALL, june, pieces, alone=alone)
    assert [part.first for part in parts[1:]] == [date(2025, 6, day) for day in starts]


@pytest.mark.parametrize("hour", [0, 23])
def test_the_whole_is_cut_at_yesterday_at_any_hour(hour: int) -> None:
    parts = cut(ALL, 16, (date(2020, 1, 1), NOW.date()), NOW.replace(hour=hour))
    assert parts == [DateRange(None, YESTERDAY - DAY), DateRange(YESTERDAY, None)]


def test_parts_are_even_between_the_days_seen() -> None:
    parts = cut(DateRange(None, YESTERDAY - DAY), 4, (date(2025, 5, 1), date(2025, 5, 31)), NOW)
    assert [str(part.first) for part in parts[1:]] == ["2025-05-12", "2025-05-23", "2025-06-03"]


CUTTABLE = {
    (None, None): True,
    (YESTERDAY - DAY, YESTERDAY): True,
    (YESTERDAY, YESTERDAY): False,
    (YESTERDAY, None): True,
    (YESTERDAY + DAY, None): False,
    (YESTERDAY + 30 * DAY, YESTERDAY + 40 * DAY): False,
}


@pytest.mark.parametrize(("dates", "cuttable"), CUTTABLE.items())
def test_neither_a_day_nor_days_to_come_can_be_cut(
    dates: tuple[date | None, date | None], *, cuttable: bool
) -> None:
    assert can_cut(DateRange(*dates), NOW) is cuttable


@given(st.integers(WINDOW_PAGES + 1, 10**6), st.integers(0, 10**4))
def test_more_pages_make_more_pieces_up_to_16(pages: int, more: int) -> None:
    pieces = pieces_for(pages)
    assert 2 <= pieces <= pieces_for(pages + more) <= 16
    assert pieces == 16 or pages / pieces <= WINDOW_PAGES


sizes = st.lists(st.integers(0, 50) | st.integers(0, 5000), min_size=1, max_size=60)


@given(sizes, st.integers(1, 40))
def test_groups_are_even_but_for_their_largest_part(sizes: list[int], groups: int) -> None:
    ends = even_ends(sizes, groups)
    borders = [0, *(end + 1 for end in ends), len(sizes)]
    parted = [sizes[start:end] for start, end in pairwise(borders)]
    assert len(parted) <= groups
    assert all(sum(group) > 0 for group in parted) or len(parted) == 1
    for group in parted:
        assert (sum(group) - max(group)) * groups <= sum(sizes)
