"""The evidence: which responses prove a window complete, and which do not."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.evidence import Kind, Read, kind_of, settled_by
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.records.pages import DateRange, Page
from tests.sandbox.clock import NOON
from tests.simulated.steps import (
    TODAY,
    days_ago,
    page,
    row,
)

CLOSED = DateRange(None, days_ago(2))
OPEN = DateRange(days_ago(1), None)
BOTH = DateRange()


def know(behind: int = 0, *, filtered: bool = False, small_pages: bool = False) -> Knowledge:
    clock = ServerClock()
    clock.least_age = timedelta(seconds=behind)
    return Knowledge(filtered=filtered, larger_pages=False if small_pages else None, clock=clock)


@dataclass(frozen=True)
class Responses:
    """The responses of a window, and the contacts that they prove to be all, if they do."""

    dates: DateRange
    pages: list[Page]
    settled: str | None
    before: list[Page] = field(default_factory=list)
    """The responses of the read before."""
    know: Knowledge = field(default_factory=know)

    def check(self) -> None:
        reads = [Read(pages=pages) for pages in (self.before, self.pages) if pages]
        settled = settled_by(reads, self.dates, self.know)
        assert settled == (None if self.settled is None else set(self.settled))


ONE_PAGE = {
    "all it counts": Responses(BOTH, [page(1, "a b c", 3, last_page=1)], "abc"),
    "nothing": Responses(BOTH, [page(1, "", 0, last_page=1)], ""),
    "with filters": Responses(
        BOTH, [page(1, "a b", 2, last_page=1)], "ab", know=know(filtered=True)
    ),
    "a twin is counted twice": Responses(BOTH, [page(1, "a a b", 3, last_page=1)], "ab"),
    "one less than it counts": Responses(CLOSED, [page(1, "a b", 3, last_page=1)], None),
    "one more than it counts": Responses(CLOSED, [page(1, "a b c", 2, last_page=1)], None),
    "of two": Responses(BOTH, [page(1, "a b", 2, last_page=2)], None, know=know(filtered=True)),
}

CLOSED_DAYS = {
    "total holds": Responses(CLOSED, [page(1, "a b", 4), page(2, "c d", 4)], "abcd"),
    "one was missed": Responses(CLOSED, [page(1, "a b", 4), page(2, "b c", 4)], None),
    "age does not matter": Responses(CLOSED, [page(1, "a b", 4), page(2, "c-5 d+5", 4)], "abcd"),
    "a twin": Responses(CLOSED, [page(1, "a a", 4), page(2, "b c", 4)], "abc"),
    "a twin of another page": Responses(CLOSED, [page(1, "a b", 4), page(2, "a c", 4)], None),
    "a twin met again": Responses(
        CLOSED, [page(1, "a a", 4), page(1, "a a", 4), page(2, "b", 4)], None
    ),
    "a twin met again, and all": Responses(
        CLOSED, [page(1, "a a", 4), page(1, "a a", 4), page(2, "b c", 4)], "abc"
    ),
    "death of one that was read last": Responses(
        CLOSED, [page(1, "a b", 5), page(2, "c d", 5), page(3, "e", 4)], "abcde"
    ),
    "death of an unread one": Responses(CLOSED, [page(1, "a b", 5), page(2, "c d", 4)], None),
    "death of an unread one, the first page again": Responses(
        CLOSED, [page(1, "a b", 5), page(2, "c d", 4), page(1, "a b", 4)], "abcd"
    ),
    "death of a read one hides another": Responses(
        CLOSED, [page(1, "a b", 5), page(2, "d e", 4)], None
    ),
    "death of a read one, the hidden met": Responses(
        CLOSED, [page(1, "a b", 5), page(2, "d e", 4), page(1, "b c", 4)], "abcde"
    ),
    "rise": Responses(CLOSED, [page(1, "a b", 4), page(2, "c d", 5), page(3, "e", 5)], None),
    "rise, the first page again": Responses(
        CLOSED,
        [page(1, "a b", 4), page(2, "c d", 5), page(3, "e", 5), page(1, "a b", 5)],
        None,
    ),
    "what an earlier read met counts": Responses(
        CLOSED, [page(1, "a c", 4), page(2, "b c", 4)], "abcd", before=[page(1, "a d", 4)]
    ),
    "a read that counts more than the one before": Responses(
        CLOSED,
        [page(1, "a b", 4), page(2, "c d", 4)],
        "abcd",
        before=[page(1, "a b", 3), page(2, "b", 3)],
    ),
    "what an earlier read met before a death does not": Responses(
        CLOSED, [page(1, "a c", 4), page(2, "b c", 4)], None, before=[page(1, "a d", 5)]
    ),
}

OPEN_DAYS = {
    "total holds": Responses(OPEN, [page(1, "a b", 4), page(2, "c d", 4)], "abcd"),
    "birth": Responses(OPEN, [page(1, "a b", 4), page(2, "c d x+10", 5, 20)], "abcdx"),
    "birth in the place of a missed one": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c x+10", 4, 20)], None
    ),
    "births that are not read": Responses(OPEN, [page(1, "a b", 4), page(2, "c d", 6, 20)], "abcd"),
    "one created just before may be late": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-30", 4)], None
    ),
    "one created 60 s before, too": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-60", 4)], None
    ),
    "one created 61 s before is not": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-61", 4)], "abcd"
    ),
    "in small pages 3 s before tell": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-3", 4)], "abcd", know=know(small_pages=True)
    ),
    "in small pages 2 s do not": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-2", 4)], None, know=know(small_pages=True)
    ),
    "one in the response itself was there": Responses(
        OPEN, [page(1, "a b-5", 3), page(2, "c", 3)], "abc"
    ),
    "from the page with the newest on": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-5", 4), page(1, "a b", 4)], "abcd"
    ),
    "one without a date tells nothing": Responses(
        # `page` cannot tell that.
        BOTH,
        [page(1, "a b", 3), Page(2, [row("c", None)], 3, 2, NOON)],
        None,
    ),
    "data's clock behind: may be late": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-3650", 4)], None, know=know(3600)
    ),
    "data's clock behind: was there": Responses(
        OPEN, [page(1, "a b", 4), page(2, "c d-3661", 4)], "abcd", know=know(3600)
    ),
}

BOTH_KINDS = {
    "total holds": Responses(BOTH, [page(1, "a b", 4), page(2, "c d", 4)], "abcd"),
    "a birth, which may be an import": Responses(
        BOTH, [page(1, "a b", 4), page(2, "c d x+10", 5, 20)], None
    ),
    "an import hides a missed one": Responses(BOTH, [page(1, "a b", 4), page(2, "c i", 5)], None),
    "a birth and an import hide a missed one": Responses(
        BOTH, [page(1, "a b", 4), page(2, "c i x+10", 6, 20)], None
    ),
    "the rise went by": Responses(
        BOTH, [page(1, "a b", 4), page(2, "c", 5), page(3, "i", 4)], None
    ),
    "a new one of the first response explains no rise": Responses(
        BOTH, [page(1, "a b-5", 4), page(2, "c i", 5), page(1, "a b-5", 5)], None
    ),
}

TWO_READS = {
    "equal": Responses(
        BOTH,
        [page(1, "a b", 3), page(2, "c", 3)],
        "abc",
        before=[page(1, "a c", 3), page(2, "b", 3)],
        know=know(filtered=True),
    ),
    "one alone": Responses(
        BOTH, [page(1, "a b", 3), page(2, "c", 3)], None, know=know(filtered=True)
    ),
    "another contact": Responses(
        BOTH,
        [page(1, "a b", 3), page(2, "c", 3)],
        None,
        before=[page(1, "a b", 3), page(2, "d", 3)],
        know=know(filtered=True),
    ),
    "another total": Responses(
        BOTH,
        [page(1, "a b", 3), page(2, "c", 3)],
        None,
        before=[page(1, "a b", 4), page(2, "c", 4)],
        know=know(filtered=True),
    ),
    "fewer than they count": Responses(
        BOTH,
        [page(1, "a b", 4), page(2, "c", 4)],
        None,
        before=[page(1, "a b", 4), page(2, "c", 4)],
        know=know(filtered=True),
    ),
    "the total moved in the earlier": Responses(
        BOTH,
        [page(1, "a b", 3), page(2, "c", 3)],
        None,
        before=[page(1, "a b", 3), page(2, "c", 4)],
        know=know(filtered=True),
    ),
    "the total moved in the later": Responses(
        BOTH,
        [page(1, "a b", 3), page(2, "c", 4)],
        None,
        before=[page(1, "a b", 3), page(2, "c", 3)],
        know=know(filtered=True),
    ),
    "of days that change, too": Responses(
        OPEN,
        [page(1, "a b", 3), page(2, "c-5", 3)],
        "abc",
        before=[page(1, "a b", 3), page(2, "c-5", 3)],
    ),
}

TABLES = {
    "one page": ONE_PAGE,
    "closed days": CLOSED_DAYS,
    "open days": OPEN_DAYS,
    "both kinds": BOTH_KINDS,
    "two reads": TWO_READS,
}
CASES = {f"{table}: {name}": one for table, ones in TABLES.items() for name, one in ones.items()}


@pytest.mark.parametrize("responses", CASES.values(), ids=CASES)
def test_what_is_proven(responses: Responses) -> None:
    responses.check()


@pytest.mark.parametrize("dates", [CLOSED, BOTH], ids=str)
def test_an_import_does_not_hide_a_missed_one_behind_an_earlier_death(dates: DateRange) -> None:
    """First a dies, so that c moves to the page that was read, then i is imported."""
    Responses(dates, [page(1, "a b", 4), page(2, "d", 3), page(3, "i", 4)], None).check()


@pytest.mark.parametrize("dates", [CLOSED, OPEN, BOTH], ids=str)
def test_filters_leave_the_first_and_the_last_rule(dates: DateRange) -> None:
    pages = [page(1, "a b", 4), page(2, "c d", 4)]
    Responses(dates, pages, "abcd").check()
    Responses(dates, pages, None, know=know(filtered=True)).check()


def test_only_reads_in_a_row_confirm_each_other() -> None:
    reads = [Read(pages=[page(1, "a b", 3), page(2, contact, 3)]) for contact in ("c", "d", "c")]
    assert settled_by(reads, BOTH, know(filtered=True)) is None


KINDS = {
    "closed": (CLOSED, Knowledge(), Kind.CLOSED),
    "open": (OPEN, Knowledge(), Kind.OPEN),
    "up to yesterday": (DateRange(None, days_ago(1)), Knowledge(), Kind.BOTH),
    "all": (BOTH, Knowledge(), Kind.BOTH),
    "today": (DateRange(TODAY, TODAY), Knowledge(), Kind.OPEN),
    "no dates in the listing": (CLOSED, Knowledge(by_date=False), Kind.OPEN),
}


@pytest.mark.parametrize(("dates", "known", "kind"), KINDS.values(), ids=KINDS)
def test_what_can_happen_to_days(dates: DateRange, known: Knowledge, kind: Kind) -> None:
    assert kind_of(dates, page(1, "a", 1), known) is kind


@pytest.mark.parametrize(("asked_after", "settled"), [(0, None), (1, None), (2, "abc")])
@pytest.mark.parametrize("dates", [CLOSED, OPEN])
def test_a_response_that_was_under_way_may_be_older(
    dates: DateRange, asked_after: int, settled: str | None
) -> None:
    """It may hold a contact that was gone by the time of the one that came before it."""
    base = replace(page(1, "a b", 3), asked_after=1, came_as=2)
    other = replace(page(2, "c", 3), asked_after=asked_after, came_as=3)
    Responses(dates, [base, other], settled).check()
