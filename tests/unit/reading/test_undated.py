"""The undated: looked for on the pages of the whole, until as many are met as there are."""

from dataclasses import dataclass, field

import pytest

from tap_mihu.reading.knowledge import LARGE_PAGE, Budget, Knowledge
from tap_mihu.reading.undated import Undated, find_undated
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import Listing, days_ago, drive


def listing(*undated: int, page_size: int = 10, obeys_larger: bool = True) -> Listing:
    """Return thirty contacts, those of these places in order without a creation date."""
    days = {f"c{n:02}": None if n in undated else days_ago(n) for n in range(30)}
    return Listing(days, page_size=page_size, obeys_larger=obeys_larger)


def know(*, larger: bool | None = None, used: int = 0) -> Knowledge:
    budget = Budget(page_size=10, contacts=30, used=used)
    return Knowledge(larger_pages=larger, budget=budget)


@dataclass
class Search:
    """What is looked for where, and what comes of it."""

    undated: Undated
    server: Listing
    asked: list[tuple[int, int | None]]
    """The pages asked for, and in which size."""
    found: set[str]
    cause: str | None = None
    know: Knowledge = field(default_factory=know)


LARGE = 1, LARGE_PAGE
UNMET = "{} without creation date were not met"

SEARCHES = {
    "there are none": Search(Undated(0), listing(), [], set()),
    "there are none for certain": Search(
        Undated(0, doubt="shrunk"), listing(), [], set(), "shrunk"
    ),
    "on the one large page": Search(Undated(2), listing(3, 25), [LARGE], {"c03", "c25"}),
    "though there is doubt": Search(Undated(1, doubt="odd"), listing(3), [LARGE], {"c03"}, "odd"),
    "larger pages ignored": Search(
        Undated(1),
        listing(25, obeys_larger=False),
        [LARGE, (1, None), (2, None), (3, None)],
        {"c25"},
    ),
    "larger pages known to be ignored": Search(
        Undated(1), listing(25), [(1, None), (2, None), (3, None)], {"c25"}, know=know(larger=False)
    ),
    "no further than where the last is": Search(
        Undated(2), listing(3, 12), [(1, None), (2, None)], {"c03", "c12"}, know=know(larger=False)
    ),
    "on page 1": Search(Undated(1), listing(3), [(1, None)], {"c03"}, know=know(larger=False)),
    "their number not known": Search(
        Undated(None), listing(3), [LARGE], {"c03"}, UNMET.format("some")
    ),
    "fewer there than told": Search(Undated(3), listing(3), [LARGE], {"c03"}, UNMET.format(2)),
    "one was passed on": Search(Undated(1, passed_on={"c03"}), listing(3, 25), [LARGE], {"c25"}),
    "no more requests": Search(
        Undated(1),
        listing(25),
        [(1, None)],
        set(),
        UNMET.format(1),
        know=know(larger=False, used=10_000),
    ),
}


@pytest.mark.parametrize("search", SEARCHES.values(), ids=SEARCHES)
def test_what_is_found_and_asked_for(search: Search) -> None:
    result, asked = drive(find_undated(search.undated, search.know), search.server.reply)
    assert result == [search.undated]
    assert [(one.number, one.per_page) for one in asked] == search.asked
    assert {one.dates for one in asked} <= {DateRange()}
    assert {row.uuid for row in search.undated.pass_on()} == search.found
    assert search.undated.cause == search.cause
    assert search.undated.proven is (search.cause is None)


def test_one_that_moved_is_looked_for_from_the_other_end() -> None:
    server, undated = listing(20), Undated(1)

    def delete(changed: Listing) -> None:
        del changed.days["c00"]

    server.before = {3: delete}
    _, asked = drive(find_undated(undated, know(larger=False)), server.reply)
    assert [one.number for one in asked] == [1, 2, 3, 1, 3, 2]
    assert undated.proven


def test_those_that_are_never_met_are_not_looked_for_a_third_time() -> None:
    undated = Undated(1)
    _, asked = drive(find_undated(undated, know(larger=False)), listing().reply)
    assert [one.number for one in asked] == [1, 2, 3, 1, 3, 2]
    assert undated.cause == UNMET.format(1)


def test_larger_pages_that_are_refused_are_not_tried_again() -> None:
    server = listing(25)
    server.refuses = lambda question: question.per_page is not None
    undated, known = Undated(1), know()
    _, asked = drive(find_undated(undated, known), server.reply)
    assert [(one.per_page, one.patient) for one in asked[:2]] == [(LARGE_PAGE, False), (None, True)]
    assert undated.proven
    assert known.larger_pages is False


def test_where_all_is_refused_none_is_proven_to_be_met() -> None:
    undated = Undated(1)
    server = Listing({}, refuses=lambda _question: True)
    drive(find_undated(undated, know()), server.reply)
    assert undated.proven is False


def test_each_is_passed_on_once() -> None:
    undated = Undated(2)
    drive(find_undated(undated, know()), listing(3, 25).reply)
    assert len(undated.pass_on()) == 2
    assert not undated.pass_on()
