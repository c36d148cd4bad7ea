"""Repairing: what is tried where a read does not settle its window."""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

from tap_mihu.reading.cutting import UNSETTLED_PIECES, days_of
from tap_mihu.reading.evidence import Kind, kind_of, proofs, settled_by
from tap_mihu.reading.knowledge import LARGE_PAGE
from tap_mihu.reading.parting import part

if TYPE_CHECKING:
    from tap_mihu.reading.asking import Asking
    from tap_mihu.reading.evidence import Read
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.undated import Undated
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Page

__all__ = ["Repairing"]

_MOST_READS = 5
_MOST_READS_IN_DOUBT = 2
# Parts come out uneven; aiming so much below a large page makes most of them one.
_FULL = 0.8
# Several pages may be under way when the total changes.
_NEAR = 4


class Repairing:
    """Repairs one window."""

    def __init__(self, window: Window, know: Knowledge, asking: Asking) -> None:
        """Start with nothing tried.

        Args:
            window: The window.
            know: What is known of the server.
            asking: Asks for its pages.
        """
        self._window = window
        self._know = know
        self._asking = asking

    def repaired(self, read: Read, lie: str | None) -> Steps[Read | list[Window | Undated] | None]:
        """Return a further read, the parts of the window, or None where nothing more helps.

        Args:
            read: The last read, which settles nothing.
            lie: What contradicts what seems settled, if anything does.
        """
        if read.refused or read.hollow or lie:
            parts = yield from self._cut(read)
            if parts or lie:
                return parts
            if read.refused:
                return (yield from self._read_large(read))
        if self.repeats(read):
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
        if self.repeats(read):
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
        yield from self._asking.go_on(read)
        if settled_by(window.reads, window.dates, know):
            return True
        dateless = window.undated and not know.by_date
        hopeless = (
            (know.filtered or dateless or both) or not read.pages or read.drops > 1 or read.mended
        )
        if hopeless or not know.allows(read.paginator.last_page + len(read.left)):
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

        yield from self._asking.go_on(read, settled)
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
        return (yield from self._asking.read((yield from self._asking.first_page())))

    def repeats(self, read: Read) -> bool:
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
            first = yield from self._asking.first_page(patient=False)
            if not know.learn_large(first):
                window.per_page = None
                return None
        if total > know.large_page_size:
            parts = yield from self._cut(read)
            if parts:
                return parts
        return (yield from self._asking.read(first or (yield from self._asking.first_page())))

    def _cut(self, read: Read) -> Steps[list[Window | Undated] | None]:
        window, know = self._window, self._know
        if not read.pages or window.streamed:
            return None
        total = window.known_total
        pieces, requests = UNSETTLED_PIECES, know.budget.pages(total)
        if window.per_page is not None:
            pieces = requests = ceil(total / know.large_page_size / _FULL)
        if not know.allows(requests + len(read.left)):
            return None
        # What was read to its end tells where the contacts lie.
        days = [] if read.left else days_of(window.rows.values())
        return (yield from part(know, window, read.pages[-1], max(2, pieces), days))
