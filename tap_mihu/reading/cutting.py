"""The plan: into which windows a range of creation dates is cut.

Pure: it sees dates and page counts, not contacts.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.pages import DateRange, yesterday

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["PART_PAGES", "WINDOW_PAGES", "can_cut", "cut", "pieces_for"]

WINDOW_PAGES = 50
"""A listing of at most so many pages is read as one window."""

PART_PAGES = 64
"""Once a listing is cut, a part of so many pages is small enough: cutting costs requests too."""

# Parts come out uneven; aiming below the limit spares most of them a further cut.
_AIM_PAGES = 45
_MOST_PIECES = 16
_DAY = timedelta(days=1)


def pieces_for(pages: int) -> int:
    """Say into how many parts a listing of so many pages is cut."""
    return max(2, min(_MOST_PIECES, -(-pages // _AIM_PAGES)))


def can_cut(dates: DateRange, now: datetime) -> bool:
    """Tell whether the dates span more than a day; nothing is created after today."""
    return not dates.single_day and (dates.first is None or dates.first < now.date())


def cut(
    dates: DateRange, pieces: int, seen: tuple[date, date] | None, now: datetime
) -> list[DateRange]:
    """Cut dates into parts that cover them without gap or overlap.

    Where some of the days may still gain contacts, they are cut off first: the parts are the
    days before yesterday, and the rest.

    Args:
        dates: What to cut; `can_cut` holds.
        pieces: How many parts at the most.
        seen: The least and the greatest day known to hold contacts; a guess where `dates` is
            open. The outermost parts stay open, so a wrong guess loses nothing.
        now: The server's time.
    """
    if not dates.closed_at(now) and not dates.open_at(now):
        border = yesterday(now)
        return [DateRange(dates.first, border - _DAY), DateRange(border, dates.last)]
    least, greatest = _bounds(dates, seen, now)
    days = (greatest - least).days + 1
    pieces = min(pieces, days)
    starts = [least + timedelta(days=days * i // pieces) for i in range(1, pieces)]
    firsts = [dates.first, *starts]
    lasts = [*(start - _DAY for start in starts), dates.last]
    return [DateRange(first, last) for first, last in zip(firsts, lasts, strict=True)]


def _bounds(dates: DateRange, seen: tuple[date, date] | None, now: datetime) -> tuple[date, date]:
    """Guess two different days between which the contacts of the dates lie."""
    least, greatest = seen or (now.date(), now.date())
    greatest = min(greatest, dates.last or greatest)
    least = dates.first or min(least, greatest)
    greatest = dates.last or max(least, greatest)
    if least == greatest:
        return (least, greatest + _DAY) if dates.last is None else (least - _DAY, greatest)
    return least, greatest
