"""The reader: reads one window until it is settled, cut, or given up."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from tap_mihu.errors import RefusedError
from tap_mihu.reading.cutting import PART_PAGES, WINDOW_PAGES, days_of, pieces_for
from tap_mihu.reading.doubting import contradicted, contradiction_text
from tap_mihu.reading.evidence import Kind, Read, kind_of, proofs, settled_by
from tap_mihu.reading.knowledge import LARGE_PAGE
from tap_mihu.reading.paginator import PageNumberPaginator
from tap_mihu.reading.parting import part, part_unseen
from tap_mihu.reading.questions import Batch, Question, asked

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.undated import Undated
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Page

__all__ = ["read_window"]

_MOST_READS = 5
_MOST_READS_IN_DOUBT = 2
_UNSETTLED_PIECES = 4
_RESTLESS_PAGES = 16
# Parts come out uneven; aiming so much below a large page makes most of them one.
_FULL = 0.8
_STREAMED_PAGES = 16
# Several pages may be under way when the total changes.
_NEAR = 4
_ROUND = 500

MOVED = "contacts moved between pages while they were read"
CHANGED = "contacts were created or deleted while they were read"
UNREAD = "a page cannot be read"
BUDGET = "too many requests would be needed"


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
        self._lie: str | None = None
        self._empty = False

    def steps(self) -> Steps[list[Window | Undated]]:
        window = self._window
        first = window.first or (yield from self._first_page())
        if first is None:
            return (yield from self._without_first_page())
        if window.is_whole:
            self._take_measure(first)
        parts = yield from self._cut_unread(first)
        if parts:
            return parts
        read = yield from self._read(first)
        while True:
            settled = settled_by(window.reads, window.dates, self._know) if read.pages else None
            if settled is not None:
                self._lie = yield from contradicted(window, self._know, read, settled)
                if self._lie is None:
                    if self._is_round(window.most):
                        window.doubt = f"{window.most} may be where the API stops to count"
                    window.finish(settled)
                    return [window]
            self._know.repairs += 1
            repaired = yield from self._repaired(read)
            if isinstance(repaired, list):
                return repaired
            if repaired is None:
                yield from self._go_on(read)
                window.finish(None, self._cause(read))
                return [window]
            read = repaired

    def _cut_unread(self, first: Page) -> Steps[list[Window | Undated] | None]:
        """Cut a window that is too large to hold, or whose total is not to be believed."""
        window = self._window
        too_large = first.last_page > (WINDOW_PAGES if window.is_whole else PART_PAGES)
        restless = window.restless and first.last_page > _RESTLESS_PAGES
        if not too_large and not restless and not self._is_round(first.total):
            return None
        pieces = pieces_for(first.last_page) if too_large else _UNSETTLED_PIECES
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
        full = total % self._know.budget.page_size == 0 or self._window.per_page is not None
        return total >= _ROUND and total % _ROUND == 0 and full

    # Asking.

    def _question(self, number: int, *, patient: bool = True) -> Question:
        dates = self._know.asked_dates(self._window.dates)
        return Question(dates, number, self._window.per_page, patient)

    def _first_page(self, *, patient: bool = True) -> Steps[Page | None]:
        """Ask for page 1; None where the API refuses it."""
        window = self._window
        while True:
            ((_, reply),) = yield asked(self._question(1, patient=patient))
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

    def _read(self, first: Page | None) -> Steps[Read]:
        """Read the window to its end, or until it cannot be settled by this read any more.

        Args:
            first: Its page 1; None where the API refuses it.
        """
        window = self._window
        read = Read(window.per_page)
        window.reads.append(read)
        # Since the cut, something may have happened to what it told.
        stale = first is not None and first is window.first and first.last_page > 1
        read.expect(2 if first is None else first.last_page)
        if first is not None and not stale:
            window.take(read, first)
        yield from self._go_on(read, self._disturbed(None if stale else first))
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
                yield from self._go_on(read)

    def _go_on(self, read: Read, enough: Callable[[Page], bool] | None = None) -> Steps[None]:
        """Ask for the pages that are left; a growing `last_page` is followed."""
        window = self._window
        paginator = PageNumberPaginator()
        while read.left:
            numbers = read.left[:_STREAMED_PAGES] if window.streamed else [*read.left]
            questions = [self._question(number) for number in numbers]
            batch = Batch(questions) if enough is None else Batch(questions, enough)
            answered = yield batch
            for question, reply in answered:
                read.left.remove(question.number)
                if isinstance(reply, RefusedError):
                    read.refused[question.number] = reply
                    window.unread = str(reply)
                    continue
                window.take(read, reply)
                paginator.learn(reply.last_page, reply.total)
                read.expect(reply.last_page)
            if len(answered) < len(questions):
                return

    def _disturbed(self, first: Page | None) -> Callable[[Page], bool] | None:
        """Return what tells that a read cannot settle the window any more; None: read to its end.

        Only where a repair is cheaper than what is left.
        """
        window, know = self._window, self._know
        if window.streamed or window.per_page is not None or not know.by_date:
            return None
        kind = None if first is None else kind_of(window.dates, first, know)
        if kind is Kind.OPEN and not know.filtered:
            return None
        # Where larger pages are not to be had, one contact less can often be made good.
        patience = int(know.larger_pages is False and not know.filtered)
        totals = [] if first is None else [first.total]

        def disturbed(page: Page) -> bool:
            totals.append(page.total)
            if know.filtered:
                return len(set(totals)) > 1
            return sum(later < earlier for earlier, later in pairwise(totals)) > patience

        return disturbed

    def _without_first_page(self) -> Steps[list[Window | Undated]]:
        """Read what can be read of a window whose page 1 the API refuses."""
        window, know = self._window, self._know
        parts = part_unseen(window, know)
        if parts:
            return parts
        yield from self._read(None)
        window.finish(None, UNREAD)
        return [window]

    # Repairing.

    def _repaired(self, read: Read) -> Steps[Read | list[Window | Undated] | None]:
        """Return a further read, the parts of the window, or None where nothing more helps."""
        if read.refused or read.hollow or self._lie:
            parts = yield from self._cut(read)
            if parts or self._lie:
                return parts
            if read.refused:
                return (yield from self._read_large(read))
        if self._repeats(read):
            return None
        if read.contradiction:
            self._window.met_before = {
                uuid: row.created_at or "" for uuid, row in self._window.rows.items()
            }
        return (yield from self._read_large(read)) or (yield from self._read_on(read))

    def _read_on(self, read: Read) -> Steps[Read | list[Window | Undated] | None]:
        """Repair in pages of the size at hand."""
        if (yield from self._mended(read)):
            return read
        if self._repeats(read):
            return None
        # A read that found what is counted wants no more than to be confirmed.
        if not read.steady or read.contradiction:
            return (yield from self._cut(read)) or (yield from self._read_again(read))
        return (yield from self._read_again(read)) or (yield from self._cut(read))

    def _mended(self, read: Read) -> Steps[bool]:
        """Ask for pages once more until what was missed is met; return whether that settles it.

        A contact is missed where others move to the page before it: those that were asked for
        last before the total changed come first.
        """
        window, know = self._window, self._know
        both = bool(read.pages) and kind_of(window.dates, read.pages[0], know) is Kind.BOTH
        if read.left and (read.drops > 1 or both):
            return False
        yield from self._go_on(read)
        if settled_by(window.reads, window.dates, know):
            return True
        hopeless = know.filtered or not read.pages or read.drops > 1 or read.mended or both
        if hopeless or not know.allows(read.last_page + len(read.left)):
            return False
        read.mended = True
        numbers = [page.number for page in read.pages]
        borders = [
            i for i, (one, two) in enumerate(pairwise(read.pages), 1) if one.total != two.total
        ]
        first = [number for i in borders for number in numbers[max(0, i - _NEAR) : i][::-1]]
        read.left = [*dict.fromkeys([*first, *sorted(numbers)])]
        begun = proofs(window.reads, window.dates, know)

        def settled(page: Page) -> bool:
            for proof in begun:
                proof.add(page)
            return any(proof.holds for proof in begun)

        yield from self._go_on(read, settled)
        read.left.clear()
        return settled_by(window.reads, window.dates, know) is not None

    def _read_again(self, read: Read) -> Steps[Read | None]:
        """Read once more, if that may help and is not too much."""
        window, know = self._window, self._know
        requests = know.budget.pages(window.known_total)
        if read.per_page is not None:
            requests = ceil(window.known_total / know.large_page_size)
        most = _MOST_READS if window.doubt is None else _MOST_READS_IN_DOUBT
        if len(window.reads) >= most or not know.allows(requests + len(read.left)):
            return None
        return (yield from self._read((yield from self._first_page())))

    def _repeats(self, read: Read) -> bool:
        """Return whether a read contradicts itself as the one before did, and found nothing new."""
        if not read.contradiction:
            return False
        before = self._window.met_before
        if before is None:
            return False
        found, dates = read.uuids, self._window.dates
        return found <= before.keys() and all(
            uuid in found for uuid, created in before.items() if dates.has_day_of(created)
        )

    def _read_large(self, read: Read) -> Steps[Read | list[Window | Undated] | None]:
        """Read in larger pages, where the server obeys: a part that is one page is consistent.

        Returns:
            The read, or the parts; None where the server does not obey, or that is no use.
        """
        window, know = self._window, self._know
        total = window.known_total
        requests = ceil(total / know.large_page_size) + 1
        if (
            read.per_page is not None
            or know.larger_pages is False
            or know.budget.page_size >= min(total, LARGE_PAGE)
            or not know.allows(requests)
        ):
            return None
        window.per_page = LARGE_PAGE
        first = None
        if know.larger_pages is None or total <= know.large_page_size:
            first = yield from self._first_page(patient=False)
            if not know.learn_large(first):
                window.per_page = None
                return None
        if total > know.large_page_size:
            parts = yield from self._cut(read)
            if parts:
                return parts
        return (yield from self._read(first or (yield from self._first_page())))

    def _cut(self, read: Read) -> Steps[list[Window | Undated] | None]:
        window, know = self._window, self._know
        if not read.pages or window.streamed:
            return None
        total = window.known_total
        pieces, requests = _UNSETTLED_PIECES, know.budget.pages(total)
        if window.per_page is not None:
            pieces = requests = ceil(total / know.large_page_size / _FULL)
        if not know.allows(requests + len(read.left)):
            return None
        # What was read to its end tells where the contacts lie.
        days = [] if read.left else days_of(window.rows.values())
        return (yield from part(know, window, read.pages[-1], max(2, pieces), days))

    def _cause(self, read: Read) -> str:
        if self._lie:
            return self._lie
        if read.refused or not read.pages:
            return UNREAD
        if read.contradiction and self._repeats(read):
            return contradiction_text(read)
        if not self._know.allows(1):
            return BUDGET
        return MOVED if read.steady else CHANGED
