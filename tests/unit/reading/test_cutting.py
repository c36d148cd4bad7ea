"""The plan: dates cut into parts that together are the whole."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap_mihu.reading.cutting import WINDOW_PAGES, can_cut, cut, cut_by_days, pieces_for
from tap_mihu.reading.shards import even_ends
from tap_mihu.records.pages import DateRange
from tests.sandbox.clock import NOON as NOW

DAY = timedelta(days=1)
ALL = DateRange(None, None)

nows = st.datetimes(datetime(1980, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
days = st.dates(date(1000, 1, 1), date(9000, 1, 1)) | st.dates(date(1970, 1, 1), date(2200, 1, 1))
sights = st.none() | st.tuples(days, days).map(lambda two: (min(two), max(two)))


@st.composite
def ranges(draw: st.DrawFn) -> DateRange:
    """Any dates: open, closed, a few days, the whole calendar."""
    first, last = draw(st.none() | days), draw(st.none() | days)
    if first is not None and draw(st.booleans()):
        last = first + timedelta(days=draw(st.integers(0, 40)))
    if first is not None and last is not None and first > last:
        first, last = last, first
    return DateRange(first, last)


def check_parts(parts: list[DateRange], dates: DateRange) -> None:
    """No gap, no overlap, open where the dates are open."""
    assert (parts[0].first, parts[-1].last) == (dates.first, dates.last)
    for earlier, later in pairwise(parts):
        assert earlier.last is not None
        assert later.first == earlier.last + DAY
    for part in parts:
        assert part.first is None or part.last is None or part.first <= part.last


@given(ranges(), st.integers(2, 16), sights, nows)
def test_parts_cover_the_dates_without_gap_or_overlap(
    dates: DateRange, pieces: int, seen: tuple[date, date] | None, now: datetime
) -> None:
    assume(can_cut(dates, now))
    parts = cut(dates, pieces, seen, now)
    check_parts(parts, dates)
    assert 2 <= len(parts) <= pieces


@given(ranges(), st.integers(2, 16), sights, nows)
def test_days_that_gain_contacts_are_cut_off_first(
    dates: DateRange, pieces: int, seen: tuple[date, date] | None, now: datetime
) -> None:
    assume(can_cut(dates, now))
    parts = cut(dates, pieces, seen, now)
    for part in parts:
        assert part.closed_at(now) or part.open_at(now), "no part is of both kinds"


@given(ranges(), st.lists(days, max_size=20), st.integers(2, 16), st.booleans())
def test_parts_by_known_days_cover_the_dates(
    dates: DateRange,
    known: list[date],
    pieces: int,
    alone: bool,  # noqa: FBT001
) -> None:
    check_parts(cut_by_days(dates, sorted(known), pieces, alone=alone), dates)


BY_DAYS = {
    "even shares": ([1, 2, 3, 4], 2, True, [3]),
    "a day with more than its share stands alone": ([1, 2, 2, 2, 3, 4], 3, True, [2, 3]),
    "a day with just its share does not": ([1, 2, 2, 3], 2, True, [2]),
    "nor where it need not": ([1, 2, 2, 2, 3, 4], 3, False, [2, 3]),
    "the last day may be cut off": ([1, 5, 5, 5], 2, True, [5]),
    "all on one day": ([3, 3, 3], 2, True, []),
    "nothing known": ([], 4, True, []),
}


@pytest.mark.parametrize(("known", "pieces", "alone", "starts"), BY_DAYS.values(), ids=BY_DAYS)
def test_where_known_days_are_cut(
    known: list[int], pieces: int, *, alone: bool, starts: list[int]
) -> None:
    """Known days of June, within dates without bounds."""
    june = [date(2025, 6, day) for day in known]
    parts = cut_by_days(ALL, june, pieces, alone=alone)
    assert [part.first for part in parts[1:]] == [date(2025, 6, day) for day in starts]


def test_the_whole_is_cut_at_yesterday() -> None:
    seen = date(2020, 1, 1), date(2025, 6, 15)
    assert cut(ALL, 16, seen, NOW) == [
        DateRange(None, date(2025, 6, 13)),
        DateRange(date(2025, 6, 14), None),
    ]


@pytest.mark.parametrize("hour", [0, 23])
def test_yesterday_is_meant_at_any_hour(hour: int) -> None:
    (_, rest) = cut(ALL, 2, None, NOW.replace(hour=hour))
    assert rest.first == date(2025, 6, 14)


def test_parts_are_even_between_the_days_seen() -> None:
    closed = DateRange(None, date(2025, 6, 13))
    parts = cut(closed, 4, (date(2025, 5, 1), date(2025, 5, 31)), NOW)
    lengths = [(part.last - part.first).days + 1 for part in parts if part.first and part.last]
    assert max(lengths) - min(lengths) <= 1
    assert parts[0].first is None
    assert parts[0].last is not None
    assert date(2025, 5, 1) <= parts[0].last < date(2025, 5, 31)


WRONG_GUESSES = {
    "none": None,
    "one day": (date(2025, 1, 1), date(2025, 1, 1)),
    "long before": (date(1970, 1, 1), date(1970, 1, 2)),
    "long after": (date(2900, 1, 1), date(2999, 1, 1)),
    "everything": (date(1, 1, 2), date(9999, 12, 30)),
}


@pytest.mark.parametrize("seen", WRONG_GUESSES.values(), ids=WRONG_GUESSES)
@pytest.mark.parametrize(
    "dates",
    [
        ALL,
        DateRange(None, date(2025, 5, 31)),
        DateRange(date(2025, 6, 14), None),
        DateRange(date(2025, 5, 1), date(2025, 5, 31)),
    ],
    ids=str,
)
def test_a_wrong_guess_loses_nothing(dates: DateRange, seen: tuple[date, date] | None) -> None:
    parts = cut(dates, 16, seen, NOW)
    check_parts(parts, dates)
    assert len(parts) > 1


CUTTABLE = {
    "everything": (ALL, True),
    "up to a day": (DateRange(None, date(2025, 6, 1)), True),
    "two days": (DateRange(date(2025, 6, 1), date(2025, 6, 2)), True),
    "one day": (DateRange(date(2025, 6, 1), date(2025, 6, 1)), False),
    "today": (DateRange(date(2025, 6, 15), date(2025, 6, 15)), False),
    "from yesterday on": (DateRange(date(2025, 6, 14), None), True),
    "from today on": (DateRange(date(2025, 6, 15), None), False),
    "from tomorrow on": (DateRange(date(2025, 6, 16), None), False),
    "days to come": (DateRange(date(2025, 7, 1), date(2025, 7, 31)), False),
}


@pytest.mark.parametrize(("dates", "cuttable"), CUTTABLE.values(), ids=CUTTABLE)
def test_what_can_be_cut(dates: DateRange, *, cuttable: bool) -> None:
    assert can_cut(dates, NOW) is cuttable


@given(st.integers(2, 200), st.integers(0, 400), st.integers(2, 16), sights, st.booleans())
def test_cutting_again_and_again_ends_in_single_days(
    length: int,
    ago: int,
    pieces: int,
    seen: tuple[date, date] | None,
    forget: bool,  # noqa: FBT001
) -> None:
    last = NOW.date() - timedelta(days=ago)
    dates = DateRange(last - timedelta(days=length - 1), last)
    left, ends = [dates], []
    for _ in range(length):
        parts = [part for one in left for part in cut(one, pieces, None if forget else seen, NOW)]
        ends += [part for part in parts if not can_cut(part, NOW)]
        left = [part for part in parts if can_cut(part, NOW)]
        if not left:
            break
    check_parts(sorted(ends, key=lambda part: part.first or date.min), dates)
    assert all(part.single_day for part in ends)
    assert len(ends) == length


@pytest.mark.parametrize("seen", [None, (date(2025, 1, 1), date(2025, 1, 2))])
def test_an_open_end_moves_outwards_with_every_cut(seen: tuple[date, date] | None) -> None:
    """However often it has to be cut, each time less is left of it."""
    oldest = DateRange(None, date(2025, 5, 31))
    for _ in range(50):
        older = cut(oldest, 2, seen, NOW)[0]
        assert older.first is None
        assert older.last is not None
        assert oldest.last is not None
        assert older.last < oldest.last
        oldest = older


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
