"""Passed on: which contacts were, where days overlap as the server counts them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.reading.undated import Undated

if TYPE_CHECKING:
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Row

__all__ = ["PassedOn"]

_DAY = timedelta(days=1)
_MOST_REMEMBERED = 20_000


class PassedOn:
    """What was passed on and may come again: days overlap where the server's dates do.

    Of a small listing everything is remembered, and of one whose parts are known to overlap. Of a
    large one, memory holds what lies near the days that follow.
    """

    def __init__(self, know: Knowledge) -> None:
        """Start with none.

        Args:
            know: What is known of the server.
        """
        self._know = know
        self._near: dict[str, str] = {}
        self._number = 0
        self.undated: set[str] = set()
        """Those without creation date."""

    def new(self, window: Window | Undated, rows: list[Row]) -> list[Row]:
        """Return the rows that were not passed on yet, and remember those that may come again."""
        if isinstance(window, Undated):
            return rows
        near, undated = self._near, self.undated
        if near or undated:
            rows = [row for row in rows if row.uuid not in near and row.uuid not in undated]
        new = rows
        self.undated.update(row.uuid for row in new if row.created_at is None)
        self._number += len(new)
        from_day = self._from_day(window)
        near |= {
            row.uuid: row.created_at
            for row in new
            if row.created_at is not None and row.created_at >= from_day
        }
        if from_day:
            self._near = {uuid: created for uuid, created in near.items() if created >= from_day}
        return new

    def _from_day(self, window: Window) -> str:
        """Return the first day whose contacts are remembered."""
        if self._know.overlaps or self._number <= _MOST_REMEMBERED:
            return ""
        last = window.dates.last
        # The day before counts, too: the server's days may be in another zone.
        return "9999-99-99" if last is None else (last - min(_DAY, last - date.min)).isoformat()
