"""Parting: which windows stand in the place of one, and what doubt they carry."""

from dataclasses import dataclass, field
from datetime import date
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
from tests.simulated.steps import TODAY, Listing, days_ago, drive

OLD = DateRange(days_ago(40), days_ago(10))
WHOLE = DateRange()


def spread() -> dict[str, date | None]:
    """Return contacts of different numbers a day, from forty days ago until today."""
    agos = [n for n in range(41) for _ in range(1 + n % 3)]
    return {f"c{place:02}": days_ago(ago) for place, ago in enumerate(agos)}


def with_undated() -> dict[str, date | None]:
    return {**spread(), **{f"z{n}": None for n in range(7)}}


def importing(server: Listing) -> None:
    server.bear(days_ago(20))


def nearly_all_die(server: Listing) -> None:
    for uuid in server.selected(OLD)[1:]:
        server.kill(uuid)


def bearing(server: Listing) -> None:
    server.bear(TODAY)


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

    def make(self) -> tuple[list[Window], list[Undated], list[Question]]:
        """Return the windows, the undated, and what was asked."""
        window = Window(self.dates, is_whole=self.dates == WHOLE, doubt=self.doubt)
        first = Listing(self.server.days, page_size=2, most_counted=self.server.most_counted)
        page = first.reply(Question(self.know.asked_dates(self.dates)))
        assert isinstance(page, Page)
        if self.was_read:
            window.reads.append(Read(pages=[page]))
        parts, asked = drive(part(self.know, window, page, 4), self.server.reply)
        windows = [one for one in parts or [] if isinstance(one, Window)]
        return windows, [one for one in parts or [] if isinstance(one, Undated)], asked


CUTS = {
    "even": Cut(Listing(spread()), {None}),
    "in doubt before": Cut(Listing(spread()), {"odd"}, doubt="odd"),
    "capped total": Cut(Listing(spread(), most_counted=10), {NOT_ADDING_UP}),
    "capped total, in doubt before": Cut(Listing(spread(), most_counted=10), {"odd"}, doubt="odd"),
    "nearly all die": Cut(Listing(spread(), {2: nearly_all_die}), {SHRUNK}),
    "imports without end": Cut(
        Listing(spread(), dict.fromkeys(range(99), importing)), {UNCOMPARED}
    ),
    "imports without end, once read": Cut(
        Listing(spread(), dict.fromkeys(range(99), importing)), was_read=True
    ),
    "one day left out": Cut(Listing(spread(), to_earlier=1), {None}),
    "many days left out": Cut(Listing(spread(), to_earlier=9)),
    "dates ignored": Cut(Listing(spread(), from_earlier=99, to_earlier=-99)),
    "one day": Cut(Listing(spread()), dates=DateRange(days_ago(20), days_ago(20))),
    "no dates in the listing": Cut(Listing(spread()), know=know(by_date=False)),
    "gaps known": Cut(Listing(spread()), know=know(gaps=True)),
    "no more requests": Cut(Listing(spread()), know=know(used=9_999)),
    "the whole": Cut(Listing(spread()), {None}, WHOLE),
    "the whole, undated": Cut(Listing(with_undated()), {None}, WHOLE),
    "the whole, births without end": Cut(
        Listing(spread(), dict.fromkeys(range(99), bearing)), {None, UNCOMPARED}, WHOLE
    ),
    "the whole, capped": Cut(Listing(spread(), most_counted=10), {NOT_ADDING_UP}, WHOLE),
    "the whole, dates ignored": Cut(
        Listing(spread(), from_earlier=99, to_earlier=-99), dates=WHOLE
    ),
}


@pytest.mark.parametrize("cut", CUTS.values(), ids=CUTS)
def test_what_stands_in_the_place_of_a_window(cut: Cut) -> None:
    windows, undated, _ = cut.make()
    doubts = {one.doubt for one in windows} | {one.doubt for one in undated}
    assert doubts == (cut.doubts or set())
    assert len(undated) == (cut.dates == WHOLE and cut.doubts is not None)
    for earlier, later in pairwise(windows):
        assert earlier.dates.last == later.dates.first - (TODAY - days_ago(1))  # type: ignore[operator]
    if windows:
        assert (windows[0].dates.first, windows[-1].dates.last) == (
            cut.dates.first,
            cut.dates.last,
        )


@pytest.mark.parametrize("name", ["one day", "no dates in the listing", "gaps known"])
def test_what_cannot_be_cut_is_not_asked_for(name: str) -> None:
    _, _, asked = CUTS[name].make()
    assert not asked


def test_the_first_pages_are_not_asked_for_again() -> None:
    windows, _, _ = Cut(Listing(spread())).make()
    assert [one.first and one.first.number for one in windows] == [1] * len(windows)
    assert all(one.most == one.known_total > 0 for one in windows)


def test_a_first_page_of_another_size_is_not_kept() -> None:
    """The whole is cut by ordinary pages, which come sooner, though larger are to be read."""
    server = Listing(spread())
    page = server.reply(Question(WHOLE))
    assert isinstance(page, Page)
    parts, _ = drive(part(know(), Window(WHOLE, per_page=1000), page, 4), server.reply)
    windows = [one for one in parts or [] if isinstance(one, Window)]
    assert [(one.first, one.per_page) for one in windows] == [(None, 1000)] * 2


@pytest.mark.parametrize(("days", "expected"), [(spread(), 0), (with_undated(), 7)])
def test_the_undated_come_last_with_their_number(
    days: dict[str, date | None], expected: int
) -> None:
    _, (undated,), _ = Cut(Listing(days), dates=WHOLE).make()
    assert (undated.expected, undated.doubt) == (expected, None)


UNSEEN = {
    "many days": (Window(OLD, seen=(days_ago(30), days_ago(20))), {UNCOMPARED}),
    "in doubt before": (Window(OLD, seen=(days_ago(30), days_ago(20)), doubt="odd"), {"odd"}),
    "a day": (Window(DateRange(TODAY, TODAY), seen=(TODAY, TODAY)), set()),
    "nothing seen": (Window(OLD), set()),
}


@pytest.mark.parametrize(("window", "doubts"), UNSEEN.values(), ids=UNSEEN)
def test_parts_of_what_is_refused_are_in_doubt(window: Window, doubts: set[str]) -> None:
    parts = [one for one in part_unseen(window, know()) if isinstance(one, Window)]
    assert {one.doubt for one in parts} == doubts
    assert all(one.first is None for one in parts)
    if parts:
        assert (parts[0].dates.first, parts[-1].dates.last) == (OLD.first, OLD.last)
