"""Passed on: which contacts were, where days overlap as the server counts them."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.reading.undated import Undated

if TYPE_CHECKING:
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Row

__all__ = ["PassedOn"]

_DAY = timedelta(days=1)


class PassedOn:
    """What was passed on and may come again: days overlap where the server's dates do."""

    def __init__(self) -> None:
        """Start with none."""
        self._near: dict[str, str] = {}
        self.undated: set[str] = set()
        """Those without creation date."""

    def new(self, window: Window | Undated, rows: list[Row]) -> list[Row]:
        """Return the rows that were not passed on yet, and remember those near the next days."""
        if isinstance(window, Undated):
            return rows
        near = self._near
        new = [row for row in rows if row.uuid not in near] if near else rows
        self.undated.update(row.uuid for row in new if row.created_at is None)
        last = window.dates.last
        # The day before counts, too: the server's days may be in another zone.
        from_day = "9999-99-99" if last is None else (last - min(_DAY, last - date.min)).isoformat()
        near |= {
            row.uuid: row.created_at
            for row in new
            if row.created_at is not None and row.created_at >= from_day
        }
        self._near = {uuid: created for uuid, created in near.items() if created >= from_day}
        return new
