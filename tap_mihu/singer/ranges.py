"""Ranges: per range of creation dates, when it was read and up to when updates are delivered."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from tap_mihu.records.pages import DateRange
from tap_mihu.records.timestamps import canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

__all__ = [
    "OVER_DAYS",
    "Mark",
    "Ranges",
    "Span",
    "always_from",
    "is_moment",
    "least",
    "mark_from_state",
]

OVER_DAYS = 2
"""Days after which a day is over everywhere on earth, also on a server of local time."""
# The server's day of a contact may differ by one from that of its creation time in UTC.
_ZONE_DAYS = 1
_MIN, _MAX = date.min.toordinal(), date.max.toordinal()


@dataclass(frozen=True, slots=True)
class Mark:
    """What is known of some contacts."""

    read_at: str | None = None
    """When the run that read them began, by the server's clock; None: never."""
    until: str | None = None
    """Updates before this, by the clock of the data, are delivered; None: perhaps none."""

    def later(self, read_at: str, until: str | None) -> Mark:
        """Return the mark after a further reading; what is delivered stays delivered."""
        return Mark(read_at, max(filter(None, (self.until, until)), default=None))


class Span(NamedTuple):
    """Some days, as ordinals, both inclusive, and their mark."""

    first: int
    last: int
    mark: Mark


@dataclass(frozen=True, slots=True)
class Ranges:
    """Spans that cover the days of `within` in order, neighbours with different marks."""

    within: DateRange
    spans: tuple[Span, ...]

    @classmethod
    def of(cls, within: DateRange, mark: Mark) -> Ranges:
        """Return all days with one mark."""
        first, last = _ordinals(within)
        return cls(within, (Span(first, last, mark),))

    def change(self, dates: DateRange, change: Callable[[Mark], Mark]) -> Ranges:
        """Return the same with the marks of some days changed."""
        first, last = _ordinals(dates)
        parts = [
            Span(max(low, span.first), min(high, span.last), mark(span.mark))
            for span in self.spans
            for low, high, mark in (
                (_MIN, first - 1, _same),
                (first, last, change),
                (last + 1, _MAX, _same),
            )
            if max(low, span.first) <= min(high, span.last)
        ]
        return Ranges(self.within, tuple(_merged(parts)))

    def change_all(self, change: Callable[[Mark], Mark]) -> Ranges:
        """Return the same with all marks changed."""
        return self.change(self.within, change)

    @property
    def marks(self) -> list[Mark]:
        """The marks in order of days."""
        return [span.mark for span in self.spans]

    def near(self, day: date) -> list[Mark]:
        """Return the marks of all days on which a contact created on `day` may be listed."""
        ordinal = day.toordinal()
        lasts = [span.last for span in self.spans]
        firsts = [span.first for span in self.spans]
        start = bisect_left(lasts, ordinal - _ZONE_DAYS)
        return self.marks[start : bisect_right(firsts, ordinal + _ZONE_DAYS)]

    def to_read(self, now: datetime, is_fresh: Callable[[Mark], bool]) -> list[DateRange]:
        """Return the days to read, neighbours as one.

        Left out are days that were over when they were read, if they are fresh; never those of
        the last days, counted from now.

        Args:
            now: The server's clock.
            is_fresh: Whether the days with a mark need not be read again.
        """
        always = always_from(now).toordinal()
        days: list[tuple[int, int]] = []
        for first, last, mark in self.spans:
            start = first
            if mark.read_at is not None and is_fresh(mark):
                over = date.fromisoformat(mark.read_at[:10]).toordinal() - OVER_DAYS
                start = max(first, min(over + 1, always))
            if start > last:
                continue
            if days and days[-1][1] == start - 1:
                days[-1] = (days[-1][0], last)
            else:
                days.append((start, last))
        return [_date_range(*one) for one in days]

    def to_state(self) -> list[list[str | None]]:
        """Return each range as its last day (null: open), when it was read, and until when."""
        return [
            [None if last == _MAX else date.fromordinal(last).isoformat(), mark.read_at, mark.until]
            for _, last, mark in self.spans
        ]

    @classmethod
    def from_state(cls, within: DateRange, value: Iterable[object]) -> Ranges | None:
        """Return the ranges that a state holds; None where they are none, or of other days."""
        first, end = _ordinals(within)
        spans = []
        for entry in value:
            if not isinstance(entry, list) or len(entry) != len(Span._fields):
                return None
            last, mark = _ordinal_of(entry[0]), mark_from_state(entry[1:])
            if last is None or mark is None or not first <= last <= end:
                return None
            spans.append(Span(first, last, mark))
            first = last + 1
        return cls(within, tuple(_merged(spans))) if first == end + 1 else None


def always_from(now: datetime) -> date:
    """Return the day from which on everything is read in every run."""
    return now.date() - timedelta(days=OVER_DAYS)


def least(moments: Iterable[str | None]) -> str | None:
    """Return the least moment; None, which is less than any, where there is one."""
    known = list(moments)
    return None if None in known else min(filter(None, known), default=None)


def mark_from_state(value: object) -> Mark | None:
    """Return the mark that a list of two moments stands for; None where it is none."""
    if not isinstance(value, list) or len(value) != len(Mark.__slots__):
        return None
    if any(not (one is None or is_moment(one)) for one in value):
        return None
    return Mark(*value)


def is_moment(value: object) -> bool:
    """Return whether a value is a timestamp in the form that the tap writes."""
    return isinstance(value, str) and canonical(value) == value


def _ordinals(dates: DateRange) -> tuple[int, int]:
    return (
        _MIN if dates.first is None else dates.first.toordinal(),
        _MAX if dates.last is None else dates.last.toordinal(),
    )


def _date_range(first: int, last: int) -> DateRange:
    return DateRange(
        None if first == _MIN else date.fromordinal(first),
        None if last == _MAX else date.fromordinal(last),
    )


def _ordinal_of(day: object) -> int | None:
    if day is None:
        return _MAX
    try:
        found = date.fromisoformat(day) if isinstance(day, str) else None
    except ValueError:
        return None
    return found.toordinal() if found is not None and found.isoformat() == day else None


def _same(mark: Mark) -> Mark:
    return mark


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    held: Span | None = None
    for span in spans:
        if held is not None and held.mark == span.mark:
            held = Span(held.first, span.last, held.mark)
            continue
        if held is not None:
            yield held
        held = span
    if held is not None:
        yield held
