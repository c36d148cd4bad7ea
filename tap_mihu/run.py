"""A run: what one scan has to know from the state, and what it leaves there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE

from tap_mihu.state import Checkpoint
from tap_mihu.timestamps import write
from tap_mihu.windows import DateRange

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from tap_mihu.pagination import Row
    from tap_mihu.scan import Done

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """One scan of a listing, possibly one that goes on where an earlier one stopped."""

    replication_method: str
    within: DateRange
    """The creation dates to read."""
    since: str | None = None
    """Contacts updated before this are not due."""
    version: int | None = None
    """The version all records carry, where ACTIVATE_VERSION follows this run or others."""
    started_at: str | None = None
    """When the scan began, by the server's clock; None before the first answer."""
    max_updated_at: str | None = None
    unproven: list[DateRange] = field(default_factory=list)
    old_bookmark: str | None = None
    """The bookmark of the run before."""

    def agrees_with(self, checkpoint: Checkpoint) -> bool:
        """Tell whether the checkpoint is of a scan with the same purpose as this one."""
        return (
            checkpoint.replication_method == self.replication_method
            and checkpoint.since == self.since
            and (checkpoint.version is None) == (self.version is None)
            and checkpoint.done_until <= checkpoint.started_at[:10]
            and (self.within.first or date.min) <= checkpoint.next_day
            and checkpoint.next_day <= (self.within.last or date.max)
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Go on where another scan stopped, by its clock and, for a full table, its version."""
        self.within = DateRange(checkpoint.next_day, self.within.last)
        if self.replication_method == REPLICATION_FULL_TABLE:
            self.version = checkpoint.version
        self.started_at = checkpoint.started_at
        self.max_updated_at = checkpoint.max_updated_at

    def answered(self, served_at: datetime) -> None:
        """Take note of the server's time in an answer; the first one's counts."""
        if self.started_at is None:
            self.started_at = write(served_at)

    def see(self, rows: Iterable[Row]) -> None:
        """Take note of when contacts were updated."""
        times = [row.updated_at for row in rows if row.updated_at is not None]
        if self.max_updated_at is not None:
            times.append(self.max_updated_at)
        self.max_updated_at = max(times, default=None)

    def finish(self, window: Done) -> Checkpoint | None:
        """Take note of a finished window; give the checkpoint behind it, if there is one.

        No checkpoint passes a window that is unproven, and there is none behind the last.
        """
        if not window.proven:
            self.unproven.append(window.dates)
        last = window.dates.last
        if self.unproven or last is None or last == self.within.last or self.started_at is None:
            return None
        return Checkpoint(
            started_at=self.started_at,
            done_until=last.isoformat(),
            replication_method=self.replication_method,
            since=self.since,
            version=self.version,
            max_updated_at=self.max_updated_at,
        )

    def bookmark(self, old: str | None) -> str | None:
        """Give the bookmark after a proven scan: never later than the scan's beginning."""
        greatest = max(filter(None, (old, self.max_updated_at)), default=None)
        return min(filter(None, (greatest, self.started_at))) if greatest else None
