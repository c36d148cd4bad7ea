"""Windows: what proves that a window was read completely, each rule alone, and when it does not.

A contact is one character here. Lower case: created long before the first answer; upper case:
just after it; a digit: within the slack of the clocks before it; a sign: without creation time.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_mihu.errors import EnvelopeError
from tap_mihu.reading.windows import Window
from tap_mihu.records.pages import DateRange, Page, Row, yesterday
from tap_mihu.records.timestamps import to_text
from tests.sandbox.clock import NOON as NOW

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)
CLOSED = DateRange(date(2025, 5, 1), date(2025, 5, 31))
OPEN = DateRange(date(2025, 6, 14), None)
BOTH = DateRange(None, None)
KINDS = pytest.mark.parametrize("dates", [CLOSED, OPEN, BOTH], ids=["closed", "open", "both"])


def a_row(contact: str) -> Row:
    created: datetime | None = NOW - timedelta(hours=20)
    if contact.isupper():
        created = NOW + SECOND
    elif contact.isdigit():
        created = NOW - SECOND
    elif not contact.isalpha():
        created = None
    return Row(contact, None if created is None else to_text(created), None, contact)


def a_read(*contacts: str, totals: list[int] | None = None) -> list[Page]:
    """The answers of one read; every total is that of all contacts, unless it is given."""
    totals = totals or [len("".join(contacts))] * len(contacts)
    return [
        Page(number, [a_row(c) for c in of], total, len(contacts), NOW + (number - 1) * SECOND)
        for number, (of, total) in enumerate(zip(contacts, totals, strict=True), 1)
    ]


def after(dates: DateRange, *reads: list[Page]) -> Window:
    """A window after these reads; none but the last settles it."""
    window = Window(dates)
    for number, pages in enumerate(reads):
        if number:
            assert not window.settled
            window.read_again()
        for page in pages:
            asked = window.next_page()
            assert page.number > 1 or asked == 1, "a read begins with its first page"
            window.take(page)
    return window


# Kinds of days.

DAYS = {
    "long ago": (date(2025, 5, 31), True),
    "two days ago": (date(2025, 6, 13), True),
    "yesterday": (date(2025, 6, 14), False),
    "today": (date(2025, 6, 15), False),
    "to come": (date(2025, 6, 16), False),
}


@pytest.mark.parametrize(("last", "closed"), DAYS.values(), ids=DAYS)
@pytest.mark.parametrize("hour", [0, 23])
def test_a_day_is_closed_with_a_day_to_spare(last: date, hour: int, *, closed: bool) -> None:
    now = NOW.replace(hour=hour)
    assert DateRange(None, last).closed_at(now) is closed
    assert DateRange(last, last).closed_at(now) is closed
    assert DateRange(last, None).open_at(now) is not closed


def test_what_has_no_end_is_never_closed_and_what_has_no_beginning_never_open() -> None:
    assert not DateRange(date(2025, 5, 1), None).closed_at(NOW)
    assert not DateRange(None, date(2999, 1, 1)).open_at(NOW)
    assert yesterday(NOW) == date(2025, 6, 14)


NAMES = {
    "all dates": DateRange(None, None),
    "up to 2025-05-31": DateRange(None, date(2025, 5, 31)),
    "from 2025-06-01 on": DateRange(date(2025, 6, 1), None),
    "2025-06-01": DateRange(date(2025, 6, 1), date(2025, 6, 1)),
    "2025-06-01 to 2025-06-30": DateRange(date(2025, 6, 1), date(2025, 6, 30)),
}


@pytest.mark.parametrize(("name", "dates"), NAMES.items())
def test_dates_are_named_for_a_person(name: str, dates: DateRange) -> None:
    assert str(dates) == name


# One answer is consistent by itself.


@KINDS
@pytest.mark.parametrize("contacts", ["", "a", "abc", "aB1?"])
def test_one_page_settles_what_it_holds_whole(dates: DateRange, contacts: str) -> None:
    assert after(dates, a_read(contacts)).settled


ONE_PAGE_TOO_FEW = {
    "one missing": ("ab", 3),
    "one twice": ("aab", 3),
    "more than there are": ("abc", 2),
    "empty": ("", 1),
}


@KINDS
@pytest.mark.parametrize(("contacts", "total"), ONE_PAGE_TOO_FEW.values(), ids=ONE_PAGE_TOO_FEW)
def test_one_page_settles_nothing_else(dates: DateRange, contacts: str, total: int) -> None:
    assert not after(dates, a_read(contacts, totals=[total])).settled


# Closed days: every answer says T, and T were read.


def test_closed_days_settle() -> None:
    window = after(CLOSED, a_read("abc", "def", "g"))
    assert window.complete
    assert window.settled


def test_closed_days_do_not_ask_when_contacts_were_created() -> None:
    assert after(CLOSED, a_read("abc", "d?1", "Z")).settled


CLOSED_UNSETTLED = {
    "total fell": a_read("abc", "d", totals=[5, 4]),
    "total rose": a_read("abc", "de", totals=[4, 5]),
    "total fell and rose": a_read("abc", "de", "f", totals=[6, 5, 6]),
    "one missing": a_read("abc", "de", totals=[6, 6]),
    "one twice": a_read("abc", "cd", totals=[5, 5]),
    "one too many": a_read("abc", "def", totals=[5, 5]),
    "an empty page": a_read("abc", "", "d", totals=[5, 5, 5]),
    "not all pages yet": a_read("abc", "def", "g")[:2],
}


@pytest.mark.parametrize("pages", CLOSED_UNSETTLED.values(), ids=CLOSED_UNSETTLED)
def test_closed_days_do_not_settle(pages: list[Page]) -> None:
    assert not after(CLOSED, pages).settled


# Open days: T of those read were there at the first answer.


def test_open_days_settle() -> None:
    assert after(OPEN, a_read("abc", "de")).settled


OPEN_SETTLED = {
    "one was born behind": a_read("abc", "deF", totals=[5, 6]),
    "one was born in front": a_read("abc", "Fcd", "e", totals=[5, 6, 6]),
    "many were born": a_read("ab", "cX", "YZ", totals=[3, 4, 6]),
    "one died after it was read": a_read("abc", "de", totals=[5, 4]),
    "the first answer has the youngest": a_read("ab1", "cd"),
    "the first answer has one without a time": a_read("ab?", "cd"),
    "the first answer has one of a clock that is ahead": a_read("abF", "cd"),
}


@pytest.mark.parametrize("pages", OPEN_SETTLED.values(), ids=OPEN_SETTLED)
def test_open_days_settle_although(pages: list[Page]) -> None:
    assert after(OPEN, pages).settled


OPEN_UNSETTLED = {
    "one missing": a_read("abc", "d", totals=[5, 5]),
    "one slipped through, one was born": a_read("abc", "dF", totals=[5, 5]),
    "one slipped through, one was born within the slack": a_read("abc", "d1", totals=[5, 5]),
    "one slipped through, one without a time": a_read("abc", "d?", totals=[5, 5]),
    "one twice": a_read("abc", "ccd", totals=[5, 5]),
    "one too many": a_read("abc", "def", totals=[5, 5]),
}


@pytest.mark.parametrize("pages", OPEN_UNSETTLED.values(), ids=OPEN_UNSETTLED)
def test_open_days_do_not_settle(pages: list[Page]) -> None:
    assert not after(OPEN, pages).settled


@pytest.mark.parametrize(
    ("before", "counts"),
    [(timedelta(seconds=2, microseconds=1), True), (timedelta(seconds=2), False)],
    ids=["before the slack", "within"],
)
def test_the_slack_of_the_clocks_is_two_seconds(before: timedelta, *, counts: bool) -> None:
    first, second = a_read("abc", "d")
    youngest = Row("e", to_text(NOW - before), None, None)
    pages = [first, Page(2, [*second.rows, youngest], 4, 2, NOW)]
    pages = [Page(p.number, p.rows, 5, 2, p.served_at) for p in pages]
    assert after(OPEN, pages).settled is counts


def test_the_first_answer_is_the_moment_not_the_later_ones() -> None:
    """One that was born between the answers was not there at the start."""
    first, _ = a_read("abc", "d", totals=[5, 5])
    born = Row("e", to_text(NOW + 10 * SECOND), None, None)
    second = Page(2, [a_row("d"), born], 5, 2, NOW + 60 * SECOND)
    assert not after(OPEN, [first, second]).settled


# Days of both kinds, the whole of a small workspace: both rules.


def test_both_kinds_settle() -> None:
    assert after(BOTH, a_read("abc", "de")).settled


BOTH_UNSETTLED = {
    "only the open rule: a total rose": a_read("abc", "deF", totals=[5, 6]),
    "only the open rule: a total fell": a_read("abc", "de", totals=[5, 4]),
    "only the closed rule: a swap": a_read("abc", "dF"),
    "only the closed rule: a swap within the slack": a_read("abc", "d1"),
    "only the closed rule: one without a time": a_read("abc", "d?"),
    "neither": a_read("abc", "dF", totals=[6, 6]),
}


@pytest.mark.parametrize("pages", BOTH_UNSETTLED.values(), ids=BOTH_UNSETTLED)
def test_both_kinds_do_not_settle(pages: list[Page]) -> None:
    assert not after(BOTH, pages).settled


# A second read that finds the same confirms the first.

UNTOLD = a_read("abc", "d?")


@pytest.mark.parametrize("dates", [OPEN, BOTH], ids=["open", "both"])
def test_a_second_read_confirms(dates: DateRange) -> None:
    assert after(dates, UNTOLD, a_read("ab?", "cd")).settled
    assert after(dates, a_read("abc", "d1"), a_read("abc", "d1")).settled


UNCONFIRMED = {
    "one is missing": a_read("abc", "d", totals=[5, 5]),
    "another came in its place": a_read("abc", "?G", totals=[5, 5]),
    "the total rose": a_read("abc", "d?G"),
    "a total moved": a_read("abc", "d?", totals=[5, 6]),
    "not all pages yet": a_read("abc", "d?")[:1],
}


@pytest.mark.parametrize("dates", [OPEN, BOTH], ids=["open", "both"])
@pytest.mark.parametrize("pages", UNCONFIRMED.values(), ids=UNCONFIRMED)
def test_a_second_read_does_not_confirm(dates: DateRange, pages: list[Page]) -> None:
    assert not after(dates, UNTOLD, pages).settled


@pytest.mark.parametrize("dates", [OPEN, BOTH], ids=["open", "both"])
def test_a_first_read_that_found_too_few_cannot_be_confirmed(dates: DateRange) -> None:
    """The two reads together are T, but neither found them all."""
    assert not after(dates, a_read("abc", "c?", totals=[5, 5]), a_read("abc", "d?")).settled


# Further reads.


def test_a_further_read_adds_to_the_one_before() -> None:
    first = a_read("abc", "cd", totals=[5, 5])
    second = a_read("abd", "e", totals=[5, 5])
    assert after(CLOSED, first, second).settled


def test_a_further_read_adds_in_open_days_too() -> None:
    first = a_read("abc", "cd", totals=[5, 5])
    second = a_read("abd", "ed", totals=[5, 5])
    assert after(OPEN, first, second).settled


def test_where_the_total_changed_a_further_read_starts_over() -> None:
    first = a_read("abc", "cd", totals=[5, 5])
    assert not after(CLOSED, first, a_read("abd", "e", totals=[6, 6])).settled
    assert after(CLOSED, first, a_read("abc", "e")).settled


def test_what_is_gone_is_not_counted_again() -> None:
    """d died, so that e slipped through; T is the same, for an import came: no union of both."""
    first = a_read("abc", "d", totals=[5, 5])
    second = a_read("abe", "fg")
    window = after(CLOSED, first, second)
    assert not window.settled, "seven were met, but there are five"
    window.read_again()
    for page in a_read("abe", "fg"):
        window.next_page()
        window.take(page)
    assert window.settled
    window.proven = True
    assert [row.uuid for row in window.pass_on()] == [*"abefg"]


def test_a_moved_total_starts_over_even_if_it_came_back() -> None:
    first = a_read("abc", "d", totals=[5, 4])
    window = after(CLOSED, first, a_read("abc", "e", totals=[5, 5]))
    assert not window.settled, "d counts no more"


def test_after_a_disturbed_read_a_further_one_is_judged_by_itself() -> None:
    assert after(CLOSED, a_read("abc", "d", totals=[5, 4]), a_read("abc", "de")).settled
    assert after(BOTH, a_read("abc", "d", totals=[5, 4]), a_read("abc", "d")).settled


# What is asked.


@pytest.mark.parametrize("dates", [CLOSED, BOTH], ids=["closed", "both"])
def test_a_read_that_can_settle_nothing_any_more_is_given_up(dates: DateRange) -> None:
    pages = a_read("abc", "def", "ghi", "j", totals=[10, 9, 9, 9])
    window = after(dates, pages[:2])
    assert window.next_page() is None
    assert window.complete
    assert not window.settled


def test_the_last_read_is_read_to_its_end() -> None:
    """What it finds is emitted although it proves nothing."""
    disturbed = a_read("abc", "def", "g", totals=[7, 6, 6])
    window = after(CLOSED, *[disturbed[:2]] * Window.MOST_READS)
    assert window.reads == Window.MOST_READS
    assert not window.complete
    assert window.next_page() == 3
    window.take(disturbed[2])
    assert window.complete
    assert not window.settled
    assert sorted(row.uuid for row in window.pass_on()) == [*"abcdefg"]


def test_open_days_are_read_on_where_totals_move() -> None:
    window = after(OPEN, a_read("abc", "dF", "e", totals=[5, 6, 6])[:2])
    assert not window.complete
    assert window.next_page() == 3


def test_a_listing_without_end_is_reported() -> None:
    pages = [Page(number, [], number, number + 1, NOW) for number in range(1, 10_000)]
    with pytest.raises(EnvelopeError, match="without end"):
        after(OPEN, pages)


# What is passed on.


def test_a_settled_window_passes_on_what_settles_it_once() -> None:
    window = after(CLOSED, a_read("abc", "cd", totals=[5, 5]), a_read("abc", "e"))
    window.proven = True
    assert [row.uuid for row in window.pass_on()] == [*"abce"]
    assert window.pass_on() == []


def test_an_unproven_window_passes_on_all_it_met() -> None:
    window = after(CLOSED, a_read("abc", "cd", totals=[5, 5]), a_read("abf", totals=[9]))
    window.proven = False
    assert sorted(row.uuid for row in window.pass_on()) == [*"abcdf"]


def test_the_latest_answer_about_a_contact_is_passed_on() -> None:
    older, newer = (Row("a", None, None, payload) for payload in ("older", "newer"))
    window = Window(CLOSED)
    for number, row in enumerate((older, newer), 1):
        window.next_page()
        window.take(Page(number, [row], 2, 2, NOW))
    assert [row.payload for row in window.pass_on()] == ["newer"]


def test_a_streamed_window_passes_each_contact_on_once() -> None:
    window = Window(CLOSED)
    window.streamed = True
    passed_on: list[str] = []
    for number, pages in enumerate([a_read("abc", "cd", totals=[5, 5]), a_read("bad", "ce")]):
        if number:
            window.read_again()
        for page in pages:
            window.next_page()
            window.take(page)
            passed_on += [row.uuid for row in window.pass_on()]
    assert window.settled
    assert passed_on == [*"abcde"]


@given(
    dates=st.sampled_from([CLOSED, OPEN, BOTH]),
    pages=st.lists(st.text("abcdeFG1?", max_size=4), min_size=2, max_size=4),
    total=st.integers(0, 12),
)
def test_a_read_settles_only_if_it_met_as_many_as_there_were(
    dates: DateRange, pages: list[str], total: int
) -> None:
    window = after(dates, a_read(*pages, totals=[total] * len(pages)))
    met = set("".join(pages))
    at_start = {c for n, of in enumerate(pages) for c in of if n == 0 or c.islower()}
    if dates == CLOSED:
        assert window.settled == (len(met) == total)
    elif dates == OPEN:
        assert window.settled == (len(at_start) == total)
    else:
        assert window.settled == (len(met) == len(at_start) == total)
