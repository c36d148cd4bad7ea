"""Evidence: the responses of one window, and the rules by which they prove it complete.

A creation date never changes, so edits and inserts elsewhere cannot disturb a window. Let T be
the total in some response, and t the time in it by the data's own clock. A window is settled

- when one page is all of it, and holds T contacts: one response is consistent by itself;
- when T contacts that were there at t are read in that response and those that were asked for
  after it had come: others may be older than it, whenever they come. In *closed* days, which can
  only lose contacts, each was there. In *open* days, which gain some too, those were that are
  created before t, and those in the response itself; a creation time shortly before t does not
  tell. Unless all the days are open, no total may be greater than the one before it: an import
  with old creation dates would hide a miss;
- when two reads in a row find the same T contacts, and every response says T. (Had the first
  missed one, it would have counted a contact born since in its place, hence also one that died
  since, for the totals held; the second cannot meet that one again.)

Where any contact is of other days than were asked for, the dates are not kept to: any can come and
go. With filters other than dates, an edit moves contacts in and out: there only the first and the
last rule hold.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from itertools import pairwise
from typing import TYPE_CHECKING

from tap_mihu.reading.paginator import PageNumberPaginator
from tap_mihu.records.pages import DateRange
from tap_mihu.records.timestamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_mihu.errors import RefusedError
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.records.pages import Page, Row

__all__ = ["Kind", "Proof", "Read", "kind_of", "proofs", "settled_by"]

# A row may become visible this much later than it is dated, or a replica lag so far. Where larger
# pages are not to be had, most busy windows would not be settled for that long.
_SLACK = timedelta(seconds=60)
_SHORT_SLACK = timedelta(seconds=2)
_MOST_PROOFS = 12


class Kind(Enum):
    """What can happen to the days of a window."""

    CLOSED = auto()
    """No contact can be created here any more."""
    OPEN = auto()
    """All are yesterday or later."""
    BOTH = auto()


@dataclass(slots=True)
class Read:
    """One read of a window: its responses, in the order in which they came."""

    per_page: int | None = None
    """What was asked for; None for the setting's."""
    pages: list[Page] = field(default_factory=list)
    refused: dict[int, RefusedError] = field(default_factory=dict)
    """The pages that the API refuses."""
    left: list[int] = field(default_factory=list)
    """The pages that are still to be asked for."""
    mended: bool = False
    """Whether pages were asked for once more to meet what was missed."""
    paginator: PageNumberPaginator = field(default_factory=PageNumberPaginator)

    @property
    def total(self) -> int:
        """T, by the first response."""
        return self.pages[0].total

    @property
    def steady(self) -> bool:
        """Whether all responses give the same total."""
        return all(page.total == self.pages[0].total for page in self.pages)

    @property
    def uuids(self) -> set[str]:
        """The contacts that were read."""
        return {row.uuid for page in self.pages for row in page.rows}

    @property
    def contradiction(self) -> int:
        """How many contacts more are counted than read, where nothing moved; else 0."""
        if self.left or self.refused or not self.steady:
            return 0
        counted = _Counted()
        for page in self.pages:
            counted.add(page.rows)
        return self.total - counted.number

    @property
    def hollow(self) -> bool:
        """Whether full pages are followed by empty ones, as beyond the limit of an offset."""
        sizes = {page.number: len(page.rows) for page in self.pages}
        empty = [number for number, size in sizes.items() if not size]
        full = sizes.get(1, 0)
        return (
            bool(empty)
            and self.contradiction > 0
            and all(
                size in {0, full} and (size == full) == (number < min(empty))
                for number, size in sizes.items()
            )
        )

    @property
    def drops(self) -> int:
        """How often the total went down from one response to the next."""
        return sum(later.total < earlier.total for earlier, later in pairwise(self.pages))

    @property
    def is_one_page(self) -> bool:
        """Whether one response was all of the window, and held what it counts."""
        (first, *more) = self.pages
        counted = _Counted()
        counted.add(first.rows)
        return not more and first.last_page <= 1 and counted.number == first.total


def kind_of(dates: DateRange, page: Page, know: Knowledge) -> Kind:
    """Return what could happen to the days since a page was served."""
    if not know.by_date:
        return Kind.OPEN
    if dates.closed_at(page.served_at):
        return Kind.CLOSED
    return Kind.OPEN if dates.open_at(page.served_at) else Kind.BOTH


def settled_by(reads: list[Read], dates: DateRange, know: Knowledge) -> set[str] | None:
    """Return the contacts by which a window is settled; None where some may be missing.

    Args:
        reads: What was read of the window, the last one to its end.
        dates: Its days.
        know: The clocks, and which rules hold.
    """
    last = reads[-1]
    if last.is_one_page or _confirmed(reads):
        return last.uuids
    for proof in proofs(reads, dates, know):
        if proof.holds:
            return proof.uuids
    return None


def proofs(reads: list[Read], dates: DateRange, know: Knowledge) -> list[Proof]:
    """Return what may become a proof: for each response from which on all may have been read."""
    if know.filtered:
        return []
    pages = [page for read in reads for page in read.pages]
    kept = _are_kept(dates, pages, know)
    starts = {0, len(pages) - len(reads[-1].pages)}
    starts |= {i for i, (one, two) in enumerate(pairwise(pages), 1) if one.total > two.total}
    # The page with the newest contacts says of the most of them that they were there.
    last_page = max(page.number for page in reads[-1].pages)
    starts |= {i for i, page in enumerate(pages) if page.number == last_page}
    begun = []
    for start in sorted(starts)[-_MOST_PROOFS:]:
        proof = Proof(pages[start], dates if kept else DateRange(), know)
        for page in pages[start + 1 :]:
            proof.add(page)
        begun.append(proof)
    return begun


def _are_kept(dates: DateRange, pages: list[Page], know: Knowledge) -> bool:
    """Return whether all contacts may be of some days; an API that ignores dates sends others."""
    times = [row.created_at for page in pages for row in page.rows if row.created_at]
    asked = know.asked_dates(dates)
    return not times or all(map(asked.admits_day, (min(times), max(times))))


class Proof:
    """What is read in a response and those after it, compared with the total in it."""

    def __init__(self, base: Page, dates: DateRange, know: Knowledge) -> None:
        """Begin with the response."""
        self._kind = kind_of(dates, base, know)
        slack = _SHORT_SLACK if know.larger_pages is False else _SLACK
        self._born_before = to_text(know.clock.data_time(base.served_at) - slack)
        self._total = self._latest = base.total
        self._came_as = base.came_as
        self._rises = False
        self._there = _Counted()
        self._there.add(base.rows)
        self._new: set[str] = set()

    def add(self, page: Page) -> None:
        """Take in a response that came later."""
        self._rises = self._rises or page.total > self._latest
        self._latest = page.total
        # One that was under way already may be older, and hold contacts that were gone by then.
        later = page.asked_after >= self._came_as
        if self._kind is Kind.CLOSED:
            self._there.add(page.rows if later else ())
            return
        before = self._born_before
        if later:
            self._there.add(row for row in page.rows if row.created_at and row.created_at < before)
        self._new.update(row.uuid for row in page.rows if (row.created_at or "") >= before)

    @property
    def holds(self) -> bool:
        """Whether all that was there is read."""
        if self._there.number != self._total:
            return False
        return self._kind is Kind.OPEN or not self._rises

    @property
    def uuids(self) -> set[str]:
        """The contacts that are read."""
        return self._there.uuids | self._new


def _confirmed(reads: list[Read]) -> bool:
    """The rule for any days."""
    if len(reads) == 1:
        return False
    earlier, later = reads[-2:]
    return (
        earlier.steady
        and later.steady
        and earlier.total == later.total == len(later.uuids)
        and earlier.uuids == later.uuids
    )


class _Counted:
    """Different contacts; one that stands on a page twice is counted there twice by totals, too."""

    def __init__(self) -> None:
        self.uuids: set[str] = set()
        self._twins: dict[str, int] = {}

    def add(self, rows: Iterable[Row]) -> None:
        uuids = [row.uuid for row in rows]
        different = set(uuids)
        if len(different) != len(uuids):
            for uuid, times in Counter(uuids).items():
                if times > 1:
                    self._twins[uuid] = max(times - 1, self._twins.get(uuid, 0))
        self.uuids |= different

    @property
    def number(self) -> int:
        twins = sum(self._twins.values())
        # Where most are repeats, a row is sent in place of others.
        return len(self.uuids) + (twins if twins < len(self.uuids) else 0)
