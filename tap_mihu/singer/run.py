"""A run: reads what has to be read, sends what is due, and says what a person should know."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.errors import RefusedError
from tap_mihu.reading.scan import Done, Rows
from tap_mihu.records.extra_names import ExtraNames
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.beginning import for_start_date
from tap_mihu.singer.counts import too_few
from tap_mihu.singer.course import Course, adopt, chart, needs_chart
from tap_mihu.singer.due import Due
from tap_mihu.singer.ledger import Ledger
from tap_mihu.singer.unproven import unproven_text

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator
    from datetime import datetime

    from tap_mihu.log import Log
    from tap_mihu.reading.clock import ServerClock
    from tap_mihu.records.pages import DateRange
    from tap_mihu.singer.course import Fetch, Terms
    from tap_mihu.singer.state import State

    Scan = Callable[[DateRange], Iterator[Rows | Done]]

__all__ = ["Run"]

_PAGE_1_UNREAD = "page 1 cannot be read"


class Run:
    """One run over a listing: reads all of it, some ranges only, or what an earlier one left."""

    def __init__(self, state: State, terms: Terms, clock: ServerClock, logger: Log) -> None:
        """Start from a state.

        Args:
            state: What earlier runs left.
            terms: What this run is asked to do.
            clock: The server's; the scans keep it up to date.
            logger: Is told what a person should know.
        """
        self.terms = terms
        self._ledger = Ledger(for_start_date(state, terms, logger), clock)
        self._clock = clock
        self._logger = logger
        self._met_server = self._counted_first = False
        self._sends_rest = self._doubted = False
        self.extra_names = ExtraNames()
        """Those of the custom fields that are met."""
        self.activates: int | None = None
        """After the end: the version to activate in the target; None where there is none."""

    @property
    def state(self) -> State:
        """The state, as it may be written at any time."""
        return self._ledger.state

    def prepare(self, fetch: Fetch) -> None:
        """Work out what to read and what is due.

        Args:
            fetch: Returns a page (from 1) of the contacts created within dates.
        """
        self._look_for_due()
        self._dates = [self.state.ranges.within]
        course = Course(self._dates)
        if needs_chart(self.state, self.terms):
            page = fetch(self.state.ranges.within, 1)
            self._clock.note(page)
            self.note_server_time(page.served_at)
            course = chart(self.state, self.terms, page, fetch, self._logger)
        delivered = any(mark.until for mark in self.state.ranges.marks)
        full = self.terms.full_table or (self.terms.start_date is None and not delivered)
        self.terms = adopt(self.terms, course.resumes, sends_all=full)
        self._dates = course.dates
        self._ledger.start(course, full=full, version=self.terms.version)

    def _look_for_due(self) -> None:
        self._due = Due(
            self.state.ranges,
            self.state.undated,
            lookback_seconds=self.terms.lookback_seconds,
            start_date=self.terms.start_date,
        )

    def is_due(self, created_at: str | None, updated_at: str | None) -> bool:
        """Return whether a contact with these timestamps is to be written."""
        return self.terms.full_table or self._due(created_at, updated_at) != self._sends_rest

    def note_server_time(self, moment: datetime) -> None:
        """Take note of the server's time in a response, before its rows are judged.

        Several threads may call this; only the first response counts, which comes alone.
        """
        if self._met_server:
            return
        self._met_server = True
        if self._ledger.forget_after(to_text(moment + self.terms.tolerance)):
            self._logger.warning(
                "The server's clock is behind the state by more than lookback_seconds: it was set "
                "back, or the state is another server's. What was delivered after %s is sent again",
                moment.isoformat(timespec="seconds"),
            )
        self._look_for_due()

    def note_total(self, total: int) -> None:
        """Take note of the total in a response; the first one counts."""
        if self._counted_first:
            return
        self._counted_first = True
        if self._ledger.reads_everything and too_few(total, self.state.contacts):
            self._ledger.hold()

    def read(self, scan: Scan) -> Generator[Rows | Done]:
        """Read, and keep the state.

        Args:
            scan: Reads the contacts created within dates.

        Yields:
            Rows, to be written; and every window that is done, when the state tells of it.

        Raises:
            RefusedError: Some page could not be read; all else was read and is kept in the state.
        """
        unread = yield from self._read_ranges(scan)
        if unread is None and self._missed_some():
            yield from self._send_the_rest(scan)
        self._end()
        if unread is not None:
            raise unread

    def _read_ranges(self, scan: Scan) -> Generator[Rows | Done, None, RefusedError | None]:
        """Read each range.

        Returns:
            Why some page could not be read, if so.

        Raises:
            RefusedError: Nothing could be read at all.
        """
        unread: RefusedError | None = None
        unproven, refused = self._ledger.unproven, 0
        for dates in self._dates:
            known = len(unproven)
            try:
                yield from self._read_range(scan(dates))
            except RefusedError as error:
                unread = unread or error
                if len(unproven) == known:
                    # Page 1 was refused: no window came that would say so.
                    unproven.append(Done(dates, proven=False, cause=_PAGE_1_UNREAD))
                    refused += 1
        if unread is not None and refused == len(self._dates):
            raise unread
        return unread

    def _read_range(self, events: Iterator[Rows | Done]) -> Iterator[Rows | Done]:
        rows = sent = 0
        for event in events:
            if isinstance(event, Rows):
                rows += len(event.rows)
                sent += sum(row.payload is not None for row in event.rows)
            else:
                self._ledger.window_done(event, rows, sent)
                rows = sent = 0
            yield event

    def _missed_some(self) -> bool:
        """Return whether there are more new contacts than were sent."""
        more = self._ledger.more_than_sent
        if more is None:
            return False
        self._logger.warning(
            "There are %d records more than when everything was read last, but only %d were "
            "created or updated since: contacts can enter a tag, pool, stage or campaign without "
            "being updated. This run sends all others once; FULL_TABLE does so in every run",
            more,
            self._ledger.sent,
        )
        return True

    def _send_the_rest(self, scan: Scan) -> Iterator[Rows]:
        self._sends_rest = True
        for event in scan(self.state.ranges.within):
            if isinstance(event, Rows):
                yield event
            elif not event.proven:
                self._ledger.unproven.append(event)

    def _end(self) -> None:
        doubt = self._ledger.close()
        self._doubted = doubt is not None
        if doubt is not None:
            self._logger.warning(
                "It is not proven that none is missing: only %d records were found, less than "
                "half of the %d before. The bookmark stays and no row is deleted, unless the next "
                "run finds the same",
                doubt.found,
                doubt.expected,
            )
        changes = self._ledger.note_fields(self.extra_names.met) if doubt is None else None
        if changes is not None:
            which = "Custom" if self.terms.by_date else "Extra"
            self._logger.info("%s fields changed since the last run (%s)", which, changes)
        self._warn_unproven()
        if self.terms.full_table and self._ledger.complete:
            self.activates = self.terms.version

    @property
    def proven(self) -> bool:
        """After the end: whether all that was to be read is proven to be."""
        return not self._ledger.unproven and not self._doubted

    def _warn_unproven(self) -> None:
        """Name the dates that are not proven."""
        if self._ledger.unproven:
            self._logger.warning("%s", unproven_text(self._ledger.unproven))
