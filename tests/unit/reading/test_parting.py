"""Parting: which windows stand in the place of one, and what doubt they carry."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from tap_mihu.reading.adding_up import SHRUNK
from tap_mihu.reading.evidence import Read
from tap_mihu.reading.knowledge import Budget, Knowledge
from tap_mihu.reading.parting import NOT_ADDING_UP, UNCOMPARED, part, part_unseen
from tap_mihu.reading.questions import Question
from tap_mihu.reading.undated import Undated
from tap_mihu.reading.window import Window
from tap_mihu.records.pages import DateRange, Page
from tests.simulated.steps import (
    TODAY,
    Happening,
    Listing,
    always,
    bear,
    contacts,
    days_ago,
    drive,
    kill,
)

OLD = DateRange(days_ago(40), days_ago(10))
WHOLE = DateRange()


def spread(
    before: list[tuple[int, Happening]] | None = None, *, undated: int = 0, **lies: int
) -> Listing:
    """Return contacts of different numbers a day, from forty days ago until today."""
    agos = [n for n in range(41) for _ in range(1 + n % 3)]
    return Listing(contacts(*agos, *[None] * undated), before or (), **lies)  # type: ignore[arg-type]


def know(*, by_date: bool = True, gaps: bool = False, used: int = 0) -> Knowledge:
    budget = Budget(page_size=2, contacts=1000, used=used)
    return Knowledge(by_date=by_date, gaps=gaps, budget=budget)


@dataclass
class Cut:
    """A window to be cut, and the doubts of its parts; none where it is not cut."""

    server: Listing
    doubts: set[str | None] | None = None
    dates: DateRange = OLD
    know: Knowledge = field(default_factory=know)
    doubt: str | None = None
    was_read: bool = False
    per_page: int | None = None
    undated: int | None = None
    asks: bool = True
    """Whether anything is asked to see whether it can be cut."""

    def make(self) -> tuple[list[Window], list[Undated], list[Question]]:
        """Return the windows, the undated, and what was asked."""
        window = Window(self.dates, doubt=self.doubt, per_page=self.per_page)
        first = Listing(self.server.days, page_size=2, most_counted=self.server.most_counted)
        page = first.reply(Question(self.dates))
        assert isinstance(page, Page)
        if self.was_read:
            window.reads.append(Read(pages=[page]))
        parts, asked = drive(part(self.know, window, page, 4), self.server.reply)
        windows = [one for one in parts or [] if isinstance(one, Window)]
        return windows, [one for one in parts or [] if isinstance(one, Undated)], asked


CUTS = {
    "even": Cut(spread(), {None}),
    "in doubt before": Cut(spread(), {"odd"}, doubt="odd"),
    "capped total": Cut(spread(most_counted=10), {NOT_ADDING_UP}),
    "capped total, in doubt before": Cut(spread(most_counted=10), {"odd"}, doubt="odd"),
    "overlap": Cut(spread(from_earlier=1), {NOT_ADDING_UP}),
    "nearly all die": Cut(spread([(2, kill(*range(21, 79)))]), {SHRUNK}),
    "imports without end": Cut(spread(always(bear(20))), {UNCOMPARED}),
    "imports without end, once read": Cut(spread(always(bear(20))), was_read=True),
    "one day left out": Cut(spread(to_earlier=1), {None}),
    "many days left out": Cut(spread(to_earlier=9)),
    "dates ignored": Cut(spread(from_earlier=99, to_earlier=-99)),
    "no more requests": Cut(spread(), know=know(used=9_999)),
    "the whole": Cut(spread(), {None}, WHOLE, undated=0),
    "the whole, undated": Cut(spread(undated=7), {None}, WHOLE, undated=7),
    # It is cut by ordinary pages, which come sooner, though larger are to be read.
    "the whole, in larger pages": Cut(spread(), {None}, WHOLE, undated=0, per_page=1000),
    "the whole, most die": Cut(spread([(3, kill(*range(70)))]), {SHRUNK}, WHOLE),
    "the whole, births without end": Cut(spread(always(bear(0))), {None, UNCOMPARED}, WHOLE),
    "the whole, capped": Cut(spread(most_counted=10), {NOT_ADDING_UP}, WHOLE),
    "the whole, overlap": Cut(spread(from_earlier=1), {NOT_ADDING_UP}, WHOLE),
    "the whole, dates ignored": Cut(spread(from_earlier=99, to_earlier=-99), dates=WHOLE),
    "one day": Cut(spread(), dates=DateRange(days_ago(20), days_ago(20)), asks=False),
    "no dates in the listing": Cut(spread(), know=know(by_date=False), asks=False),
    "gaps known": Cut(spread(), know=know(gaps=True), asks=False),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_what_stands_in_the_place_of_a_window(cut: Cut) -> None:
    windows, undated, asked = cut.make()
    assert cut.asks or asked == []
    assert {one.doubt for one in (*windows, *undated)} == (cut.doubts or set())  # type: ignore[attr-defined]
    assert len(undated) == (cut.dates == WHOLE and cut.doubts is not None)
    assert cut.undated in {None, *(one.expected for one in undated)}
    # First pages of the right size are not asked for again.
    assert all((one.first is None) == (one.per_page is not None) for one in windows)
    assert all(one.per_page == cut.per_page for one in windows)
    assert all(one.most == one.known_total for one in windows if one.first)
    check_cover(windows, cut.dates)


def check_cover(windows: list[Window], dates: DateRange) -> None:
    if windows:
        assert (windows[0].dates.first, windows[-1].dates.last) == (dates.first, dates.last)
    for earlier, later in pairwise(windows):
        assert earlier.dates.last == later.dates.first - (TODAY - days_ago(1))  # type: ignore[operator]


def test_parts_of_what_is_refused_are_in_doubt() -> None:
    seen = (days_ago(30), days_ago(20))
    for window in (Window(OLD, seen=seen), Window(OLD, seen=seen, doubt="odd")):
        parts = [one for one in part_unseen(window, know()) if isinstance(one, Window)]
        assert {(one.doubt, one.first) for one in parts} == {(window.doubt or UNCOMPARED, None)}
        check_cover(parts, OLD)
    assert not part_unseen(Window(DateRange(TODAY, TODAY), seen=(TODAY, TODAY)), know())
    assert not part_unseen(Window(OLD), know())
