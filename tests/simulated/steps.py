"""Drives the steps of the reading core by hand, against a listing of a few contacts."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import partial
from math import ceil
from typing import TypeVar

from tap_mihu.errors import RefusedError
from tap_mihu.reading.questions import Answered, Question, Reply, Steps
from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text
from tests.sandbox.clock import NOON

TODAY = NOON.date()
_LONG_BEFORE = -3 * 3600
_Result = TypeVar("_Result")

Happening = Callable[["Listing"], None]
"""What happens to a listing before a request."""


def drive(
    steps: Steps[_Result], reply: Callable[[Question], Reply]
) -> tuple[_Result, list[Question]]:
    """Ask what the steps want to know, one question after the other, and no more than that.

    Returns:
        What they come to, and what was asked.
    """
    asked: list[Question] = []
    answered: Answered | None = None
    while True:
        try:
            batch = next(steps) if answered is None else steps.send(answered)
        except StopIteration as stop:
            result: _Result = stop.value
            return result, asked
        answered = []
        for question in batch.questions:
            asked.append(question)
            answered.append((question, reply(question)))
            if isinstance(said := answered[-1][1], Page) and batch.enough(said):
                break


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
    before: Mapping[int, Happening] = field(default_factory=dict)
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


def contacts(*ago: int | None) -> dict[str, date | None]:
    """Return contacts created so many days ago; None for one without date."""
    return {f"c{n}": None if days is None else days_ago(days) for n, days in enumerate(ago)}


def kill(*uuids: str) -> Happening:
    """Let these die."""

    def kill_them(server: Listing) -> None:
        for uuid in uuids:
            server.kill(uuid)

    return kill_them


def kill_one(day: date) -> Happening:
    """Let one of a day die, another each time."""
    return lambda server: server.kill(
        next((one for one in server.days if server.days[one] == day), "")
    )


def bear(ago: int, number: int = 1) -> Happening:
    """Let so many be created, so many days ago."""

    def bear_them(server: Listing) -> None:
        for _ in range(number):
            server.bear(days_ago(ago))

    return bear_them


def together(events: Iterable[tuple[int, Happening]]) -> dict[int, Happening]:
    """Return what happens before which request."""
    by_number: dict[int, list[Happening]] = {}
    for number, happening in events:
        by_number.setdefault(number, []).append(happening)

    def happen(happenings: list[Happening], server: Listing) -> None:
        for one in happenings:
            one(server)

    return {number: partial(happen, ones) for number, ones in by_number.items()}


def page(number: int, contacts: str, total: int, seconds: int = 0, *, last_page: int = 2) -> Page:
    """Return a response of so many seconds after noon.

    Args:
        number: Its number.
        contacts: Names, each with the seconds from noon to its creation; hours before by default.
        total: How many contacts it counts.
        seconds: When it is served.
        last_page: How many pages it tells of.
    """
    rows = []
    for contact in contacts.split():
        name, offset = contact[:1], int(contact[1:] or _LONG_BEFORE)
        rows.append(row(name, NOON + timedelta(seconds=offset)))
    return Page(number, rows, total, last_page, NOON + timedelta(seconds=seconds))
