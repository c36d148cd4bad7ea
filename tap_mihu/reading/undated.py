"""The undated: contacts without creation date, which are in no window.

They are met on the pages of the listing that are asked for without dates.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tap_mihu.reading.knowledge import LARGE_PAGE
from tap_mihu.reading.questions import Answered, Batch, Question, asked
from tap_mihu.records.pages import DateRange, Page

if TYPE_CHECKING:
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.window import Window
    from tap_mihu.records.pages import Row

__all__ = ["Undated", "find_undated"]

_MOST_WALKS = 5
_MOST_BLANK = 2


@dataclass(eq=False, slots=True)
class Undated:
    """The contacts without creation date, until they are met and passed on."""

    expected: int | None
    """How many there are; None where that could not be told."""
    doubt: str | None = None
    """Why they cannot be proven to be all."""
    rows: dict[str, Row] = field(default_factory=dict)
    passed_on: set[str] = field(default_factory=set)
    """Those that a window already held: a zero date lies before all others."""
    proven: bool | None = None
    cause: str | None = None
    unread: str | None = None

    def take(self, page: Page) -> None:
        """Take a response in."""
        self.rows.update(
            (row.uuid, row)
            for row in page.rows
            if row.created_at is None and row.uuid not in self.passed_on
        )

    @property
    def all_met(self) -> bool:
        """Whether as many were met as there are."""
        return self.expected is not None and len(self.rows) >= self.expected

    def pass_on(self) -> list[Row]:
        """Return the rows that were not passed on yet."""
        rows, self.rows = self.rows, {}
        return list(rows.values())


def find_undated(undated: Undated, know: Knowledge) -> Steps[list[Window | Undated]]:
    """Ask for pages until as many undated contacts are met as there are.

    Returns:
        The undated, finished.
    """
    blank = walks = 0
    goes_on = not undated.all_met
    while goes_on:
        known = len(undated.rows)
        # What moves away from one direction comes towards the other.
        may_help = yield from _walk(undated, know, backwards=walks % 2 == 1)
        walks, blank = walks + 1, blank + (len(undated.rows) == known)
        tried = walks == _MOST_WALKS or blank == _MOST_BLANK or undated.expected is None
        goes_on = may_help and not (undated.all_met or tried)
    undated.proven = undated.all_met and undated.doubt is None
    if not undated.proven:
        number = "some" if undated.expected is None else undated.expected - len(undated.rows)
        undated.cause = undated.doubt or f"{number} without creation date were not met"
    return [undated]


def _walk(undated: Undated, know: Knowledge, *, backwards: bool) -> Steps[bool]:
    """Ask for all pages, until all are met; return whether more of that may help."""
    per_page = None if know.larger_pages is False else LARGE_PAGE
    first = _page((yield asked(Question(DateRange(), 1, per_page, patient=per_page is None))))
    if per_page is not None and not know.learn_large(first):
        per_page = None
        first = _page((yield asked(Question(DateRange()))))
    if first is None:
        return False
    undated.take(first)
    if first.last_page <= 1 or undated.all_met or not know.allows(first.last_page):
        return False

    def met(page: Page) -> bool:
        undated.take(page)
        return undated.all_met

    questions = [Question(DateRange(), n, per_page) for n in range(2, first.last_page + 1)]
    yield Batch(questions[::-1] if backwards else questions, met)
    return True


def _page(answered: Answered) -> Page | None:
    ((_, reply),) = answered
    return reply if isinstance(reply, Page) else None
