"""Drives the steps of the reading core by hand, against a listing of a few contacts."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, TypeVar

from tap_mihu.errors import RefusedError
from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text
from tests.sandbox.clock import NOON

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_mihu.reading.questions import Question, Reply, Steps

TODAY = NOON.date()
_Result = TypeVar("_Result")


def drive(
    steps: Steps[_Result], reply: Callable[[Question], Reply]
) -> tuple[_Result, list[Question]]:
    """Ask what the steps want to know, one question after the other, and no more than that.

    Returns:
        What they come to, and what was asked.
    """
    asked: list[Question] = []
    try:
        batch = next(steps)
        while True:
            answered = []
            for question in batch.questions:
                asked.append(question)
                answered.append((question, reply(question)))
                if isinstance(page := answered[-1][1], Page) and batch.enough(page):
                    break
            batch = steps.send(answered)
    except StopIteration as stop:
        result: _Result = stop.value
        return result, asked


def days_ago(days: int) -> date:
    """Return the day so many days before today."""
    return TODAY - timedelta(days=days)


def row(uuid: str, created: datetime | date | None) -> Row:
    """Return a contact that is created at a moment, or at noon of a day."""
    if created is not None and not isinstance(created, datetime):
        created = datetime.combine(created, NOON.timetz())
    text = None if created is None else to_text(created)
    return Row(uuid, text, text, uuid)


@dataclass
class Listing:
    """A server of a few contacts, to each of which a day belongs; None where it has none."""

    days: dict[str, date | None]
    before: Mapping[int, Callable[[Listing], None]] = field(default_factory=dict)
    """What happens before the request of a number, from 1."""
    page_size: int = 100
    obeys_larger: bool = True
    most_counted: int | None = None
    """Where it stops to count."""
    to_earlier: int = 0
    """How many days before `date_to` its dates end."""
    from_earlier: int = 0
    """How many days before `date_from` its dates begin."""
    refuses: Callable[[Question], bool] = lambda _question: False
    asked: int = 0
    now: datetime = NOON

    def reply(self, question: Question) -> Reply:
        """Return a page in order of names, or a refusal."""
        self.asked += 1
        self.before.get(self.asked, _nothing)(self)
        if self.refuses(question):
            return RefusedError("this is refused")
        selected = sorted(self.selected(question.dates))
        size = question.per_page if question.per_page and self.obeys_larger else self.page_size
        start = size * (question.number - 1)
        total = self.count(question.dates)
        rows = [row(uuid, self.days[uuid]) for uuid in selected[start : start + size]]
        return Page(question.number, rows, total, max(1, ceil(total / size)), self.now)

    def selected(self, dates: DateRange) -> list[str]:
        """Return who is created within dates, as the server takes them."""
        if dates == DateRange():
            return [*self.days]
        first = dates.first and dates.first - timedelta(days=self.from_earlier)
        last = dates.last and dates.last - timedelta(days=self.to_earlier)
        return [
            uuid
            for uuid, day in self.days.items()
            if day is not None and (first or date.min) <= day <= (last or date.max)
        ]

    def count(self, dates: DateRange) -> int:
        """Return how many are counted within dates."""
        total = len(self.selected(dates))
        return total if self.most_counted is None else min(total, self.most_counted)

    def bear(self, day: date) -> None:
        """Add a contact."""
        self.days[f"born {len(self.days)} before {self.asked}"] = day

    def kill(self, uuid: str) -> None:
        """Take a contact away."""
        self.days.pop(uuid, None)


def _nothing(_listing: Listing) -> None:
    pass
