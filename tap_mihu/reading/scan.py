"""The scan: reads a listing completely, window by window, several pages at a time.

It knows neither HTTP nor the SDK: it takes a function that returns "page n of these dates".
Only the calling thread touches windows, so there is nothing to lock.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from tap_mihu.errors import RefusedError
from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.cutting import WINDOW_PAGES
from tap_mihu.reading.entry import Entry
from tap_mihu.reading.knowledge import Knowledge
from tap_mihu.reading.passed_on import PassedOn
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.undated import Undated
from tap_mihu.reading.window import Window
from tap_mihu.reading.workers import Workers
from tap_mihu.records.pages import DateRange, Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_mihu.reading.questions import Fetch, Question, Reply
    from tap_mihu.records.pages import Row

__all__ = ["Done", "Rows", "scan"]

_LOOKAHEAD_PAGES = WINDOW_PAGES
# Few enough that the workers do not run out of pages while these are written.
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rows:
    """Contacts to be written; each uuid comes once in a scan."""

    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Done:
    """A window is finished, in order of creation dates."""

    dates: DateRange | None
    """Its days; None for the contacts without creation date, which come last where they are read
    apart from the others."""
    proven: bool
    """Whether it was read completely beyond doubt."""
    cause: str | None = None
    """Why it is not proven."""


def scan(  # noqa: PLR0913 - what a scan is given is told by name
    fetch: Fetch,
    within: DateRange,
    *,
    concurrency: int,
    by_date: bool = True,
    filtered: bool = False,
    page_size: int | None = None,
    larger_pages: bool | None = None,
    progress: Progress | None = None,
    clock: ServerClock | None = None,
) -> Iterator[Rows | Done]:
    """Read every contact created within some dates, once.

    The scan is proven complete when every `Done` says so.

    Args:
        fetch: Returns a page (from 1) of the contacts created within dates; called from
            `concurrency` threads at the most. What it raises ends the scan, but for a
            `RefusedError` of a page that is not the first of all.
        within: The dates.
        concurrency: How many requests may be under way; 1 reads strictly one after the other.
        by_date: Whether the listing can be asked for dates.
        filtered: Whether filters other than dates are set.
        page_size: Contacts a page, as `fetch` asks for them; None where that is not known.
        larger_pages: Whether the API obeys larger pages; None where that is not known.
        progress: Is kept up to date.
        clock: Likewise.

    Raises:
        RefusedError: Some page could not be read; all others were.
    """
    know = Knowledge(
        by_date=by_date,
        filtered=filtered,
        page_size=page_size,
        larger_pages=larger_pages,
        clock=clock or ServerClock(),
    )
    with Workers["Entry", "tuple[Question, Reply]"](concurrency) as workers:
        yield from _Scan(fetch, within, workers, know, progress or Progress()).run()


class _Scan:
    """The windows not finished yet, in order of dates, and the pages under way."""

    def __init__(
        self,
        fetch: Fetch,
        within: DateRange,
        workers: Workers[Entry, tuple[Question, Reply]],
        know: Knowledge,
        progress: Progress,
    ) -> None:
        self._fetch = fetch
        self._workers = workers
        self._know = know
        self._progress = progress
        progress.start_scan(self._held)
        self._whole = Window(within, is_whole=True)
        self._entries = [Entry(self._whole, know)]
        self._passed = PassedOn(know)
        self._came = 0
        self._counting = Lock()
        self._unread: str | None = None

    def run(self) -> Iterator[Rows | Done]:
        """Read until every window is finished."""
        self._refill()
        while self._entries:
            yield from self._emit()
            if self._entries:
                self._take()
        if self._unread is not None:
            raise RefusedError(f"{self._unread} All that can be read was read.")

    def _held(self) -> int:
        """Return how many contacts were read of windows that were not passed on yet.

        Called from another thread.
        """
        return sum(entry.held_contacts for entry in [*self._entries])

    def _take(self) -> None:
        """Take the next reply in, and keep the workers busy."""
        entry, (question, reply) = self._workers.result()
        self._progress.note_response()
        if isinstance(reply, Page):
            self._know.clock.note(reply)
            self._know.most_counted = max(self._know.most_counted, reply.total)
            for row in reply.rows:
                # Some servers write the same uuid in capitals and not.
                if not row.uuid.islower():
                    row.uuid = row.uuid.lower()
            if entry.window is self._whole:
                self._progress.note_total(reply.total)
        if entry.take(question, reply):
            self._go_on(entry)
        self._refill()

    def _go_on(self, entry: Entry) -> None:
        budget = self._know.budget
        others = [one for one in self._entries if one is not entry and not one.finished]
        budget.rest = sum(budget.pages(one.total) + len(one.unsent) for one in others)
        # Not by the totals of windows, which may overlap.
        budget.contacts = self._progress.counted
        result = entry.go_on()
        self._progress.repaired = self._know.repairs
        if result == [entry.window]:
            entry.finished = True
        elif result is not None:
            place = self._entries.index(entry)
            self._entries[place : place + 1] = [Entry(window, self._know) for window in result]

    def _refill(self) -> None:
        """Give the workers the next pages: of the first window, then of those that follow."""
        while not self._filled():
            pass

    def _filled(self) -> bool:
        """Send what may be sent; return False where a window changed, so that it begins anew."""
        ahead = 0
        for entry in self._entries:
            is_head = entry is self._entries[0]
            if not is_head and (ahead >= _LOOKAHEAD_PAGES or not entry.may_be_read_ahead):
                return True
            if not entry.started:
                if isinstance(entry.window, Undated):
                    entry.window.passed_on |= self._passed.undated
                self._go_on(entry)
                return False
            while entry.unsent and self._workers.has_room:
                if not is_head and ahead >= _LOOKAHEAD_PAGES:
                    break
                question = entry.unsent.popleft()
                entry.in_flight += 1
                if is_head and question.number > 1 and entry.is_read:
                    self._progress.begin_reading()
                ahead += not is_head
                self._know.budget.used += 1
                self._workers.submit(entry, partial(self._asked, question))
            if not self._workers.has_room:
                return True
            ahead += 0 if is_head else entry.held
        return True

    def _emit(self) -> Iterator[Rows | Done]:
        """Pass on what may be written, a little at a time; the reading goes on meanwhile."""
        while self._entries:
            head = self._entries[0]
            window = head.window
            streamed = isinstance(window, Window) and window.streamed
            if not head.finished and not streamed:
                return
            rows = self._passed.new(window, window.pass_on())
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[start : start + _ROWS_AT_ONCE]
                self._progress.pass_on(len(some))
                yield Rows(some)
                # A streamed window would get more than it passes on, and fill the memory.
                while self._workers.ready and not streamed:
                    self._take()
            if not head.finished:
                return
            del self._entries[0]
            self._unread = self._unread or window.unread
            self._progress.windows += 1
            dates = window.dates if isinstance(window, Window) else None
            yield Done(dates, bool(window.proven), window.cause)
            self._refill()

    def _asked(self, question: Question) -> tuple[Question, Reply]:
        """Ask, on a worker's thread, and note which responses had come before."""
        asked_after = self._came
        reply = question.ask(self._fetch)
        if isinstance(reply, Page):
            with self._counting:
                self._came = came_as = self._came + 1
            reply = replace(reply, asked_after=asked_after, came_as=came_as)
        return question, reply
