"""Due: which contacts a run sends, by when they were updated and created."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.records.timestamps import canonical, parse, to_text
from tap_mihu.singer.ranges import Mark, Ranges, least

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Due", "none_is_due", "since"]


def none_is_due(_created_at: str | None, _updated_at: str | None) -> bool:
    """Return no: a page that is asked for its times and total only has nothing to write."""
    return False


def since(until: str | None, *, lookback_seconds: int, start_date: str | None) -> str | None:
    """Return from when on contacts are due; None for all of them.

    Args:
        until: Up to when updates are delivered, canonical; None: perhaps none is.
        lookback_seconds: How much before that is sent again.
        start_date: The setting, in any form of a timestamp.
    """
    start = canonical(start_date) if start_date else None
    moment = parse(until) if until else None
    if moment is None:
        return start
    try:
        looked_back = to_text(moment - timedelta(seconds=lookback_seconds))
    except OverflowError:
        return start
    return max(looked_back, start or looked_back)


class Due:
    """Whether contacts are due: created or updated since what is delivered of their range."""

    def __init__(
        self, ranges: Ranges, undated: Mark, *, lookback_seconds: int, start_date: str | None
    ) -> None:
        """Work out from when on contacts of each range are due.

        Args:
            ranges: What is delivered of the contacts with a creation date.
            undated: What is delivered of those without.
            lookback_seconds: How much before that is sent again.
            start_date: The setting.
        """
        self._ranges = ranges
        self._undated = undated
        self._lookback_seconds = lookback_seconds
        self._start_date = start_date
        everywhere = [self._since([mark]) for mark in (*ranges.marks, undated)]
        self._least, self._greatest = min(everywhere), max(everywhere)
        self._by_day: dict[str | None, str] = {None: self._since([undated])}

    def __call__(self, created_at: str | None, updated_at: str | None) -> bool:
        """Return whether a contact with these timestamps is due."""
        if updated_at is None:
            return True
        newest = updated_at if created_at is None else max(created_at, updated_at)
        if newest >= self._greatest:
            return True
        return newest >= self._least and newest >= self._since_of(created_at and created_at[:10])

    def _since_of(self, day: str | None) -> str:
        """Return from when on contacts created on a day are due: the older moment at a border."""
        moment = self._by_day.get(day)
        if moment is None:
            marks = self._ranges.near(date.fromisoformat(day)) if day else [self._undated]
            moment = self._by_day[day] = self._since(marks)
        return moment

    def _since(self, marks: Sequence[Mark]) -> str:
        """Return from when on contacts are due, as text that is empty for all of them."""
        moment = since(
            least(mark.until for mark in marks) if marks else None,
            lookback_seconds=self._lookback_seconds,
            start_date=self._start_date,
        )
        return moment or ""
