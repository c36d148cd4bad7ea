"""Windows: the contacts created within some days, read until it is proven that none is missing.

A creation date never changes, so edits and inserts elsewhere cannot disturb a window. A window
judges itself: it takes the answers in and says whether they prove that it was read completely.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from tap_mihu.reading.paginator import PageNumberPaginator
from tap_mihu.records.timestamps import to_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_mihu.records.pages import DateRange, Page, Row

__all__ = ["Window"]

_CLOCK_SLACK = timedelta(seconds=2)


class Window:
    """The contacts created within some days, over one or more reads.

    Let T be the total in the first answer and t the server's time in it. The window is settled

    - when one page was all of it, and held T contacts: one answer is consistent by itself;
    - *closed* days, which can only lose contacts: when every answer said T and T were read;
    - *open* days, which gain some too: when T of those read were there at t. A creation time
      within the slack of the clocks around t does not tell, unless the first answer has it;
    - days of both kinds: when both rules hold;
    - any days: when T were read, every answer said T, and so a second read finds once more.
      (Had the first missed one, it would have counted a contact born since in its place, hence
      also one that died since, for the totals held; the second cannot meet that one again.)
    """

    MOST_READS = 5

    def __init__(self, dates: DateRange, seen: tuple[date, date] | None = None) -> None:
        """Start without any answer.

        Args:
            dates: The days.
            seen: The least and the greatest day near here known to hold contacts.
        """
        self.dates = dates
        self.seen = seen
        self.proven: bool | None = None
        """Whether the window was read completely beyond doubt; None while it is being read."""
        self.streamed = False
        """Rows are passed on as they come and not kept: the window is too large to hold."""
        self.undated = False
        """Whether a contact without a creation date was met: no part would hold it."""
        self.reads = 0
        self.in_flight = 0
        self.pages = 0
        """Answers of the present read."""
        self.first_page: Page | None = None
        """The first answer of the present read."""
        self._paginator = PageNumberPaginator()
        self._rows: dict[str, Row] = {}
        self._passed_on: set[str] = set()
        self._this_read: set[str] = set()
        self._total = self._last_total = 0
        self._closed = self._open = False
        self._born_before = ""
        self._forget()

    def _forget(self) -> None:
        """Start the evidence over."""
        self._counted: set[str] = set()
        self._there_at_start = 0
        self._steady = True
        self._confirms = False

    def next_page(self) -> int | None:
        """Hand out the number of the next page to ask for, None where there is none (yet)."""
        return None if self._doomed else self._paginator.next_page()

    @property
    def complete(self) -> bool:
        """Whether the present read has all its answers."""
        ended = self._doomed or not self._paginator.remaining
        return self.pages > 0 and self.in_flight == 0 and ended

    @property
    def _doomed(self) -> bool:
        """Whether this read can settle nothing any more; the last one is read to its end."""
        disturbed = self.pages > 0 and not self._steady and not self._open
        return disturbed and self.reads < self.MOST_READS

    @property
    def settled(self) -> bool:
        """Whether the answers so far prove that the window was read completely."""
        if self.pages == 1 and len(self._this_read) == self._last_total:
            return True
        all_read = self._steady and len(self._counted) == self._total
        all_there = self._there_at_start == self._total
        if all_read and self._confirms and len(self._this_read) == self._total:
            return True
        if self._open:
            return all_there
        return all_read and (self._closed or all_there)

    def read_again(self) -> None:
        """Begin a further read."""
        self.pages = 0
        self.first_page = None
        self._paginator = PageNumberPaginator()

    def take(self, page: Page) -> None:
        """Take an answer in; the first of a read must be its page 1.

        Raises:
            EnvelopeError: The listing grows without end.
        """
        if self.pages == 0:
            self._take_first(page)
        self.pages += 1
        self._last_total = page.total
        self._paginator.learn(page.last_page, page.total)
        self._steady = self._steady and page.total == self._total
        self.undated = self.undated or any(row.created_at is None for row in page.rows)
        uuids = {row.uuid for row in page.rows}
        self._this_read |= uuids
        if not self._closed:
            first = page is self.first_page and not self._counted
            born_before = self._born_before
            self._there_at_start += sum(
                first or (row.created_at is not None and row.created_at < born_before)
                for row in {row.uuid: row for row in page.rows}.values()
                if row.uuid not in self._counted
            )
        self._counted |= uuids
        self._rows.update((row.uuid, row) for row in page.rows if row.uuid not in self._passed_on)

    def _take_first(self, page: Page) -> None:
        """Count on from the read before where nothing changed since, else from zero."""
        self.reads += 1
        self.first_page = page
        self._this_read = set()
        if self.reads > 1 and self._steady and page.total == self._total >= len(self._counted):
            self._confirms = len(self._counted) == self._total
            return
        self._forget()
        self._total = page.total
        self._closed = self.dates.closed_at(page.served_at)
        self._open = self.dates.open_at(page.served_at)
        self._born_before = to_text(page.served_at - _CLOCK_SLACK)

    def see(self, rows: Sequence[Row]) -> None:
        """Take note of the days on which contacts were created."""
        self.undated = self.undated or any(row.created_at is None for row in rows)
        days = [date.fromisoformat(row.created_at[:10]) for row in rows if row.created_at]
        days += self.seen or ()
        if days:
            self.seen = (min(days), max(days))

    def pass_on(self) -> list[Row]:
        """Hand out the rows that were not handed out yet, each contact once.

        Of a settled window these are the contacts that settle it, else all that were met.
        """
        rows, self._rows = self._rows, {}
        if self.streamed:
            self._passed_on.update(rows)
        elif self.proven:
            return [row for uuid, row in rows.items() if uuid in self._counted]
        return list(rows.values())
