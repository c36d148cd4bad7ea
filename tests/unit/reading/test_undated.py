"""The undated: looked for on the pages of the whole, until as many are met as there are."""

from collections.abc import Callable

import pytest

from tap_mihu.reading.knowledge import LARGE_PAGE, Budget, Knowledge
from tap_mihu.reading.questions import Question
from tap_mihu.reading.undated import Undated, find_undated
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import Listing, days_ago, drive, kill

Case = tuple[Undated, Listing, Knowledge, list[int], str, str | None]
"""Whom to find where; the pages asked for, 1000 for the large page 1; who is found, the cause."""


def listing(
    *undated: int, obeys_larger: bool = True, refuses: Callable[[Question], bool] | None = None
) -> Listing:
    """Return thirty contacts, those of these places in order without a creation date."""
    days = {f"c{n:02}": None if n in undated else days_ago(n) for n in range(30)}
    made = Listing(days, page_size=10, obeys_larger=obeys_larger)
    made.refuses = refuses or made.refuses
    return made


def know(*, larger: bool | None = None, used: int = 0) -> Knowledge:
    return Knowledge(larger_pages=larger, budget=Budget(page_size=10, contacts=30, used=used))


def is_large(question: Question) -> bool:
    return question.per_page == LARGE_PAGE


LARGE = [1000]
EACH = [1000, 1, 2, 3]
SMALL = know(larger=False)
SPENT = know(larger=False, used=10_000)
UNMET = "{} without creation date were not met"

SEARCHES: dict[str, Case] = {
    "there are none": (Undated(0), listing(), know(), [], "", None),
    "there is doubt": (Undated(0, doubt="shrunk"), listing(), know(), [], "", "shrunk"),
    "on one large page": (Undated(2), listing(3, 25), know(), LARGE, "c03 c25", None),
    "none obeyed": (Undated(1), listing(25, obeys_larger=False), know(), EACH, "c25", None),
    "none given": (Undated(1), listing(25, refuses=is_large), know(), EACH, "c25", None),
    "nothing given": (Undated(1), listing(refuses=bool), know(), [1000, 1], "", UNMET.format(1)),
    "no further than the last": (Undated(2), listing(3, 12), SMALL, [1, 2], "c03 c12", None),
    "on page 1": (Undated(1), listing(3), SMALL, [1], "c03", None),
    "never met": (Undated(1), listing(), SMALL, [1, 2, 3, 1, 3, 2], "", UNMET.format(1)),
    "number not known": (Undated(None), listing(3), know(), LARGE, "c03", UNMET.format("some")),
    "fewer than told": (Undated(3), listing(3), know(), LARGE, "c03", UNMET.format(2)),
    "one passed on": (Undated(1, passed_on={"c03"}), listing(3, 25), know(), LARGE, "c25", None),
    "no more requests": (Undated(1), listing(25), SPENT, [1], "", UNMET.format(1)),
}


@pytest.mark.parametrize("case", SEARCHES.values(), ids=SEARCHES)
def test_what_is_found_and_asked_for(case: Case) -> None:
    undated, server, known, numbers, found, cause = case
    result, asked = drive(find_undated(undated, known), server.reply)
    assert result == [undated]
    assert [1000 if is_large(one) else one.number for one in asked] == numbers
    assert all(one.dates == DateRange() and one.patient != is_large(one) for one in asked)
    assert [row.uuid for row in undated.pass_on()] == found.split()
    assert not undated.pass_on(), "each comes once"
    assert undated.cause == cause
    assert undated.proven is (cause is None)


def test_one_that_moved_is_looked_for_from_the_other_end() -> None:
    server, undated = listing(20), Undated(1)
    server.before = [(3, kill(0))]
    _, asked = drive(find_undated(undated, SMALL), server.reply)
    assert [one.number for one in asked] == [1, 2, 3, 1, 3, 2]
    assert undated.proven
