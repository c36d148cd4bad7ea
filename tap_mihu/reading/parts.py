"""Cutting: smaller windows made of a larger one, the whole only where that is sound."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tap_mihu.reading.cutting import cut
from tap_mihu.reading.windows import Window

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_mihu.reading.workers import Workers
    from tap_mihu.records.pages import DateRange, Page

    Question = tuple[DateRange, int]
    """Asks for page n of the contacts created within some dates."""

__all__ = ["CutError", "ask", "cut_whole", "cut_window"]

_LOOKS = 6


class CutError(Exception):
    """The whole cannot be cut soundly; the text says why."""


def ask(
    workers: Workers[Window, Page],
    fetch: Callable[[DateRange, int], Page],
    questions: list[Question],
) -> list[Page]:
    """Ask side by side, outside of any window, while nothing else is under way."""
    keys = [Window(dates) for dates, _ in questions]
    for key, (dates, number) in zip(keys, questions, strict=True):
        workers.submit(key, partial(fetch, dates, number))
    answers = dict(workers.result() for _ in keys)
    return [answers[key] for key in keys]


def cut_window(window: Window, pieces: int, now: datetime) -> list[Window]:
    """Cut a window into so many at the most; `can_cut` holds."""
    return [Window(dates, window.seen) for dates in cut(window.dates, pieces, window.seen, now)]


def cut_whole(
    whole: Window, first: Page, asking: Callable[[list[Question]], list[Page]]
) -> list[tuple[Window, Page]]:
    """Cut the whole in two, if its parts add up to it; give each with its page 1.

    If they do not, the server ignores dates, or some contacts have no creation date. As
    contacts come and go meanwhile, the parts are asked for before and after the whole: where
    none has shrunk, no contact that died can stand for one that has no date.

    Args:
        whole: What to cut; `can_cut` holds.
        first: Its page 1.
        asking: Gives the answers to questions.

    Raises:
        CutError: They do not.
    """
    whole.see(first.rows)
    parts = cut_window(whole, 2, first.served_at)
    questions = [(part.dates, 1) for part in parts]
    last, *before = asking([(whole.dates, first.last_page), *questions])
    whole.see(last.rows)
    if whole.undated:
        raise CutError("some contacts have no creation date")
    for part in parts:
        part.seen = whole.seen
    for _ in range(_LOOKS):
        (between,) = asking([(whole.dates, 1)])
        after = asking(questions)
        answers = list(zip(parts, before, after, strict=True))
        if not all(part.dates.admit(row) for part, _, answer in answers for row in answer.rows):
            raise CutError("the API does not keep to date_from and date_to")
        add_up = sum(answer.total for answer in before) == between.total
        if add_up and all(later.total >= earlier.total for _, earlier, later in answers):
            return list(zip(parts, after, strict=True))
        before = after
    raise CutError("its parts do not add up to the whole")
