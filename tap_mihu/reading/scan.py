"""The scan: reads a listing completely, window by window, several pages at a time.

It knows neither HTTP nor the SDK: it takes a function that answers "page n of these dates".
Only the calling thread touches windows, so there is nothing to lock.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.cutting import PART_PAGES, WINDOW_PAGES, can_cut, pieces_for
from tap_mihu.reading.parts import CutError, ask, cut_whole, cut_window
from tap_mihu.reading.progress import Progress
from tap_mihu.reading.windows import Window
from tap_mihu.reading.workers import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_mihu.records.pages import DateRange, Page, Row

__all__ = ["Done", "Rows", "scan"]

_LOOKAHEAD_PAGES = WINDOW_PAGES
_UNSETTLED_PIECES = 4
# Few enough that the workers do not run out of pages while these are written.
_ROWS_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Rows:
    """Contacts to be written; each uuid comes once in a scan."""

    rows: list[Row]


@dataclass(frozen=True, slots=True)
class Done:
    """A window is finished, in order of creation dates."""

    dates: DateRange
    proven: bool
    """Whether it was read completely beyond doubt."""


def scan(
    fetch: Callable[[DateRange, int], Page],
    within: DateRange,
    *,
    concurrency: int,
    by_date: bool = True,
    progress: Progress | None = None,
    clock: ServerClock | None = None,
) -> Iterator[Rows | Done]:
    """Read every contact created within some dates, once.

    The run is proven complete when every `Done` says so.

    Args:
        fetch: Answers with a page (from 1) of the contacts created within dates; called from
            `concurrency` threads at the most. What it raises ends the scan.
        within: The dates.
        concurrency: How many requests may be under way; 1 reads strictly one after the other.
        by_date: Whether the listing can be asked for dates.
        progress: Is kept up to date.
        clock: Likewise.
    """
    with Workers[Window, "Page"](concurrency) as workers:
        scanning = _Scan(
            fetch,
            within,
            workers,
            progress or Progress(),
            clock or ServerClock(),
            by_date=by_date,
        )
        yield from scanning.run()


class _Scan:
    """The windows not finished yet, in order of dates, and the pages under way."""

    def __init__(
        self,
        fetch: Callable[[DateRange, int], Page],
        within: DateRange,
        workers: Workers[Window, Page],
        progress: Progress,
        clock: ServerClock,
        *,
        by_date: bool,
    ) -> None:
        self._fetch = fetch
        self._workers = workers
        self._progress = progress
        self._clock = clock
        self._by_date = by_date
        self._whole = Window(within)
        self._windows = [self._whole]

    def run(self) -> Iterator[Rows | Done]:
        self._refill()
        while self._windows:
            self._take()
            yield from self._emit()
            self._refill()

    def _take(self) -> None:
        """Take the next answer in, and keep the workers busy."""
        window, page = self._workers.result()
        window.in_flight -= 1
        self._clock.note(page)
        self._replace(window, self._place(window, page))
        self._refill()

    def _refill(self) -> None:
        """Give the workers the next pages: of the first window, then of those that follow."""
        ahead = 0
        for window in self._windows:
            is_head = window is self._windows[0]
            while self._workers.has_room and (is_head or self._may_read_ahead(window, ahead)):
                number = window.next_page()
                if number is None:
                    break
                window.in_flight += 1
                self._workers.submit(window, partial(self._fetch, window.dates, number))
                ahead += not is_head
            ahead += 0 if is_head else window.pages
            if not self._workers.has_room or ahead >= _LOOKAHEAD_PAGES:
                return

    @staticmethod
    def _may_read_ahead(window: Window, ahead: int) -> bool:
        """Keep memory flat: what is read before its turn has to be kept."""
        return ahead < _LOOKAHEAD_PAGES and not window.streamed

    def _place(self, window: Window, page: Page) -> list[Window]:
        """Take an answer in; give the windows that now stand in this one's place."""
        if window.reads == 0:
            if window is self._whole:
                self._progress.total = page.total
            if page.last_page > (WINDOW_PAGES if window is self._whole else PART_PAGES):
                parts = self._cut(window, page, pieces_for(page.last_page))
                if parts:
                    return parts
                window.streamed = True
        window.take(page)
        if not window.complete:
            return [window]
        if window.settled or window.reads == window.MOST_READS:
            window.proven = window.settled
            return [window]
        self._progress.repaired += 1
        several_pages = window.first_page is not None and window.first_page.last_page > 1
        if several_pages and not window.streamed:
            parts = self._cut(window, page, _UNSETTLED_PIECES)
            if parts:
                return parts
        window.read_again()
        return [window]

    def _replace(self, window: Window, by: list[Window]) -> None:
        if by != [window]:
            place = self._windows.index(window)
            self._windows[place : place + 1] = by

    def _cut(self, window: Window, page: Page, pieces: int) -> list[Window]:
        """Cut a window into smaller ones; nothing where that cannot be done soundly."""
        now = page.served_at
        if not self._by_date or not can_cut(window.dates, now):
            return []
        if window is not self._whole:
            window.see(page.rows)
            return cut_window(window, pieces, now)
        try:
            parts = cut_whole(window, page, partial(ask, self._workers, self._fetch))
        except CutError:
            return []
        return [placed for part, answer in parts for placed in self._place(part, answer)]

    def _emit(self) -> Iterator[Rows | Done]:
        """Pass on what may be written, a little at a time; the reading goes on meanwhile."""
        while self._windows:
            head = self._windows[0]
            if head.proven is None and not head.streamed:
                return
            rows = head.pass_on()
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                some = rows[start : start + _ROWS_AT_ONCE]
                self._progress.read += len(some)
                yield Rows(some)
                # A streamed window would get more than it passes on, and fill the memory.
                while self._workers.ready and not head.streamed:
                    self._take()
            if head.proven is None:
                return
            del self._windows[0]
            self._progress.windows += 1
            yield Done(head.dates, head.proven)
