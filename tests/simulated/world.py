"""The contacts of a simulated server: they come, change and go, and the past is kept."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from operator import attrgetter
from random import Random
from typing import NamedTuple

from tap_mihu.records.pages import Row
from tap_mihu.records.timestamps import to_text
from tests.simulated.bounds import ALL, DAY_LONG, SECOND, SPAN, UNDATED, ZERO_DATE, is_dated, moment
from tests.simulated.oddities import KEYS, Oddities, Order

_KEY = attrgetter("key")
_MASK = (1 << 32) - 1


class Change(StrEnum):
    """What happens between two requests."""

    EDIT = "edit"
    INSERT = "insert"
    DELETE = "delete"
    SWAP = "swap"  # a delete and an insert at once, so that the total stays
    IMPORT = "import"  # a new contact with an old creation date
    STORM = "storm"  # an edit of every tenth contact
    GALE = "gale"  # an edit of three contacts in a hundred
    RECENT_EDIT = "recent edit"  # of one created yesterday or today
    RECENT_DELETE = "recent delete"
    JOIN = "join"  # an edit by which an older contact comes into what the filters select
    LEAVE = "leave"  # and one by which it goes
    REDATE = "redate"  # an edit of the creation date


class Event(NamedTuple):
    """One change, and a number that decides whom it hits."""

    change: Change
    choice: int


Changes = Callable[[int, Random, float], Iterable[Event]]
"""The events before the request of a number, while so many usual requests would take place."""


def churn(rates: Mapping[Change, float]) -> Changes:
    """Changes at random, so many of each kind per usual request on average."""

    def events(_request: int, rng: Random, steps: float) -> Iterator[Event]:
        kinds = [kind for kind, rate in rates.items() for _ in range(_poisson(rate * steps, rng))]
        rng.shuffle(kinds)
        for kind in kinds:
            yield Event(kind, rng.randrange(1 << 32))

    return events


def script(changes: Mapping[int, list[Event]]) -> Changes:
    """Changes laid down beforehand, by the number of the request that they precede."""
    return lambda request, _rng, _steps: changes.get(request, [])


QUIET = script({})


def _poisson(mean: float, rng: Random) -> int:
    count, chance = 0, rng.random()
    while chance > math.exp(-mean):
        chance *= rng.random()
        count += 1
    return count


@dataclass(slots=True, eq=False)
class Version:
    """A contact as it was from one change to the next."""

    number: int
    uuid: str
    created: int
    updated: int
    key: int  # its place in the server's order
    _row: Row | None = None

    @property
    def row(self) -> Row:
        """What the API shows of it."""
        if self._row is None:
            created = to_text(moment(self.created)) if is_dated(self.created) else None
            self._row = Row(self.uuid, created, to_text(moment(self.updated)), self.uuid)
        return self._row


class History:
    """All that changed, and the listings asked for so far, brought up to date when asked for."""

    def __init__(self, versions: Iterable[Version]) -> None:
        self.steps: list[tuple[int, Version | None, Version | None]] = []
        self._listings = {ALL: (sorted(versions, key=_KEY), 0)}

    def note(self, moment: int, removed: Version | None, added: Version | None) -> None:
        """Take a step: a contact came, went or changed; moments never fall."""
        self.steps.append((moment, removed, added))

    def listing(self, interval: range, moment: int | None = None) -> list[Version]:
        """Return the contacts of an interval in order, at a moment or until the next step."""
        if interval not in self._listings:
            versions = [one for one in self.listing(ALL) if one.created in interval]
            self._listings[interval] = versions, len(self.steps)
        versions, known = self._listings[interval]
        for _, removed, added in self.steps[known:]:
            _exchange(versions, interval, removed, added)
        self._listings[interval] = versions, len(self.steps)
        if moment is not None:
            versions = versions.copy()
            for then, removed, added in reversed(self.steps):
                if then <= moment:
                    break
                _exchange(versions, interval, added, removed)
        return versions


def _exchange(
    versions: list[Version], interval: range, removed: Version | None, added: Version | None
) -> None:
    if removed is not None and removed.created in interval:
        del versions[bisect_left(versions, removed.key, key=_KEY)]
    if added is not None and added.created in interval:
        insort(versions, added, key=_KEY)


def shuffled_slice(versions: list[Version], start: int, stop: int, salt: int) -> list[Version]:
    """Return versions[start:stop] as it would be with every day shuffled."""
    if not versions[start:stop]:
        return []
    first, last = versions[start].key >> 32, versions[min(stop, len(versions)) - 1].key >> 32
    begin = bisect_left(versions, first << 32, key=_KEY)
    end = bisect_left(versions, (last + 1) << 32, key=_KEY)
    days = versions[begin:end]
    days.sort(key=lambda one: (one.key >> 32, one.number * salt & _MASK))
    return days[start - begin : stop - begin]


@dataclass(eq=False, slots=True)
class Contact:
    """A contact as the server keeps it."""

    version: Version
    place: int = -1  # among the living; -1 where it is not one of them
    twin: Contact | None = None  # the same contact, once more in the listing


class World:
    """All contacts; at first those created at some times, and others that are not selected."""

    def __init__(
        self,
        rng: Random,
        order: Order,
        start: int,
        zone: int,
        odd: Oddities,
        times: list[int],
        outside: list[int],
    ) -> None:
        self.rng, self.odd, self.zone = rng, odd, zone
        self.start = self.now = start  # the moment of the change under way; it never falls
        self.history = History([])
        self.living: list[Contact] = []
        self.gone: set[str] = set()  # for a while at least
        self._key = KEYS[order]
        self._born = 0
        self._recent: list[Contact] = []
        drawn = times.copy()
        undated = rng.sample(range(len(drawn)), min(len(drawn), odd.undated + odd.zero_dated))
        for rank, place in enumerate(undated):
            drawn[place] = UNDATED if rank < odd.undated else ZERO_DATE
        if not odd.shuffled:
            drawn.sort()
        for created in drawn:
            self._join(self._old(created))
        for contact in self._some(odd.twice):
            one = contact.version
            contact.twin = self._make(one.created, one.updated, one.uuid)
            self._join(contact.twin)
        for contact in self._some(odd.namesakes):
            self._join(self._old(rng.choice(drawn), contact.version.uuid))
        self._outside = [self._old(created) for created in outside]
        soft_deleted = round(len(drawn) * odd.soft_deleted)
        self._soft_deleted = [rng.choice(drawn) for _ in range(soft_deleted)]
        self.at_first = {contact.version.uuid: contact for contact in self.living}
        self.poisoned = {contact.version.uuid for contact in self._some(odd.poisoned)}
        self.history = History(contact.version for contact in self.living)

    def _old(self, created: int, uuid: str | None = None) -> Contact:
        age = self.start - created if is_dated(created) else SPAN.days * DAY_LONG
        return self._make(created, self.start - int(age * self.rng.random()), uuid)

    def _some(self, count: int) -> list[Contact]:
        return self.rng.sample(self.living, min(len(self.living), count)) if count else []

    # What a server counts and shows.

    def soft_deleted(self, interval: range) -> int:
        """Return how many are counted in an interval, but never shown."""
        return sum(created in interval for created in self._soft_deleted)

    def hides(self, version: Version) -> bool:
        """Whether a contact is taken from the pages that would hold it."""
        return version.number * 7919 % 1000 < self.odd.hidden * 1000

    def day(self, version: Version) -> date | None:
        """Return its day of creation."""
        created = version.created
        return moment(created + self.zone).date() if is_dated(created) else None

    # What happens to them.

    def happen(self, event: Event, now: int) -> None:
        self.now = now
        _HAPPENINGS[event.change](self, event.choice)

    def pick(self, choice: int) -> list[Contact]:
        """Choose a living one, if there is any."""
        return [self.living[choice % len(self.living)]] if self.living else []

    def pick_recent(self, choice: int) -> list[Contact]:
        """Choose a living one of the last two days, if there is any."""
        recent = self._recent
        while recent:
            place = choice % len(recent)
            if recent[place].place >= 0:
                return [recent[place]]
            recent[place] = recent[-1]
            recent.pop()
        return []

    def edit(self, contacts: Iterable[Contact], created: int | None = None) -> None:
        """Edit contacts, maybe their creation date."""
        for contact in contacts:
            old = contact.version
            date = old.created if created is None else created
            contact.version = self._version(old.number, old.uuid, date, self.now)
            if contact.place >= 0:
                self.history.note(self.now, old, contact.version)
            if contact.twin is not None:
                self.edit([contact.twin], created)

    def redate(self, choice: int) -> None:
        days = 3 + choice // 7 % (SPAN.days - 3)
        self.edit(self.pick(choice), self.start - days * DAY_LONG)

    def insert(self, _choice: int = 0) -> None:
        created = self.now - int(self.odd.delay * SECOND * self.rng.random())
        for _ in range(self.odd.batch):
            self._join(self._make(created, created))

    def import_(self, choice: int) -> None:
        self._join(self._make(self.start - (3 + choice % SPAN.days) * DAY_LONG, self.now))

    def delete(self, contacts: Iterable[Contact]) -> None:
        """Delete contacts; where one stands twice, both."""
        for contact in contacts:
            self._leave(contact)
            if self.odd.soft_deleted:
                self._soft_deleted.append(contact.version.created)
            if contact.twin is not None and contact.twin.place >= 0:
                self._leave(contact.twin)

    def swap(self, choice: int) -> None:
        self.delete(self.pick(choice))
        self.insert()

    def come_in(self, choice: int) -> None:
        if self._outside:
            contact = self._outside.pop(choice % len(self._outside))
            self.edit([contact])
            self._join(contact)

    def go_out(self, choice: int) -> None:
        for contact in self.pick(choice):
            self._leave(contact)
            self._outside.append(contact)

    def _make(self, created: int, updated: int, uuid: str | None = None) -> Contact:
        self._born += 1
        return Contact(self._version(self._born, uuid or f"contact-{self._born}", created, updated))

    def _version(self, number: int, uuid: str, created: int, updated: int) -> Version:
        """As in databases, no creation date is before all others."""
        if self.odd.whole_seconds:
            updated -= updated % SECOND
            if is_dated(created):
                created -= created % SECOND
        local = ZERO_DATE if created == UNDATED else created + self.zone
        return Version(number, uuid, created, updated, self._key(number, local, updated))

    def _join(self, contact: Contact) -> None:
        contact.place = len(self.living)
        self.living.append(contact)
        if self.start - 2 * DAY_LONG < contact.version.created < UNDATED:
            self._recent.append(contact)
        self.history.note(self.now, None, contact.version)

    def _leave(self, contact: Contact) -> None:
        last = self.living.pop()
        if last is not contact:
            self.living[contact.place] = last
            last.place = contact.place
        contact.place = -1
        self.gone.add(contact.version.uuid)
        self.history.note(self.now, contact.version, None)


_HAPPENINGS: dict[Change, Callable[[World, int], None]] = {
    Change.EDIT: lambda world, choice: world.edit(world.pick(choice)),
    Change.INSERT: World.insert,
    Change.DELETE: lambda world, choice: world.delete(world.pick(choice)),
    Change.SWAP: World.swap,
    Change.IMPORT: World.import_,
    Change.STORM: lambda world, choice: world.edit(world.living[choice % 10 :: 10]),
    Change.GALE: lambda world, choice: world.edit(world.living[choice % 33 :: 33]),
    Change.RECENT_EDIT: lambda world, choice: world.edit(world.pick_recent(choice)),
    Change.RECENT_DELETE: lambda world, choice: world.delete(world.pick_recent(choice)),
    Change.JOIN: World.come_in,
    Change.LEAVE: World.go_out,
    Change.REDATE: World.redate,
}
