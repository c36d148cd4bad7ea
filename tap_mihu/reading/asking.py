"""Asking: a window's pages, one read after another."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from tap_mihu.errors import RefusedError
from tap_mihu.reading.evidence import Kind, Read, kind_of
from tap_mihu.reading.questions import Batch, Question, asked, never

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Page

__all__ = ["Asking"]

_STREAMED_PAGES = 16
# The first refusal calls for smaller windows; where there are none, so many more in a row are
# borne to read what lies behind a page that cannot be read.
_MOST_REFUSED = 2


class Asking:
    """Asks for the pages of one window."""

    def __init__(self, window: Window, know: Knowledge) -> None:
        """Start without any response.

        Args:
            window: The window; it takes the responses.
            know: What is known of the server.
        """
        self._window = window
        self._know = know
        self._empty = False

    def question(self, number: int, *, patient: bool = True) -> Question:
        """Return what asks for a page of the window."""
        dates = self._know.asked_dates(self._window.dates)
        return Question(dates, number, self._window.per_page, patient)

    def first_page(self, *, patient: bool = True) -> Steps[Page | None]:
        """Ask for page 1; None where the API refuses it."""
        window = self._window
        while True:
            ((_, reply),) = yield asked(self.question(1, patient=patient))
            if isinstance(reply, RefusedError):
                if window.is_whole and not window.reads:
                    raise reply
                if patient:
                    window.unread = str(reply)
                return None
            if reply.total or self._empty or not (window.known_total or window.is_whole):
                return reply
            # Nothing at all is not believed at once.
            self._empty = True

    def read(self, first: Page | None) -> Steps[Read]:
        """Read the window to its end, or until it cannot be settled by this read any more.

        Args:
            first: Its page 1; None where the API refuses it.
        """
        window = self._window
        read = Read(window.per_page)
        window.reads.append(read)
        # Since the cut, something may have happened to what it told.
        stale = first is not None and first is window.first and first.last_page > 1
        read.left += read.paginator.follow(2 if first is None else first.last_page)
        if first is not None and not stale:
            window.take(read, first)
        yield from self.go_on(read, self._disturbed(None if stale else first))
        if stale and first is not None:
            yield from self._join(read, first)
        return read

    def _join(self, read: Read, first: Page) -> Steps[None]:
        """Put page 1 of an earlier time before the others, or ask for it anew."""
        window = self._window
        if not read.pages or read.total == first.total:
            read.pages.insert(0, first)
            window.note(first.rows)
            for row in first.rows:
                if row.uuid not in window.passed_on:
                    window.rows.setdefault(row.uuid, row)
        else:
            read.left.insert(0, 1)
            if len(read.left) == 1:
                yield from self.go_on(read)

    def go_on(self, read: Read, enough: Callable[[Page], bool] = never) -> Steps[None]:
        """Ask for the pages that are left; a growing `last_page` is followed."""
        window = self._window
        while read.left:
            numbers = read.left[:_STREAMED_PAGES] if window.streamed else [*read.left]
            questions = [self.question(number) for number in numbers]
            most = _MOST_REFUSED if read.refused else 1
            answered = yield Batch(questions, enough, most)
            for question, reply in answered:
                read.left.remove(question.number)
                if isinstance(reply, RefusedError):
                    read.refused[question.number] = reply
                    window.unread = str(reply)
                    continue
                window.take(read, reply)
                read.left += read.paginator.follow(reply.last_page, reply.total)
            if len(answered) < len(questions):
                return

    def _disturbed(self, first: Page | None) -> Callable[[Page], bool]:
        """Return what tells that a read cannot settle the window any more.

        Only where a repair is cheaper than what is left; else the window is read to its end.
        """
        window, know = self._window, self._know
        if window.streamed or window.per_page is not None or not know.by_date:
            return never
        kind = None if first is None else kind_of(window.dates, first, know)
        if kind is Kind.OPEN and not know.filtered:
            return never
        # Where larger pages are not to be had, one contact less can often be made good.
        patience = int(know.larger_pages is False)
        totals = [] if first is None else [first.total]

        def disturbed(page: Page) -> bool:
            totals.append(page.total)
            if know.filtered or kind is Kind.BOTH:
                return len(set(totals)) > 1
            return sum(later < earlier for earlier, later in pairwise(totals)) > patience

        return disturbed
