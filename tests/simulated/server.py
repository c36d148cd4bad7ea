"""A contact server in memory whose data moves while it is read, by a clock of its own."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from operator import attrgetter
from random import Random
from typing import NamedTuple

from tap_mihu.records.pages import DateRange, Page, Row

NOON = datetime(2025, 6, 15, 12, tzinfo=UTC)
LONG_AGO = NOON.replace(year=2000)
DAY = timedelta(days=1)
SPAN = 150 * DAY
EVERYTHING = DateRange(None, None)


class Order(StrEnum):
    """How the server sorts what it pages through."""

    ID = "id"
    CREATED_NEWEST = "created newest"
    UPDATED_OLDEST = "updated oldest"
    UPDATED_NEWEST = "updated newest"
    UNSTABLE = "unstable"  # newest day of creation first, shuffled within a day at every request


class Shape(StrEnum):
    """How creation dates are spread before the scan begins."""

    EVEN = "even"
    GROWING = "growing"
    GAP = "gap"  # half of it ten years old
    IMPORT = "import"  # half of it on one day
    TIES = "ties"  # in runs of one creation time, each longer than a page
    OLD_DAY = "old day"
    TODAY = "today"
    UNDATED = "undated"  # a tenth has no creation date
    ONE_UNDATED = "one undated"


class Change(StrEnum):
    """What happens between two requests."""

    EDIT = "edit"
    INSERT = "insert"
    DELETE = "delete"
    SWAP = "swap"  # a delete and an insert at once, so that the total stays
    IMPORT = "import"  # a new contact with an old creation date
    STORM = "storm"  # an edit of every tenth contact


class Event(NamedTuple):
    """One change, and a number that decides whom it hits."""

    change: Change
    choice: int


class Trace(NamedTuple):
    """A contact that came or went just before the request of this number (from 0)."""

    before: int
    change: Change
    day: date | None


Changes = Callable[[int, Random], Iterable[Event]]


def churn(rates: Mapping[Change, float]) -> Changes:
    """Changes at random, so many of each kind per request on average."""

    def events(_request: int, rng: Random) -> Iterator[Event]:
        kinds = [kind for kind, rate in rates.items() for _ in range(_poisson(rate, rng))]
        rng.shuffle(kinds)
        for kind in kinds:
            yield Event(kind, rng.randrange(1 << 32))

    return events


def script(changes: Mapping[int, list[Event]]) -> Changes:
    """Changes laid down beforehand, by the number of the request that they precede."""
    return lambda request, _rng: changes.get(request, [])


def _poisson(mean: float, rng: Random) -> int:
    count, chance = 0, rng.random()
    while chance > math.exp(-mean):
        chance *= rng.random()
        count += 1
    return count


QUIET = script({})


@dataclass(eq=False, slots=True)
class Contact:
    """A contact as the server keeps it."""

    number: int
    place: int  # among the living
    uuid: str
    created: datetime | None
    day: date | None
    row: Row  # as it is now
    rank: int  # in the server's order, now


NEWEST_FIRST = {Order.CREATED_NEWEST, Order.UPDATED_NEWEST}
MASK = (1 << 32) - 1


@dataclass(eq=False, kw_only=True)
class SimulatedServer:
    """Answers `fetch` like the API; between any two answers the clock moves and data changes."""

    seed: int = 0
    size: int
    page_size: int = 10
    order: Order = Order.ID
    shape: Shape = Shape.EVEN
    changes: Changes = QUIET
    start: datetime = NOON
    step: float = 0.5  # seconds from one request to the next
    delay: float = 0  # seconds at most from a contact's creation time until it can be seen
    zone: timedelta = timedelta()  # of the days that date filters mean
    page_cap: int = 1000
    ignores_dates: bool = False
    miscounts: int = 0  # added to every total
    hides_pages: int = 0  # taken from every last page
    latency: float = 0  # real seconds at most that an answer is on its way, to let others overtake

    requests: list[tuple[DateRange, int]] = field(default_factory=list, init=False)
    traces: list[Trace] = field(default_factory=list, init=False)
    threads: set[threading.Thread] = field(default_factory=set, init=False)
    most_in_flight: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)
        self._turn = threading.Condition()
        self._in_flight = 0
        self._now = self.start
        self._living: list[Contact] = []
        self._by_day: dict[date | None, dict[int, Contact]] = {}
        self._born = 0
        for created in sorted(self._creation_times(), key=lambda moment: moment or self.start):
            age = self.start - (created or self.start - SPAN)
            self._add(created, self.start - age * self._rng.random())
        self._at_first = {contact.uuid: contact for contact in self._living}

    # What a reader sees.

    def fetch(self, dates: DateRange, number: int) -> Page:
        with self._turn:
            self.threads.add(threading.current_thread())
            self._in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self._in_flight)
            page = self._answer(dates, number)
            if self.latency:
                self._turn.wait(self.latency * self._rng.random())
            self._in_flight -= 1
        return page

    def _answer(self, dates: DateRange, number: int) -> Page:
        if self.requests:
            self.pass_time()
        self.requests.append((dates, number))
        found = self._select(dates)
        size = self._per_page
        if self.order is Order.UNSTABLE:
            salt = self._rng.getrandbits(32) | 1
            found.sort(key=lambda contact: -contact.rank << 32 | contact.number * salt & MASK)
        else:
            found.sort(key=attrgetter("rank"), reverse=self.order in NEWEST_FIRST)
        return Page(
            number=number,
            rows=[contact.row for contact in found[(number - 1) * size : number * size]],
            total=len(found) + self.miscounts,
            last_page=max(1, math.ceil(len(found) / size) - self.hides_pages),
            served_at=self._now.replace(microsecond=0),
        )

    def _select(self, dates: DateRange) -> list[Contact]:
        if self.ignores_dates or dates == EVERYTHING:
            return self._living.copy()
        return [
            contact
            for day, contacts in self._by_day.items()
            if includes(dates, day)
            for contact in contacts.values()
        ]

    # What a test sees.

    def throughout(self, within: DateRange = EVERYTHING) -> set[str]:
        """The contacts in these dates that were there from the start and still are."""
        there = {contact.uuid for contact in self._select(within)}
        return there & self._at_first.keys()

    def day_of(self, uuid: str) -> date | None:
        """The day of creation of a contact that was there from the start."""
        return self._at_first[uuid].day

    def pages(self, within: DateRange = EVERYTHING) -> int:
        """How many pages a plain walk has, now."""
        return max(1, math.ceil(len(self._select(within)) / self._per_page))

    @property
    def _per_page(self) -> int:
        return min(self.page_size, self.page_cap)

    # What happens meanwhile.

    def pass_time(self) -> None:
        """Let one step of time pass, with its changes."""
        before = self._now
        self._now += timedelta(seconds=self.step)
        for event in self.changes(len(self.requests), self._rng):
            self._apply(event, before + (self._now - before) * self._rng.random())

    def _apply(self, event: Event, moment: datetime) -> None:
        match event.change:
            case Change.EDIT:
                self._edit(event.choice, moment)
            case Change.STORM:
                for contact in self._living[event.choice % 10 :: 10]:
                    self._touch(contact, moment)
            case Change.DELETE:
                self._delete(event.choice)
            case Change.INSERT:
                self._insert(moment)
            case Change.SWAP:
                self._delete(event.choice)
                self._insert(moment)
            case Change.IMPORT:
                old = self.start - 3 * DAY - (event.choice % SPAN.days) * DAY
                self._trace(Change.IMPORT, self._add(old, moment))

    def _edit(self, choice: int, moment: datetime) -> None:
        if self._living:
            self._touch(self._living[choice % len(self._living)], moment)

    def _touch(self, contact: Contact, moment: datetime) -> None:
        contact.row = _row(contact.uuid, contact.created, moment)
        contact.rank = self._rank(contact.number, contact.created, contact.day, moment)

    def _insert(self, moment: datetime) -> None:
        late = timedelta(seconds=self.delay * self._rng.random())
        self._trace(Change.INSERT, self._add(moment - late, moment))

    def _add(self, created: datetime | None, updated: datetime) -> Contact:
        self._born += 1
        uuid = f"contact-{self._born}"
        day = created and (created + self.zone).date()
        contact = Contact(
            number=self._born,
            place=len(self._living),
            uuid=uuid,
            created=created,
            day=day,
            row=_row(uuid, created, updated),
            rank=self._rank(self._born, created, day, updated),
        )
        self._living.append(contact)
        self._by_day.setdefault(day, {})[contact.number] = contact
        return contact

    def _rank(
        self, number: int, created: datetime | None, day: date | None, updated: datetime
    ) -> int:
        """Sort, as databases do, what has no creation date before what has one."""
        match self.order:
            case Order.ID:
                return number
            case Order.CREATED_NEWEST:
                return _microseconds(created) << 20 | number if created else number
            case Order.UPDATED_OLDEST | Order.UPDATED_NEWEST:
                return _microseconds(updated) << 20 | number
            case Order.UNSTABLE:
                return day.toordinal() if day else 0

    def _delete(self, choice: int) -> None:
        if not self._living:
            return
        gone = self._living[choice % len(self._living)]
        last = self._living.pop()
        if last is not gone:
            self._living[gone.place] = last
            last.place = gone.place
        del self._by_day[gone.day][gone.number]
        self._trace(Change.DELETE, gone)

    def _trace(self, change: Change, contact: Contact) -> None:
        self.traces.append(Trace(len(self.requests), change, contact.day))

    # What was there before.

    def _creation_times(self) -> Sequence[datetime | None]:
        rng, recent = self._rng, self.start - timedelta(minutes=1)
        midnight = datetime.combine((self.start + self.zone).date(), datetime.min.time(), UTC)
        today = midnight - self.zone
        spread = [recent - SPAN * rng.random() for _ in range(self.size)]
        half = self.size // 2
        times: Sequence[datetime | None]
        match self.shape:
            case Shape.EVEN:
                times = spread
            case Shape.GROWING:
                times = [recent - SPAN * (1 - math.sqrt(rng.random())) for _ in spread]
            case Shape.GAP:
                times = [moment - 3650 * DAY for moment in spread[:half]] + spread[half:]
            case Shape.IMPORT:
                times = [self._within(today - 40 * DAY) for _ in range(half)] + spread[half:]
            case Shape.TIES:
                run = 2 * self.page_size + 1
                times = [spread[place - place % run] for place in range(self.size)]
            case Shape.OLD_DAY:
                times = [self._within(today - 40 * DAY) for _ in spread]
            case Shape.TODAY:
                times = [today + (recent - today) * rng.random() for _ in spread]
            case Shape.UNDATED:
                times = [None if rng.random() < 0.1 else moment for moment in spread]
            case Shape.ONE_UNDATED:
                times = [None, *spread[1:]]
        return times

    def _within(self, midnight: datetime) -> datetime:
        return midnight + DAY * self._rng.random()


def includes(dates: DateRange, day: date | None) -> bool:
    """Whether a contact of that day is selected: none without a date, as in SQL, by any bound."""
    if day is None:
        return dates == EVERYTHING
    return (dates.first is None or dates.first <= day) and (dates.last is None or day <= dates.last)


def _row(uuid: str, created: datetime | None, updated: datetime) -> Row:
    created_at = _canonical(created) if created else None
    return Row(uuid, created_at, _canonical(updated), uuid)


def _microseconds(moment: datetime) -> int:
    return (moment - LONG_AGO) // timedelta(microseconds=1)


def _canonical(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
