"""Evidence: the responses of one window, and the rules by which they prove it complete.

A creation date never changes, so edits and inserts elsewhere cannot disturb a window. Let T be
the total in a response and t the time in it, by the data's own clock. A window is settled

- when one page is all of it, and holds T contacts: one response is consistent by itself;
- *closed* days, which can only lose contacts: when all responses since the total last changed
  say T, and T contacts are read in them;
- *open* days, which gain some too: when T of those read were there when the first response of
  the read was made. A creation time shortly before t does not tell, unless that response has it;
- days of both kinds: when both rules hold;
- any days: when two reads in a row find the same T contacts, and every response says T.
  (Had the first missed one, it would have counted a contact born since in its place, hence
  also one that died since, for the totals held; the second cannot meet that one again.)

With filters other than dates, an edit moves contacts in and out: there only the first and the
last rule hold.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import TYPE_CHECKING

from tap_mihu.records.timestamps import to_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_mihu.errors import RefusedError
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.records.pages import DateRange, Page, Row

__all__ = ["Kind", "Read", "kind_of", "settled_by"]

# A row may become visible this much later than it is dated, or a replica lag so far. Where larger
# pages are not to be had, most busy windows would not be settled for that long.
_SLACK = timedelta(seconds=60)
_SHORT_SLACK = timedelta(seconds=2)


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
    last_page: int = 1
    """The greatest page that is known of."""

    def expect(self, last_page: int) -> None:
        """Take note of how many pages there are; where they get fewer, all are asked for."""
        self.left += range(self.last_page + 1, last_page + 1)
        self.last_page = max(self.last_page, last_page)

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
    def is_one_page(self) -> bool:
        """Whether one response was all of the window, and held what it counts."""
        (first, *more) = self.pages
        return not more and first.last_page <= 1 and len(first.rows) == first.total


def kind_of(dates: DateRange, page: Page, know: Knowledge) -> Kind:
    """Return what could happen to the days since a page was served."""
    if not know.by_date:
        return Kind.OPEN
    if dates.closed_at(page.served_at):
        return Kind.CLOSED
    return Kind.OPEN if dates.open_at(page.served_at) else Kind.BOTH


def settled_by(reads: list[Read], dates: DateRange, know: Knowledge) -> set[str] | None:
    """Return the contacts by which a window is settled; None where none may be missing yet.

    Args:
        reads: What was read of the window, the last one to its end.
        dates: Its days.
        know: The clocks, and which rules hold.
    """
    last = reads[-1]
    if last.is_one_page or _confirmed(reads):
        return last.uuids
    if know.filtered:
        return None
    kind = kind_of(dates, last.pages[0], know)
    if kind is Kind.CLOSED:
        return _all_read([page for read in reads for page in read.pages])
    if not _all_there(last, know):
        return None
    if kind is Kind.OPEN:
        return last.uuids
    return _all_read(last.pages) if last.steady else None


def _all_read(pages: list[Page]) -> set[str] | None:
    """The rule for closed days."""
    total = pages[-1].total
    counted = _Counted()
    for page in reversed(pages):
        if page.total != total:
            break
        counted.add(page.rows)
    return counted.uuids if counted.number == total else None


def _all_there(read: Read, know: Knowledge) -> bool:
    """The rule for open days."""
    (first, *more) = read.pages
    slack = _SHORT_SLACK if know.larger_pages is False else _SLACK
    born_before = to_text(know.clock.data_time(first.served_at) - slack)
    there = _Counted()
    there.add(first.rows)
    for page in more:
        there.add(row for row in page.rows if row.created_at and row.created_at < born_before)
    return there.number == first.total


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
        return len(self.uuids) + sum(self._twins.values())
