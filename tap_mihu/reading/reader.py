"""The reader: reads one window until it is settled, cut, or given up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.reading.asking import Asking
from tap_mihu.reading.cutting import PART_PAGES, UNSETTLED_PIECES, WINDOW_PAGES, pieces_for
from tap_mihu.reading.doubting import contradicted, contradiction_text
from tap_mihu.reading.evidence import settled_by
from tap_mihu.reading.parting import part, part_unseen
from tap_mihu.reading.repairing import Repairing

if TYPE_CHECKING:
    from tap_mihu.reading.evidence import Read
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.undated import Undated
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Page

__all__ = ["read_window"]

_RESTLESS_PAGES = 16
_ROUND = 500
# Where dates cannot tell, a number at which search engines stop.
_ROUND_WITHOUT_DATES = 10_000

_MOVED = "records moved between pages while they were read"
_CHANGED = "records were created or deleted while they were read"
_UNREAD = "a page cannot be read"
_BUDGET = "too many requests would be needed"


def read_window(window: Window, know: Knowledge) -> Steps[list[Window | Undated]]:
    """Read a window.

    Returns:
        The window, finished, or the windows that stand in its place.

    Raises:
        RefusedError: The API refuses page 1 of the whole.
    """
    return (yield from _Reader(window, know).steps())


class _Reader:
    """The steps of one window."""

    def __init__(self, window: Window, know: Knowledge) -> None:
        self._window = window
        self._know = know
        self._asking = Asking(window, know)
        self._repairing = Repairing(window, know, self._asking)

    def steps(self) -> Steps[list[Window | Undated]]:
        window = self._window
        first = window.first or (yield from self._asking.first_page())
        if first is None:
            return (yield from self._without_first_page())
        if window.is_whole:
            self._take_measure(first)
        parts = yield from self._cut_unread(first)
        if parts:
            return parts
        read = yield from self._asking.read(first)
        while True:
            lie = None
            settled = settled_by(window.reads, window.dates, self._know) if read.pages else None
            if settled is not None:
                lie = yield from contradicted(window, self._know, read, settled)
                if lie is None:
                    self._finish_settled(settled)
                    return [window]
            self._know.repairs += 1
            repaired = yield from self._repairing.repaired(read, lie)
            if isinstance(repaired, list):
                return repaired
            if repaired is None:
                yield from self._asking.go_on(read)
                window.finish(None, self._cause(read, lie))
                return [window]
            read = repaired

    def _finish_settled(self, settled: set[str]) -> None:
        window = self._window
        if self._is_round(window.most):
            window.doubt = f"{window.most} may be where the API stops to count"
        window.finish(settled)

    def _cut_unread(self, first: Page) -> Steps[list[Window | Undated] | None]:
        """Cut a window that is too large to hold, or whose total is not to be believed."""
        window = self._window
        too_large = first.last_page > (WINDOW_PAGES if window.is_whole else PART_PAGES)
        restless = window.restless and first.last_page > _RESTLESS_PAGES
        if not too_large and not restless and not self._is_round(first.total):
            return None
        pieces = pieces_for(first.last_page) if too_large else UNSETTLED_PIECES
        parts = yield from part(self._know, window, first, pieces)
        window.streamed = too_large and not parts
        return parts

    def _take_measure(self, first: Page) -> None:
        budget = self._know.budget
        budget.contacts = first.total
        sent = len(first.rows) if first.last_page > 1 else 0
        budget.page_size = max(1, sent or self._know.page_size or len(first.rows))

    def _is_round(self, total: int) -> bool:
        """Return whether a total looks like one at which a server stops to count."""
        step = _ROUND if self._know.by_date else _ROUND_WITHOUT_DATES
        if total < max(step, self._know.most_counted) or total % step:
            return False
        return total % self._know.budget.page_size == 0 or self._window.per_page is not None

    def _without_first_page(self) -> Steps[list[Window | Undated]]:
        """Read what can be read of a window whose page 1 the API refuses."""
        window = self._window
        parts = part_unseen(window, self._know)
        if parts:
            return parts
        yield from self._asking.read(None)
        window.finish(None, _UNREAD)
        return [window]

    def _cause(self, read: Read, lie: str | None) -> str:
        if lie:
            return lie
        if read.refused or not read.pages:
            return _UNREAD
        if read.contradiction and self._repairing.repeats(read):
            return contradiction_text(read)
        if not self._know.allows(1):
            return _BUDGET
        return _MOVED if read.steady else _CHANGED
