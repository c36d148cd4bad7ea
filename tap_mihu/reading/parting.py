"""Parting: a window becomes smaller ones, where their numbers say that nothing is lost by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_mihu.reading.adding_up import SHRUNK, Parts, Sum, Verdict, add_up, add_up_whole
from tap_mihu.reading.cutting import can_cut, cut, cut_by_days, days_of
from tap_mihu.reading.questions import Batch, Question, pages_of
from tap_mihu.reading.undated import Undated
from tap_mihu.reading.window import Window
from tap_mihu.records.pages import DateRange, Page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps

__all__ = ["NOT_ADDING_UP", "part", "part_unseen"]

NOT_ADDING_UP = "the numbers of contacts by creation date do not add up"
UNCOMPARED = "the numbers of contacts could not be compared"

# A part with a larger share than this says that days tell little of numbers.
_UNEVEN = 0.6
_FEW = 2
_SAMPLES = 4
# How often parts are compared.
_LOOKS = 3
_LOOKS_AT_TWO = 6
_LOOKS_AT_WHOLE = 12
_UNSEEN_PIECES = 8


def part(
    know: Knowledge, window: Window, page: Page, pieces: int, days: Sequence[date] = ()
) -> Steps[list[Window | Undated] | None]:
    """Cut a window, if the parts hold what it holds.

    Args:
        know: What is known of the server.
        window: What to cut.
        page: A response of it.
        pieces: How many parts, about.
        days: The days of the contacts that were read of it, in order; where there are none, the
            window is cut by what little is known.

    Returns:
        The windows that stand in its place, the undated of the whole as the last; None where it
        has to be read as it is.
    """
    if not know.by_date or know.gaps or not can_cut(window.dates, page.served_at):
        return None
    window.note(page.rows)
    if window.dates == DateRange():
        return (yield from _part_whole(know, window, page, days))
    if not days and not window.reads:
        days = yield from _sample(know, window, page)
    # Fewer parts are asked for faster, so that less comes and goes meanwhile.
    for number, looks in ((pieces, _LOOKS), (2, _LOOKS_AT_TWO)):
        parts = _cut(window, page, number, days)
        if len(parts.dates) == 1 or not know.allows(_LOOKS * len(parts.dates)):
            return None
        found = yield from add_up(know, window.dates, page.total, parts, looks=looks)
        found = yield from _checked(know, parts, found)
        if found.verdict in {Verdict.BELOW, Verdict.IGNORED}:
            return None
        if found.verdict is not Verdict.UNCLEAR:
            return _children(know, window, parts, found)
    # What was read before may be read once more; what is too large may not.
    return None if window.reads else _children(know, window, parts, found)


def _part_whole(
    know: Knowledge, window: Window, page: Page, days: Sequence[date]
) -> Steps[list[Window | Undated] | None]:
    """Cut the whole in two: the days that are over, and the others."""
    # In ordinary pages, for these come sooner.
    parts = Parts(cut(window.dates, 2, None, page.served_at))
    border = parts.dates[0].last
    if border is None or not know.allows(_LOOKS_AT_WHOLE):
        return None
    known = [day for day in days or days_of(page.rows) if day < border]
    found = yield from add_up_whole(know, parts, page.total, known)
    found = yield from _checked(know, parts, found)
    if found.verdict is Verdict.IGNORED:
        return None
    undated = Undated(found.undated, doubt=_doubt(found))
    if found.verdict is Verdict.UNCLEAR:
        # Of each part alone there is no doubt.
        found = replace(found, verdict=Verdict.EVEN)
    return [*_children(know, window, parts, found), undated]


def _cut(window: Window, page: Page, pieces: int, days: Sequence[date]) -> Parts:
    now = page.served_at
    both = not window.dates.closed_at(now) and not window.dates.open_at(now)
    by_days = bool(days) and (bool(window.reads) or window.uneven) and not both
    dates = (
        cut_by_days(window.dates, days, pieces, alone=bool(window.reads))
        if by_days
        else cut(window.dates, pieces, window.seen, now)
    )
    return Parts(dates, window.per_page)


def part_unseen(window: Window, know: Knowledge) -> list[Window | Undated]:
    """Return the parts of a window whose numbers are not known, for the API refuses its page 1.

    They cannot be compared with what they were cut from.
    """
    if window.dates.single_day or window.seen is None or not know.by_date:
        return []
    least, greatest = window.seen
    days = [least + timedelta(days=i) for i in range((greatest - least).days + 1)]
    parts = cut_by_days(window.dates, days, _UNSEEN_PIECES)
    if len(parts) == 1:
        return []
    return [
        Window(dates, seen=window.seen, per_page=window.per_page, doubt=window.doubt or UNCOMPARED)
        for dates in parts
    ]


def _sample(know: Knowledge, window: Window, page: Page) -> Steps[list[date]]:
    """Ask for some pages to guess where the contacts lie; the API may refuse them."""
    dates = know.asked_dates(window.dates)
    numbers = {page.last_page}
    if window.uneven:
        numbers |= {max(2, page.last_page * i // _SAMPLES) for i in range(1, _SAMPLES)}
    questions = [
        Question(dates, number, window.per_page, patient=False) for number in sorted(numbers - {1})
    ]
    pages = pages_of((yield Batch(questions)), questions) if questions else []
    rows = [row for sampled in (page, *pages) if sampled is not None for row in sampled.rows]
    window.note(rows)
    return days_of(rows)


def _checked(know: Knowledge, parts: Parts, found: Sum) -> Steps[Sum]:
    """Look at the other end of the largest of parts that hold too much: is it within its dates?"""
    pages = [page for page in found.firsts if page is not None]
    if found.verdict is not Verdict.ABOVE or not pages:
        return found
    know.overlaps = True
    largest = max(pages, key=lambda page: page.total)
    dates = know.asked_dates(parts.dates[found.firsts.index(largest)])
    question = Question(dates, largest.last_page, parts.per_page, patient=False)
    (page,) = pages_of((yield Batch([question])), [question])
    if page is not None and not all(dates.admits(row) for row in page.rows):
        return Sum(Verdict.IGNORED, found.firsts)
    return found


def _doubt(found: Sum) -> str | None:
    return _DOUBTS.get(found.verdict)


_DOUBTS = {
    Verdict.ABOVE: NOT_ADDING_UP,
    Verdict.UNCLEAR: UNCOMPARED,
    Verdict.SHRUNK: SHRUNK,
}


def _children(know: Knowledge, window: Window, parts: Parts, found: Sum) -> list[Window | Undated]:
    total = sum(page.total for page in found.firsts if page is not None)
    children: list[Window | Undated] = []
    for dates, page in zip(parts.dates, found.firsts, strict=True):
        child = Window(
            dates,
            first=page if parts.per_page == window.per_page else None,
            per_page=window.per_page,
            seen=window.seen,
            doubt=window.doubt or _doubt(found),
            met_before=window.met_before,
            most=page.total if page else 0,
            restless=bool(window.reads) and know.larger_pages is False,
        )
        child.uneven = len(parts.dates) > _FEW and page is not None and page.total > _UNEVEN * total
        children.append(child)
    return children
