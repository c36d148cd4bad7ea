"""Drives the steps of the reading core by hand, against a listing of a few contacts."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil
from typing import TypeVar

from tap_mihu.errors import RefusedError
from tap_mihu.reading.questions import Answered, Question, Reply, Steps
from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text
from tests.sandbox.clock import NOON
from tests.simulated.bounds import includes

TODAY = NOON.date()
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
    before: Iterable[tuple[int, Happening]] = ()
    """What happens before the request of which number, from 1."""
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

    def reply(self, question: Question) -> Reply:
        """Return a page in order of names, or a refusal."""
        self.asked += 1
        for number, happening in self.before:
            if number == self.asked:
                happening(self)
        if self.refuses(question):
            return RefusedError("this is refused")
        selected = sorted(self.selected(question.dates))
        size = question.per_page if question.per_page and self.obeys_larger else self.page_size
        start = size * (question.number - 1)
        total = self.count(question.dates)
        rows = [row(uuid, self.days[uuid]) for uuid in selected[start : start + size]]
        return Page(question.number, rows, total, max(1, ceil(total / size)), NOON)

    def selected(self, dates: DateRange) -> list[str]:
        """Return who is created within dates, as the server takes them."""
        first = dates.first and dates.first - timedelta(days=self.from_earlier)
        last = dates.last and dates.last - timedelta(days=self.to_earlier)
        return [uuid for uuid, day in self.days.items() if includes(DateRange(first, last), day)]

    def count(self, dates: DateRange) -> int:
        """Return how many are counted within dates."""
        total = len(self.selected(dates))
        return total if self.most_counted is None else min(total, self.most_counted)


def contacts(*ago: int | None) -> dict[str, date | None]:
    """Return contacts created so many days ago; None for one without date."""
    return {f"c{n:02}": None if days is None else days_ago(days) for n, days in enumerate(ago)}


def kill(*numbers: int) -> Happening:
    """Let these die."""

    def kill_them(server: Listing) -> None:
        for number in numbers:
            server.days.pop(f"c{number:02}", None)

    return kill_them


def kill_one(ago: int) -> Happening:
    """Let one of a day die, another each time."""

    def kill_it(server: Listing) -> None:
        name = next((one for one, day in server.days.items() if day == days_ago(ago)), "")
        server.days.pop(name, None)

    return kill_it


def bear(ago: int, number: int = 1) -> Happening:
    """Let so many be created, so many days ago."""

    def bear_them(server: Listing) -> None:
        for _ in range(number):
            server.days[f"born {len(server.days)} before {server.asked}"] = days_ago(ago)

    return bear_them


def always(happening: Happening) -> list[tuple[int, Happening]]:
    """Let it happen before every request."""
    return [(number, happening) for number in range(1, 99)]


def pages(text: str) -> list[Page]:
    """Return responses of noon, such as "1 a b-30 /3, 2 c? /3".

    Each has its number, its contacts, and how many it counts. A contact has a letter, and the
    seconds from noon to its creation: by default a is created nine days ago, b eight, and so on;
    "?" is for one without a date.
    """
    responses = [response.split() for response in text.split(",")]
    last_page = max(int(number) for number, *_ in responses)
    return [
        Page(int(number), [_row(*one) for one in contacts], int(total[1:]), last_page, NOON)
        for number, *contacts, total in responses
    ]


def _row(name: str, *offset: str) -> Row:
    if not offset:
        return row(name, days_ago(ord("j") - ord(name)))
    if offset == ("?",):
        return row(name, None)
    return row(name, NOON + timedelta(seconds=int("".join(offset))))
