"""Doubting: questions that what seems settled has to stand up to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_mihu.reading.cutting import days_of
from tap_mihu.reading.questions import Question, asked
from tap_mihu.records.pages import DateRange, Page

if TYPE_CHECKING:
    from tap_mihu.reading.evidence import Read
    from tap_mihu.reading.knowledge import Knowledge
    from tap_mihu.reading.questions import Steps
    from tap_mihu.reading.window import Window

__all__ = ["contradicted", "contradiction_text"]


def contradiction_text(read: Read) -> str:
    """Return how a read contradicts itself."""
    if read.contradiction > 0:
        return f"the API counts {read.contradiction} more than it sends"
    return f"the API sends {-read.contradiction} more than it counts"


def contradicted(
    window: Window, know: Knowledge, read: Read, settled: set[str]
) -> Steps[str | None]:
    """Ask what contradicts a window that seems settled.

    Behind a full last page, one more page is asked for: a contact that is new there says that the
    total lies. And where the whole listing was read in one go, the older half of its days must not
    count more contacts than were read of it.

    Args:
        window: The window.
        know: What is known of the server.
        read: Its last read.
        settled: The contacts that settle it.

    Returns:
        What contradicts it; None where nothing does.
    """
    pages = {page.number: page for page in read.pages}
    last = pages[max(pages)]
    if last.rows and len(last.rows) == _full_page(pages, know, read):
        dates = know.asked_dates(window.dates)
        question = Question(dates, last.number + 1, read.per_page, patient=False)
        ((_, behind),) = yield asked(question)
        if isinstance(behind, Page) and behind.total == read.pages[-1].total:
            more = {
                row.uuid: row for row in behind.rows if row.uuid not in settled | window.passed_on
            }
            if more:
                window.rows.update(more)
                return f"the API sends {len(more)} more than it counts"
    if not window.is_whole or len(pages) == 1 or not know.by_date or window.streamed:
        return None
    return (yield from _older_half(window, read))


def _full_page(pages: dict[int, Page], know: Knowledge, read: Read) -> int | None:
    """Return how many contacts a full page holds; None where that is not known."""
    if len(pages) > 1 and 1 in pages:
        return len(pages[1].rows)
    return know.page_size if read.per_page is None else read.per_page


def _older_half(window: Window, read: Read) -> Steps[str | None]:
    days = days_of(window.rows.values())
    if not days:
        return None
    half = DateRange(window.dates.first, days[len(days) // 2])
    if not half.closed_at(read.pages[-1].served_at):
        return None
    ((_, reply),) = yield asked(Question(half, patient=False))
    # The server's days may be in another zone.
    read_of_it = sum(map(half.admits, window.rows.values()))
    if not isinstance(reply, Page) or reply.total <= read_of_it:
        return None
    # Where the server ignores dates, this tells nothing.
    ((_, other_end),) = yield asked(Question(half, reply.last_page, patient=False))
    if isinstance(other_end, Page) and not all(map(half.admits, [*reply.rows, *other_end.rows])):
        return None
    return f"the API counts {reply.total - read_of_it} more in a part than it sends in all"
