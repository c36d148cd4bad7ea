"""A run: what one scan has to know from the state, and what it leaves there."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib.catalog import REPLICATION_FULL_TABLE, REPLICATION_INCREMENTAL

from tap_mihu.records.pages import DateRange
from tap_mihu.records.shaping import UPDATED_AT
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.state import (
    BOOKMARK,
    BOOKMARK_KEY,
    FILTERS,
    SCAN,
    Checkpoint,
    read_bookmark,
    since,
)

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from tap_mihu.reading.scan import Done
    from tap_mihu.records.pages import Row

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """One scan of a listing, possibly one that resumes where an earlier one stopped."""

    replication_method: str
    within: DateRange
    """The creation dates to read."""
    since: str | None = None
    """Contacts updated before this are not due."""
    version: int | None = None
    """The version all records carry, where ACTIVATE_VERSION follows this run or others."""
    started_at: str | None = None
    """When the scan began, by the server's clock; None before the first response."""
    max_updated_at: str | None = None
    unproven: list[DateRange | None] = field(default_factory=list)
    old_bookmark: str | None = None
    """The bookmark of the run before."""

    def begin(
        self,
        state: dict[str, Any],
        filters: Mapping[str, Any],
        *,
        lookback_seconds: int,
        start_date: str | None,
        logger: logging.Logger,
    ) -> None:
        """Work out what is due, and take what the state holds of an earlier scan.

        Args:
            state: The stream's state; what does not belong to this run is removed.
            filters: The filters of this run.
            lookback_seconds: How much before the bookmark is sent again.
            start_date: The setting.
            logger: Is told of what is not used.

        Raises:
            MihuError: The bookmark cannot be used.
        """
        if state and state.get(FILTERS, {}) != filters:
            logger.warning("The filters are not those of the state, so the stream starts over")
            state.clear()
        state[FILTERS] = dict(filters)
        if self.replication_method != REPLICATION_FULL_TABLE:
            self.old_bookmark = read_bookmark(state, UPDATED_AT)
            self.since = since(
                self.old_bookmark, lookback_seconds=lookback_seconds, start_date=start_date
            )
        if SCAN in state:
            checkpoint = Checkpoint.from_state(state.pop(SCAN))
            if checkpoint is not None and self.agrees_with(checkpoint):
                self.resume(checkpoint)
                logger.info("Resuming at creation date %s", self.within.first)
            else:
                logger.info("Ignoring the checkpoint: it belongs to a run with other settings")

    def is_due(self, _created_at: str | None, updated_at: str | None) -> bool:
        """Return whether a contact is to be written."""
        return self.since is None or updated_at is None or updated_at >= self.since

    def agrees_with(self, checkpoint: Checkpoint) -> bool:
        """Return whether the checkpoint is of a scan with the same purpose as this one."""
        return (
            checkpoint.replication_method == self.replication_method
            and checkpoint.since == self.since
            and (checkpoint.version is None) == (self.version is None)
            and checkpoint.done_until <= checkpoint.started_at[:10]
            and (self.within.first or date.min) <= checkpoint.next_day
            and checkpoint.next_day <= (self.within.last or date.max)
        )

    def resume(self, checkpoint: Checkpoint) -> None:
        """Resume where another scan stopped, by its clock and, for a full table, its version."""
        self.within = DateRange(checkpoint.next_day, self.within.last)
        if self.replication_method == REPLICATION_FULL_TABLE:
            self.version = checkpoint.version
        self.started_at = checkpoint.started_at
        self.max_updated_at = checkpoint.max_updated_at

    def note_server_time(self, moment: datetime | None) -> None:
        """Take note of the server's time when the scan began; the first one counts."""
        if self.started_at is None and moment is not None:
            self.started_at = to_text(moment)

    def note_rows(self, rows: Iterable[Row]) -> None:
        """Take note of when contacts were updated."""
        times = [row.updated_at for row in rows if row.updated_at is not None]
        if self.max_updated_at is not None:
            times.append(self.max_updated_at)
        self.max_updated_at = max(times, default=None)

    def window_done(self, window: Done) -> Checkpoint | None:
        """Take note of a finished window; return the checkpoint behind it, if there is one.

        No checkpoint passes a window that is unproven, and there is none behind the last.
        """
        if not window.proven:
            self.unproven.append(window.dates)
        last = window.dates.last if window.dates else None
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

    def end(self, state: dict[str, Any], logger: logging.Logger) -> int | None:
        """Draw the conclusions from a scan that reached its end.

        Returns:
            The version to activate in the target; None where there is none.
        """
        state.pop(SCAN, None)
        if self.unproven:
            logger.warning(
                "Contacts changed too much while they were read, so it is not proven that none is "
                "missing (created: %s). The bookmark stays and no row is deleted; the next run "
                "reads again.",
                ", ".join(map(str, self.unproven)),
            )
        elif self.replication_method == REPLICATION_INCREMENTAL:
            if bookmark := self.bookmark(self.old_bookmark):
                state |= {BOOKMARK_KEY: UPDATED_AT, BOOKMARK: bookmark}
        else:
            return self.version
        return None

    def bookmark(self, old: str | None) -> str | None:
        """Return the bookmark after a proven scan: never later than the scan's beginning."""
        greatest = max(filter(None, (old, self.max_updated_at)), default=None)
        return min(filter(None, (greatest, self.started_at))) if greatest else None
