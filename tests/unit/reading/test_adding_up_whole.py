"""Adding up: how many contacts of the whole are in no part of it, for they have no date."""

from datetime import date
from itertools import combinations_with_replacement, product

import pytest

from tap_mihu.reading.adding_up import Parts, Sum, Verdict, add_up_whole
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.questions import Question
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import (
    TODAY,
    Listing,
    bear,
    contacts,
    days_ago,
    drive,
    kill,
    kill_one,
    together,
)

WHOLE_PARTS = Parts([DateRange(None, days_ago(2)), DateRange(days_ago(1), None)])
UNDATED = 2
EVENTS = {
    "birth": bear(0),
    "death of an old one": kill_one(days_ago(30)),
    "death of today's": kill_one(TODAY),
}
MOMENTS = [*product(range(1, 9), EVENTS.values())]


def compare_whole(
    server: Listing, know: Knowledge | None = None, days: list[date] | None = None
) -> tuple[Sum, list[Question]]:
    total = server.count(DateRange())
    steps = add_up_whole(know or Knowledge(), WHOLE_PARTS, total, days or [])
    return drive(steps, server.reply)


def everyone(undated: int) -> dict[str, date | None]:
    """Return contacts whose numbers by day are neither each other's nor that of the undated."""
    return contacts(30, 30, 30, *[9] * 4, 2, *[1] * 5, *[0] * 6, *[None] * undated)


WHOLE = {
    "none": (Listing(everyone(0)), Verdict.EVEN, 0),
    "two": (Listing(everyone(2)), Verdict.EVEN, 2),
    "a birth before every request": (
        Listing(everyone(2), dict.fromkeys(range(99), bear(0))),
        Verdict.UNCLEAR,
        None,
    ),
    "overlap": (Listing(everyone(0), from_earlier=1), Verdict.ABOVE, 0),
    "capped total": (Listing(everyone(0), most_counted=8), Verdict.ABOVE, 0),
    "dates ignored": (
        Listing(contacts(30, 0, 0), from_earlier=99, to_earlier=-99),
        Verdict.IGNORED,
        0,
    ),
    "most die": (
        Listing(contacts(*[9] * 30, 1), {3: kill(*(f"c{n}" for n in range(29)))}),
        Verdict.SHRUNK,
        None,
    ),
    "old part refused": (
        Listing(everyone(2), refuses=lambda question: question.dates == WHOLE_PARTS.dates[0]),
        Verdict.IGNORED,
        0,
    ),
    "recent part refused": (
        Listing(everyone(2), refuses=lambda question: question.dates == WHOLE_PARTS.dates[1]),
        Verdict.IGNORED,
        0,
    ),
}


@pytest.mark.parametrize(("server", "verdict", "undated"), WHOLE.values(), ids=WHOLE)
def test_how_many_are_in_no_part(server: Listing, verdict: Verdict, undated: int | None) -> None:
    know = Knowledge()
    found, _ = compare_whole(server, know, [days_ago(9)] * 4)
    assert (found.verdict, found.undated, know.days_later) == (verdict, undated, 0)


def test_at_rest_the_whole_costs_seven_requests() -> None:
    _, asked = compare_whole(Listing(everyone(0)))
    assert len(asked) == 7


def test_the_undated_are_told_exactly_whatever_two_things_happen() -> None:
    for events in combinations_with_replacement(MOMENTS, 2):
        know = Knowledge()
        server = Listing(everyone(UNDATED), together(events))
        found, _ = compare_whole(server, know, [days_ago(9)] * 4)
        assert (found.verdict, found.undated) == (Verdict.EVEN, UNDATED), events
        assert know.days_later == 0


def test_date_to_that_leaves_days_out_is_told_from_the_undated_whatever_happens() -> None:
    for event in MOMENTS:
        know = Knowledge()
        server = Listing(everyone(0), together([event]), to_earlier=1)
        found, _ = compare_whole(server, know, [days_ago(9)] * 4)
        assert (found.verdict, found.undated, know.days_later) == (Verdict.EVEN, 0, 1), event


def test_days_that_are_not_known_leave_what_is_missing_to_the_undated() -> None:
    know = Knowledge()
    found, _ = compare_whole(Listing(everyone(0), to_earlier=1), know)
    assert (found.undated, know.days_later) == (1, 0), "one is created on the border"


@pytest.mark.parametrize("undated", [1, 2])
def test_the_undated_are_not_taken_for_days_left_out_by_chance(undated: int) -> None:
    """One contact is created a day, so each border has as many behind it as the other."""
    know = Knowledge()
    server = Listing(contacts(*range(12), *[None] * undated))
    found, _ = compare_whole(server, know, [days_ago(5), days_ago(4)])
    assert (found.undated, know.days_later) == (undated, 0)


def test_as_many_without_date_as_lie_behind_the_border_are_told_by_another_border() -> None:
    know = Knowledge()
    server = Listing(contacts(*[9] * 4, 2, 1, 1, 0, *[None] * 2))
    found, _ = compare_whole(server, know, [days_ago(9)] * 4)
    assert (found.undated, know.days_later) == (2, 0)
