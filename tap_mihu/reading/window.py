"""A window: the contacts created within some days, until they are read and passed on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING

from tap_mihu.reading.adding_up import SHRUNK, shrinks_too_much
from tap_mihu.records.pages import Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_mihu.reading.evidence import Read
    from tap_mihu.records.pages import DateRange, Page

__all__ = ["Window"]


@dataclass(eq=False, slots=True)
class Window:
    """Some days of creation, and what was read of them."""

    dates: DateRange
    is_whole: bool = False
    """Whether this is the whole listing, as far as it is to be read."""
    first: Page | None = None
    """Page 1, where it is known from the cut that made the window."""
    per_page: int | None = None
    """Contacts a page, for the next read; None for the setting's."""
    seen: tuple[date, date] | None = None
    """The least and the greatest day near here known to hold contacts."""
    uneven: bool = False
    """Whether the window holds most of what was cut, so that days tell little of numbers."""
    restless: bool = False
    """Whether it was cut from what did not hold still, so that less should be read at once."""
    doubt: str | None = None
    """Why the window cannot be proven, whatever is read of it."""
    met_before: dict[str, str] | None = None
    """What an earlier read found that contradicts itself, for it counted other than it found: the
    contacts, with when they were created."""

    reads: list[Read] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    """The contacts met and not passed on yet, each as it was last seen."""
    undated: bool = False
    """Whether a contact without a creation date was met."""
    most: int = 0
    """The greatest total that was told."""
    passed_on: set[str] = field(default_factory=set)
    streamed: bool = False
    """Rows are passed on as they come and not kept: the window is too large to hold."""
    proven: bool | None = None
    """Whether the window is read completely beyond doubt; None while it is being read."""
    cause: str | None = None
    """Why it is not proven."""
    unread: str | None = None
    """Which page cannot be read, if any, and why."""

    @property
    def known_total(self) -> int:
        """How many contacts there are, by the last response; 0 before it."""
        if self.reads and self.reads[-1].pages:
            return self.reads[-1].pages[-1].total
        return self.first.total if self.first else 0

    def take(self, read: Read, page: Page) -> None:
        """Take a response in."""
        self.most = max(self.most, page.total)
        self.note(page.rows)
        self.rows.update((row.uuid, row) for row in page.rows if row.uuid not in self.passed_on)
        if self.streamed:
            # As evidence, rows need not carry what is written.
            bare = [Row(row.uuid, row.created_at, row.updated_at, None) for row in page.rows]
            page = replace(page, rows=bare)
        read.pages.append(page)

    def note(self, rows: Sequence[Row]) -> None:
        """Take note of the days on which contacts were created."""
        times = [row.created_at for row in rows if row.created_at]
        self.undated = self.undated or len(times) < len(rows)
        if times:
            days = [date.fromisoformat(time[:10]) for time in (min(times), max(times))]
            days += self.seen or ()
            self.seen = (min(days), max(days))

    def finish(self, settled_by: set[str] | None, cause: str | None = None) -> None:
        """Take note of how the reading ended.

        Args:
            settled_by: The contacts that prove it; None where it is not proven.
            cause: Why it is not.
        """
        if settled_by is not None and shrinks_too_much(self.most, self.known_total):
            self.doubt = self.doubt or SHRUNK
        if settled_by is not None:
            self.unread = None
        self.proven = settled_by is not None and self.doubt is None
        self.cause = None if self.proven else self.doubt or cause
        if settled_by is not None and not self.streamed:
            # Others that were met are gone.
            self.rows = {uuid: row for uuid, row in self.rows.items() if uuid in settled_by}
        self.reads.clear()
        self.first = None

    def pass_on(self) -> list[Row]:
        """Return the rows that were not passed on yet."""
        rows, self.rows = self.rows, {}
        if self.streamed:
            self.passed_on.update(rows)
        return list(rows.values())
