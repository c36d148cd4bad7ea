"""Adding up: whether parts of dates hold what these hold, while contacts come and go."""

from datetime import date

import pytest

from tap_mihu.reading.adding_up import (
    Parts,
    Sum,
    Verdict,
    add_up,
    shrinks_too_much,
)
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.questions import Question
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
LOOKS = 3


def old() -> dict[str, date | None]:
    """Return six old contacts, one on the last day of each part."""
    return contacts(30, 25, 21, 20, 15, 10)


def recent() -> dict[str, date | None]:
    return contacts(1, 1, 0, 0)


def compare(
    server: Listing, dates: DateRange = OLD, parts: Parts = OLD_PARTS, know: Knowledge | None = None
) -> tuple[Sum, list[Question]]:
    """Compare parts with their whole, whose total was told before anything happens."""
    total = server.count(dates)
    steps = add_up(know or Knowledge(), dates, total, parts, looks=LOOKS)
    return drive(steps, server.reply)


COMPARED = {
    "even": (Listing(old()), Verdict.EVEN),
    "overlap": (Listing(old(), from_earlier=1), Verdict.ABOVE),
    "capped total": (Listing(old(), most_counted=2), Verdict.ABOVE),
    "dates ignored": (Listing(contacts(0, 0), from_earlier=99, to_earlier=-99), Verdict.IGNORED),
    "death before the parts": (Listing(old(), {1: kill("c0")}), Verdict.EVEN),
    "death between the parts": (Listing(old(), {2: kill("c5")}), Verdict.EVEN),
    "a death before each look": (
        Listing(contacts(*[15] * 20), {n: kill(f"c{n}") for n in range(1, 20)}),
        Verdict.UNCLEAR,
    ),
    "all die but one": (
        Listing(contacts(*[15] * 30), {1: kill(*(f"c{n}" for n in range(29)))}),
        Verdict.SHRUNK,
    ),
    "a part refused": (
        Listing(old(), refuses=lambda question: question.dates == OLD_PARTS.dates[0]),
        Verdict.EVEN,
    ),
    "a part refused, the other above the whole": (
        Listing(
            contacts(20, 15, 9),
            from_earlier=1,
            to_earlier=-1,
            refuses=lambda question: question.dates == OLD_PARTS.dates[0],
        ),
        Verdict.EVEN,
    ),
}


@pytest.mark.parametrize(("server", "verdict"), COMPARED.values(), ids=COMPARED)
def test_what_comes_of_comparing(server: Listing, verdict: Verdict) -> None:
    know = Knowledge()
    found, asked = compare(server, know=know)
    assert found.verdict is verdict
    assert len(found.firsts) == len(OLD_PARTS.dates)
    assert (know.days_later, know.gaps) == (0, False)
    assert len(asked) <= 3 * LOOKS


def test_closed_days_at_rest_cost_a_request_a_part() -> None:
    _, asked = compare(Listing(old()))
    assert [question.dates for question in asked] == OLD_PARTS.dates


def test_open_days_at_rest_are_counted_once_more_after_their_parts() -> None:
    _, asked = compare(Listing(recent()), RECENT, RECENT_PARTS)
    assert [question.dates for question in asked] == [*RECENT_PARTS.dates, RECENT]


@pytest.mark.parametrize(
    "happens",
    [dict.fromkeys((1, 4, 7), bear(0)), dict.fromkeys((3, 6, 9), kill_one(TODAY))],
    ids=["birth", "death"],
)
def test_something_in_every_look_leaves_it_unclear(
    happens: dict[int, Happening],
) -> None:
    server = Listing(contacts(1, 1, 0, 0, 0, 0), happens)
    assert compare(server, RECENT, RECENT_PARTS)[0].verdict is Verdict.UNCLEAR


@pytest.mark.parametrize("number", range(1, 10))
def test_a_birth_at_any_moment_is_no_gap(number: int) -> None:
    server = Listing(recent(), {number: bear(0)})
    assert compare(server, RECENT, RECENT_PARTS)[0].verdict is Verdict.EVEN


GAPS = {
    "one day": (1, Verdict.EVEN, 1, False),
    "two days": (2, Verdict.EVEN, 2, False),
    "more": (3, Verdict.BELOW, 0, True),
}


@pytest.mark.parametrize(("earlier", "verdict", "later", "gaps"), GAPS.values(), ids=GAPS)
def test_where_date_to_leaves_days_out_it_is_asked_for_later(
    earlier: int, verdict: Verdict, later: int, *, gaps: bool
) -> None:
    know = Knowledge()
    found, _ = compare(Listing(old(), to_earlier=earlier), know=know)
    assert (found.verdict, know.days_later, know.gaps) == (verdict, later, gaps)
    if not gaps:
        server = Listing(old(), to_earlier=earlier)
        total = server.count(know.asked_dates(OLD))
        again, asked = drive(add_up(know, OLD, total, OLD_PARTS, looks=LOOKS), server.reply)
        assert again.verdict is Verdict.EVEN
        assert len(asked) == len(OLD_PARTS.dates), "what was found is kept"


def test_a_gap_of_one_contact_is_not_hidden_by_a_death_at_any_moment() -> None:
    for number in range(1, 12):
        know = Knowledge()
        server = Listing(contacts(30, 25, 21, 20, 15, 12, 12), {number: kill("c0")}, to_earlier=1)
        found, _ = compare(server, know=know)
        assert found.verdict is not Verdict.EVEN or know.days_later == 1


@pytest.mark.parametrize(
    "happens", [{1: bear(0, 2)}, {3: kill("c2", "c3")}], ids=["births", "deaths"]
)
def test_a_gap_in_open_days_is_not_hidden_by_what_happens_on_one_side(
    happens: dict[int, Happening],
) -> None:
    """As many are born before the parts, or die after them, as the parts leave out."""
    know = Knowledge()
    found, _ = compare(Listing(recent(), happens, to_earlier=1), RECENT, RECENT_PARTS, know)
    assert found.verdict is Verdict.UNCLEAR


SHRINKING = {
    "few": (100, 80, False),
    "one more": (100, 79, True),
    "a tenth of many": (1000, 900, False),
    "more than a tenth": (1000, 899, True),
    "growing": (100, 200, False),
}


@pytest.mark.parametrize(("before", "after", "too_much"), SHRINKING.values(), ids=SHRINKING)
def test_when_contacts_are_rather_hidden_than_deleted(
    before: int, after: int, *, too_much: bool
) -> None:
    assert shrinks_too_much(before, after) is too_much
