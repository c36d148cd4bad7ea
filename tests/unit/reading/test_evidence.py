"""The evidence: which responses prove a window complete, and which do not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from tap_mihu.errors import RefusedError
from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.evidence import Kind, Read, kind_of, settled_by
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import TODAY, days_ago, pages

CLOSED = DateRange(None, days_ago(2))
OPEN = DateRange(days_ago(1), None)
BOTH = DateRange()


def know(*, behind: int = 0, filtered: bool = False, small_pages: bool = False) -> Knowledge:
    clock = ServerClock()
    clock.least_age = timedelta(seconds=behind)
    return Knowledge(filtered=filtered, larger_pages=False if small_pages else None, clock=clock)


# The pages of each read, and the contacts that they prove to be all, if they do.
ANY_DAYS = {
    "one page is all it counts": ("1 a b c /3", "abc"),
    "one page of nothing": ("1 /0", ""),
    "one page, a twin is counted twice": ("1 a a b /3", "ab"),
    "one page, one less than it counts": ("1 a b /3", None),
    "one page, one more than it counts": ("1 a b c /2", None),
    "total holds": ("1 a b /4, 2 c d /4", "abcd"),
    "a birth, which may be an import": ("1 a b /4, 2 c d x+10 /5", None),
    "an import hides a missed one": ("1 a b /4, 2 c i /5", None),
    "the rise went by": ("1 a b /4, 2 c /5, 3 i /4", None),
    "an import hides a missed one behind a death": ("1 a b /4, 2 d /3, 3 i /4", None),
    "one without a date tells nothing": ("1 a b /3, 2 c? /3", None),
}
CLOSED_DAYS = {
    "one was missed": ("1 a b /4, 2 b c /4", None),
    "days that are not kept to": ("1 a b /4, 2 c d+5 /4", None),
    "a twin": ("1 a a /4, 2 b c /4", "abc"),
    "a twin of another page": ("1 a b /4, 2 a c /4", None),
    "a twin met again": ("1 a a /4, 1 a a /4, 2 b /4", None),
    "a twin met again, and all": ("1 a a /4, 1 a a /4, 2 b c /4", "abc"),
    "most are repeats": ("1 a a a a /5, 2 b /5", None),
    "death of one that was read last": ("1 a b /5, 2 c d /5, 3 e /4", "abcde"),
    "death of an unread one": ("1 a b /5, 2 c d /4", None),
    "death of an unread one, the first page again": ("1 a b /5, 2 c d /4, 1 a b /4", "abcd"),
    "death of a read one, the hidden met": ("1 a b /5, 2 d e /4, 1 b c /4", "abcde"),
    "an import hides a missed one": ("1 a b /4, 2 c i /5", None),
    "what an earlier read met counts": ("1 a d /4 | 1 a c /4, 2 b c /4", "abcd"),
    "what it met before a death does not": ("1 a d /5 | 1 a c /4, 2 b c /4", None),
    "a read counts more than the one before": ("1 a b /3, 2 b /3 | 1 a b /4, 2 c d /4", "abcd"),
}
OPEN_DAYS = {
    "birth": ("1 a-900 b-900 /4, 2 c-900 d-900 x+10 /5", "abcdx"),
    "days that are not kept to": ("1 a b /4, 2 c d i /5", None),
    "birth in the place of a missed one": ("1 a b /4, 2 c x+10 /4", None),
    "one created 60 s before may be late": ("1 a b /4, 2 c d-60 /4", None),
    "one created 61 s before is not": ("1 a b /4, 2 c d-61 /4", "abcd"),
    "one in the response itself was there": ("1 a b-5 /3, 2 c /3", "abc"),
    "from the page with the newest on": ("1 a b /4, 2 c d-5 /4, 1 a b /4", "abcd"),
    "two equal reads": ("1 a b /3, 2 c-5 /3 | 1 a b /3, 2 c-5 /3", "abc"),
}
SMALL_PAGES = {
    "3 s before tell": ("1 a b /4, 2 c d-3 /4", "abcd"),
    "2 s do not": ("1 a b /4, 2 c d-2 /4", None),
}
HOUR_BEHIND = {
    "may be late": ("1 a b /4, 2 c d-3660 /4", None),
    "was there": ("1 a b /4, 2 c d-3661 /4", "abcd"),
}
FILTERED = {
    "one page": ("1 a b /2", "ab"),
    "two equal reads": ("1 a c /3, 2 b /3 | 1 a b /3, 2 c /3", "abc"),
    "one read alone": ("1 a b /3, 2 c /3", None),
    "another contact": ("1 a b /3, 2 d /3 | 1 a b /3, 2 c /3", None),
    "another total": ("1 a b /4, 2 c /4 | 1 a b /3, 2 c /3", None),
    "fewer than they count": ("1 a b /4, 2 c /4 | 1 a b /4, 2 c /4", None),
    "the total moved in the earlier": ("1 a b /3, 2 c /4 | 1 a b /3, 2 c /3", None),
    "the total moved in the later": ("1 a b /3, 2 c /3 | 1 a b /3, 2 c /4", None),
    "not in a row": ("1 a b /3, 2 c /3 | 1 a b /3, 2 d /3 | 1 a b /3, 2 c /3", None),
}
TABLES = {
    "any days": (BOTH, know(), ANY_DAYS),
    "closed days": (CLOSED, know(), CLOSED_DAYS),
    "open days": (OPEN, know(), OPEN_DAYS),
    "open days, small pages": (OPEN, know(small_pages=True), SMALL_PAGES),
    "open days, data an hour behind": (OPEN, know(behind=3600), HOUR_BEHIND),
    "filtered": (BOTH, know(filtered=True), FILTERED),
}
CASES = {
    f"{table}: {name}": (dates, known, *case)
    for table, (dates, known, cases) in TABLES.items()
    for name, case in cases.items()
}


@pytest.mark.parametrize(("dates", "known", "text", "settled"), CASES.values(), ids=CASES)
def test_what_is_proven(dates: DateRange, known: Knowledge, text: str, settled: str | None) -> None:
    reads = [Read(pages=pages(one)) for one in text.split("|")]
    assert settled_by(reads, dates, known) == (None if settled is None else {*settled})


def test_one_page_of_two_is_not_all_though_it_holds_what_it_counts() -> None:
    (first,) = pages("1 a b /2")
    assert (
        settled_by([Read(pages=[replace(first, last_page=2)])], BOTH, know(filtered=True)) is None
    )


@pytest.mark.parametrize(("asked_after", "settled"), [(0, None), (1, None), (2, {*"abc"})])
@pytest.mark.parametrize("dates", [CLOSED, OPEN])
def test_a_response_that_was_under_way_may_be_older(
    dates: DateRange, asked_after: int, settled: set[str] | None
) -> None:
    """It may hold a contact that was gone by the time of the one that came before it."""
    base, other = pages("1 a b /3, 2 c /3")
    base = replace(base, asked_after=1, came_as=2)
    other = replace(other, asked_after=asked_after, came_as=3)
    assert settled_by([Read(pages=[base, other])], dates, know()) == settled


KINDS = {
    "closed": (CLOSED, Knowledge(), Kind.CLOSED),
    "open": (OPEN, Knowledge(), Kind.OPEN),
    "up to yesterday": (DateRange(None, days_ago(1)), Knowledge(), Kind.BOTH),
    "today": (DateRange(TODAY, TODAY), Knowledge(), Kind.OPEN),
    "no dates in the listing": (CLOSED, Knowledge(by_date=False), Kind.OPEN),
}


@pytest.mark.parametrize(("dates", "known", "kind"), KINDS.values(), ids=KINDS)
def test_what_can_happen_to_days(dates: DateRange, known: Knowledge, kind: Kind) -> None:
    (page,) = pages("1 a /1")
    assert kind_of(dates, page, known) is kind


def read(text: str, left: list[int] | None = None, refused: int | None = None) -> Read:
    no = RefusedError("no")
    return Read(None, pages(text), {} if refused is None else {refused: no}, left or [])


# How many more a read counts than it reads, whether it is hollow, and how often its total fell.
READS = {
    "whole": (read("1 a b /3, 2 c /3"), (0, False, 0)),
    "one less": (read("1 a b /4, 2 c /4"), (1, False, 0)),
    "one more": (read("1 a b /2, 2 c /2"), (-1, False, 0)),
    "a twin": (read("1 a a /3, 2 c /3"), (0, False, 0)),
    "not at its end": (read("1 a b /4", left=[2]), (0, False, 0)),
    "a page refused": (read("1 a b /4", refused=2), (0, False, 0)),
    "total moves": (read("1 a b /4, 2 c /5"), (0, False, 0)),
    "total falls and rises": (read("1 a /5, 2 a /4, 3 a /4, 4 a /5, 5 a /3"), (0, False, 2)),
    "empty from a page on": (read("1 a b /6, 2 c d /6, 3 /6"), (2, True, 0)),
    "empty in between": (read("1 a b /6, 2 /6, 3 c d /6"), (2, False, 0)),
    "half a page before the empty": (read("1 a b /6, 2 c /6, 3 /6"), (3, False, 0)),
    "an empty page too many": (read("1 a b /4, 2 c d /4, 3 /4"), (0, False, 0)),
}


@pytest.mark.parametrize(("one", "told"), READS.values(), ids=READS)
def test_what_a_read_says_of_itself(one: Read, told: tuple[int, bool, int]) -> None:
    assert (one.contradiction, one.hollow, one.drops) == told
