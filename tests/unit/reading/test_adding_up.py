"""Adding up: whether parts hold what their whole holds, while contacts come and go."""

from itertools import combinations_with_replacement, product

import pytest

from tap_mihu.reading.adding_up import Parts, Verdict, add_up, add_up_whole, shrinks_too_much
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.records.pages import DateRange
from tests.simulated.steps import (
    TODAY,
    Happening,
    Listing,
    bear,
    contacts,
    days_ago,
    drive,
    kill,
    kill_one,
)

OLD = DateRange(None, days_ago(10))
OLD_PARTS = Parts([DateRange(None, days_ago(21)), DateRange(days_ago(20), days_ago(10))])
RECENT = DateRange(days_ago(1), None)
RECENT_PARTS = Parts([DateRange(days_ago(1), days_ago(1)), DateRange(TODAY, None)])
WHOLE_PARTS = Parts([DateRange(None, days_ago(2)), DateRange(days_ago(1), None)])
# Six contacts, one on the last day of each part; and four recent ones.
OLD_DAYS = (30, 25, 21, 20, 15, 10)
RECENT_DAYS = (1, 1, 0, 0)
LOOKS = 3


def compare(
    server: Listing, dates: DateRange = OLD, parts: Parts = OLD_PARTS, know: Knowledge | None = None
) -> tuple[Verdict, list[DateRange]]:
    """Compare parts with their whole, whose total was told before; return what was asked, too."""
    know = know or Knowledge()
    total = server.count(know.asked_dates(dates))
    found, asked = drive(add_up(know, dates, total, parts, looks=LOOKS), server.reply)
    assert len(found.firsts) == len(parts.dates)
    return found.verdict, [question.dates for question in asked]


def refusing(dates: DateRange, *days: int | None) -> Listing:
    return Listing(contacts(*days), refuses=lambda question: question.dates == dates)


def test_at_rest_closed_days_cost_a_request_a_part_and_open_ones_a_further_look() -> None:
    assert compare(Listing(contacts(*OLD_DAYS))) == (Verdict.EVEN, OLD_PARTS.dates)
    recent = compare(Listing(contacts(*RECENT_DAYS)), RECENT, RECENT_PARTS)
    assert recent == (Verdict.EVEN, [*RECENT_PARTS.dates, RECENT])


def test_a_part_that_is_refused_may_hold_what_the_other_does_not() -> None:
    assert compare(refusing(OLD_PARTS.dates[0], 20, 15, 10))[0] is Verdict.EVEN
    assert compare(refusing(OLD_PARTS.dates[0], *OLD_DAYS))[0] is Verdict.EVEN


UNCLEAR: dict[str, tuple[list[tuple[int, Happening]], int]] = {
    "a birth in every look": ([(n, bear(0)) for n in (1, 4, 7)], 0),
    "a death in every look": ([(n, kill_one(0)) for n in (3, 6, 9)], 0),
    "as many births before the parts as these leave out": ([(1, bear(0, 2))], 1),
    "as many deaths after the parts as these leave out": ([(3, kill(2, 3))], 1),
}


@pytest.mark.parametrize(("happens", "to_earlier"), UNCLEAR.values(), ids=UNCLEAR)
def test_what_happens_in_open_days_makes_nothing_even(
    happens: list[tuple[int, Happening]], to_earlier: int
) -> None:
    days = contacts(*RECENT_DAYS) if to_earlier else contacts(*RECENT_DAYS, 0, 0)
    server = Listing(days, happens, to_earlier=to_earlier)
    assert compare(server, RECENT, RECENT_PARTS)[0] is Verdict.UNCLEAR


def test_one_birth_or_death_at_any_moment_neither_makes_a_gap_nor_hides_one() -> None:
    for number in range(1, 12):
        born = Listing(contacts(*RECENT_DAYS), [(number, bear(0))])
        assert compare(born, RECENT, RECENT_PARTS)[0] is Verdict.EVEN
        died = Listing(contacts(*OLD_DAYS), [(number, kill(0))])
        assert compare(died)[0] is Verdict.EVEN
        know = Knowledge()
        gap = Listing(contacts(30, 25, 21, 20, 15, 12, 12), [(number, kill(0))], to_earlier=1)
        assert compare(gap, know=know)[0] is not Verdict.EVEN or know.days_later == 1


def test_where_date_to_leaves_one_day_or_two_out_it_is_asked_for_later() -> None:
    for days in (1, 2):
        know, server = Knowledge(), Listing(contacts(*OLD_DAYS), to_earlier=days)
        assert compare(server, know=know)[0] is Verdict.EVEN
        assert (know.days_later, know.gaps) == (days, False)
        # What was found is kept.
        assert compare(server, know=know) == (
            Verdict.EVEN,
            [*map(know.asked_dates, OLD_PARTS.dates)],
        )
    know, server = Knowledge(), Listing(contacts(*OLD_DAYS), to_earlier=3)
    assert compare(server, know=know)[0] is Verdict.BELOW
    assert (know.days_later, know.gaps) == (0, True)


SHRINKING = {(100, 80): False, (100, 79): True, (1000, 900): False, (1000, 899): True}


@pytest.mark.parametrize(("numbers", "too_much"), SHRINKING.items())
def test_more_than_twenty_and_a_tenth_are_rather_hidden_than_deleted(
    numbers: tuple[int, int], *, too_much: bool
) -> None:
    assert shrinks_too_much(*numbers) is too_much


# The whole, of which some have no date and so are in no part.

# The numbers by day are neither each other's nor that of the undated.
DATED = (30, 30, 30, *[9] * 4, 2, *[1] * 5, *[0] * 6)
KNOWN = (9, 9, 9, 9)
MOMENTS = [*product(range(1, 9), (bear(0), kill_one(30), kill_one(0)))]


def compare_whole(
    server: Listing, known: tuple[int, ...] = KNOWN
) -> tuple[Verdict, int | None, int, int]:
    """Return what comes of comparing, how much later `date_to` must be, and what it costs."""
    know, total = Knowledge(), server.count(DateRange())
    days = [days_ago(day) for day in known]
    found, asked = drive(add_up_whole(know, WHOLE_PARTS, total, days), server.reply)
    return found.verdict, found.undated, know.days_later, len(asked)


def test_the_undated_are_not_taken_for_those_of_a_day_that_is_left_out() -> None:
    """As many of them may lie behind a border by chance, or no days are known."""
    for days, known, undated in (
        ((*range(12), None), (5, 4), 1),
        ((*range(12), None, None), (5, 4), 2),
        ((*KNOWN, 2, 1, 1, 0, None, None), KNOWN, 2),
    ):
        assert compare_whole(Listing(contacts(*days)), known)[:3] == (Verdict.EVEN, undated, 0)
    left_out = Listing(contacts(*DATED), to_earlier=1)
    assert compare_whole(left_out, ())[:3] == (Verdict.EVEN, 1, 0)


@pytest.mark.parametrize("refused", WHOLE_PARTS.dates)
def test_where_a_part_is_refused_the_whole_is_not_cut(refused: DateRange) -> None:
    assert compare_whole(refusing(refused, *DATED))[:3] == (Verdict.IGNORED, 0, 0)


def test_at_rest_the_whole_costs_seven_requests() -> None:
    assert compare_whole(Listing(contacts(*DATED))) == (Verdict.EVEN, 0, 0, 7)


def test_the_undated_are_told_exactly_whatever_two_things_happen() -> None:
    for events in combinations_with_replacement(MOMENTS, 2):
        server = Listing(contacts(*DATED, None, None), events)
        assert compare_whole(server)[:3] == (Verdict.EVEN, 2, 0), events


def test_date_to_that_leaves_days_out_is_told_from_the_undated_whatever_happens() -> None:
    for event in MOMENTS:
        server = Listing(contacts(*DATED), [event], to_earlier=1)
        assert compare_whole(server)[:3] == (Verdict.EVEN, 0, 1), event
