"""Cutting: into which parts a range of creation dates is cut.

Pure: it sees dates and numbers, not contacts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.pages import DateRange, yesterday

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from tap_mihu.records.pages import Row

__all__ = [
    "PART_PAGES",
    "UNSETTLED_PIECES",
    "WINDOW_PAGES",
    "can_cut",
    "cut",
    "cut_by_days",
    "days_of",
    "pieces_for",
]

WINDOW_PAGES = 50
"""A listing of at most so many pages is read as one window."""

PART_PAGES = 64
"""Once a listing is cut, a part of so many pages is small enough: cutting costs requests too."""

UNSETTLED_PIECES = 4
"""So many parts a window has that did not settle."""

# Parts come out uneven; aiming below the limit spares most of them a further cut.
_AIM_PAGES = 45
_MOST_PIECES = 16
_DAY = timedelta(days=1)


def days_of(rows: Iterable[Row]) -> list[date]:
    """Return the days on which contacts were created, in order; the undated have none."""
    return sorted(date.fromisoformat(row.created_at[:10]) for row in rows if row.created_at)


def pieces_for(pages: int) -> int:
    """Return into how many parts a listing of so many pages is cut."""
    return max(2, min(_MOST_PIECES, -(-pages // _AIM_PAGES)))


def can_cut(dates: DateRange, now: datetime) -> bool:
    """Return whether the dates span more than a day; nothing is created after today."""
    return not dates.single_day and (dates.first is None or dates.first < now.date())


def cut(
    dates: DateRange, pieces: int, seen: tuple[date, date] | None, now: datetime
) -> list[DateRange]:
    """Return parts of dates, of about equal numbers of days, without gap or overlap.

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
        return _parted(dates, [yesterday(now)])
    least, greatest = _bounds(dates, seen, now)
    days = (greatest - least).days + 1
    pieces = min(pieces, days)
    return _parted(dates, [least + timedelta(days=days * i // pieces) for i in range(1, pieces)])


def cut_by_days(
    dates: DateRange, days: Sequence[date], pieces: int, *, alone: bool = True
) -> list[DateRange]:
    """Return parts of dates that hold about equal numbers of the contacts known by now.

    Both outermost parts hold a known contact, so
    an open end is not cut off again and again.

    Args:
        dates: What to cut.
        days: The days of the known contacts, in order.
        pieces: How many parts, about.
        alone: Whether a day with more than an even share stands alone.

    Returns:
        The dates alone, where nothing is known that would tell where to cut.
    """
    within = [day for day in days if _has(dates, day)]
    # A total beyond all reason asks for more parts than there are days.
    pieces = min(pieces, len(within) + 1)
    starts: set[date] = set()
    for i in range(1, pieces):
        day = within[len(within) * i // pieces] if within else date.min
        count = bisect_right(within, day) - bisect_left(within, day)
        starts.add(day)
        if alone and count > len(within) / pieces and day < date.max:
            starts.add(day + _DAY)
    least, greatest = (within[0], within[-1]) if within else (date.max, date.min)
    # An end that is bounded may be cut off though nothing is known to lie there.
    above = dates.first if dates.first is not None else least
    below = dates.last if dates.last is not None else greatest
    return _parted(dates, sorted(start for start in starts if above < start <= below))


def _has(dates: DateRange, day: date) -> bool:
    return (dates.first is None or dates.first <= day) and (dates.last is None or day <= dates.last)


def _parted(dates: DateRange, starts: Sequence[date]) -> list[DateRange]:
    firsts = [dates.first, *starts]
    lasts = [*(start - _DAY for start in starts), dates.last]
    return [DateRange(first, last) for first, last in zip(firsts, lasts, strict=True)]


def _bounds(dates: DateRange, seen: tuple[date, date] | None, now: datetime) -> tuple[date, date]:
    """Return a guess of two different days between which the contacts of the dates lie."""
    least, greatest = seen or (now.date(), now.date())
    greatest = min(greatest, dates.last or greatest)
    least = dates.first or min(least, greatest)
    greatest = dates.last or max(least, greatest)
    if least < greatest:
        return least, greatest
    if dates.last is None and greatest < date.max:
        return least, greatest + _DAY
    return least - _DAY, greatest
