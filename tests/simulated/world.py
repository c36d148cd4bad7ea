"""The contacts of a simulated server: they come, change and go, and the past is kept."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from tests.simulated.bounds import Interval
from tests.simulated.changes import Change
from tests.simulated.history import History, Version
from tests.simulated.moments import DAY_LONG, SECOND, SPAN, ZERO_DATE, microseconds, moment
from tests.simulated.oddities import NOTHING_ODD, Oddities
from tests.simulated.orders import Order, sort_key

_SPAN = microseconds(SPAN)
_LATEST = 1 << 62


class Trace(NamedTuple):
    """A contact that came or went just before the request of this number (from 0)."""

    before: int
    change: Change
    day: date | None


@dataclass(eq=False, slots=True)
class Contact:
    """A contact as the server keeps it."""

    version: Version
    day: date | None
    place: int = -1  # among the living; -1 where it is not one of them
    twin: Contact | None = None  # the same contact, once more in the listing


@dataclass(eq=False)
class World:
    """All contacts; whoever changes them says at which moment."""

    rng: Random
    order: Order
    start: int
    zone: timedelta = timedelta()
    odd: Oddities = NOTHING_ODD
    history: History = field(default_factory=History, init=False)
    traces: list[Trace] = field(default_factory=list, init=False)
    at_first: dict[str, Contact] = field(default_factory=dict, init=False)
    gone: set[str] = field(default_factory=set, init=False)
    """Uuids that were missing for a while at least."""
    poisoned: set[str] = field(default_factory=set, init=False)
    living: list[Contact] = field(default_factory=list, init=False)
    outside: list[Contact] = field(default_factory=list, init=False)
    """Those that the filters do not select."""
    now: int = field(init=False)
    """The moment of the change under way; it never falls."""
    asked: int = field(default=0, init=False)
    """How many requests came so far."""
    _born: int = field(default=0, init=False)
    _recent: list[Contact] = field(default_factory=list, init=False)
    _soft_deleted: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.now = self.start

    # What was there before.

    def populate(self, times: Sequence[int | None], outside: Sequence[int | None]) -> None:
        """Begin with contacts created at these times, and with some that are not selected."""
        odd, rng = self.odd, self.rng
        self.now = ZERO_DATE  # they have been there for long
        drawn = list(times)
        undated = rng.sample(range(len(drawn)), min(len(drawn), odd.undated + odd.zero_dated))
        for rank, place in enumerate(undated):
            drawn[place] = None if rank < odd.undated else ZERO_DATE
        if not odd.shuffled:
            drawn.sort(key=lambda created: _LATEST if created is None else created)
        for created in drawn:
            self._begin_with(created)
        for contact in self._some(odd.twice):
            contact.twin = self.make(contact.version.created, contact.version.updated)
            contact.twin.version.uuid = contact.version.uuid
            self.join(contact.twin)
        for contact in self._some(odd.namesakes):
            self._begin_with(rng.choice(drawn)).version.uuid = contact.version.uuid
        self.outside += [self.make(created, self._once(created)) for created in outside]
        for _ in range(round(len(drawn) * odd.soft_deleted)):
            self._count_for_ever(rng.choice(drawn))
        self.at_first = {contact.version.uuid: contact for contact in self.living}
        self.poisoned = {contact.version.uuid for contact in self._some(odd.poisoned)}
        self.now = self.start

    def _begin_with(self, created: int | None) -> Contact:
        contact = self.make(created, self._once(created))
        self.join(contact)
        return contact

    def _once(self, created: int | None) -> int:
        """Draw when a contact was updated."""
        age = _SPAN if created is None or created == ZERO_DATE else self.start - created
        return self.start - int(age * self.rng.random())

    def _some(self, count: int) -> list[Contact]:
        return self.rng.sample(self.living, min(len(self.living), count)) if count else []

    # What a server counts and shows.

    def soft_deleted(self, interval: Interval) -> int:
        """Return how many are counted in an interval, but never shown."""
        gone = self._soft_deleted
        end = len(gone) if interval.upper is None else bisect_left(gone, interval.upper)
        return end - (0 if interval.lower is None else bisect_left(gone, interval.lower))

    def hides(self, version: Version) -> bool:
        """Whether a contact is taken from the pages that would hold it."""
        return version.number * 7919 % 1000 < self.odd.hidden * 1000

    # What can be done to contacts.

    def pick(self, choice: int) -> Contact | None:
        """Choose a living one."""
        return self.living[choice % len(self.living)] if self.living else None

    def pick_recent(self, choice: int) -> Contact | None:
        """Choose a living one of the last two days."""
        recent = self._recent
        while recent:
            place = choice % len(recent)
            if recent[place].place >= 0:
                return recent[place]
            recent[place] = recent[-1]
            recent.pop()
        return None

    def make(self, created: int | None, updated: int) -> Contact:
        """Make a contact that is not there yet."""
        self._born += 1
        version = self._version(self._born, f"contact-{self._born}", created, updated)
        day = None
        if version.created is not None and version.created != ZERO_DATE:
            day = (moment(version.created) + self.zone).date()
        return Contact(version, day)

    def join(self, contact: Contact) -> None:
        """Let a contact be there."""
        contact.place = len(self.living)
        self.living.append(contact)
        created = contact.version.created
        if created is not None and created > self.start - 2 * DAY_LONG:
            self._recent.append(contact)
        self.history.note(self.now, None, contact.version)

    def touch(self, contact: Contact, created: int | None = None) -> None:
        """Edit a contact, maybe its creation date."""
        old = contact.version
        if created is None:
            created = old.created
        contact.version = self._version(old.number, old.uuid, created, self.now)
        if contact.place >= 0:
            self.history.note(self.now, old, contact.version)
        if contact.twin is not None:
            self.touch(contact.twin, created)

    def leave(self, contact: Contact) -> None:
        """Let a contact not be there any more."""
        last = self.living.pop()
        if last is not contact:
            self.living[contact.place] = last
            last.place = contact.place
        contact.place = -1
        self.gone.add(contact.version.uuid)
        self.history.note(self.now, contact.version, None)

    def delete(self, contact: Contact) -> None:
        """Delete a contact; where it stands twice, both."""
        self.leave(contact)
        if self.odd.soft_deleted:
            self._count_for_ever(contact.version.created)
        if contact.twin is not None and contact.twin.place >= 0:
            self.leave(contact.twin)

    def trace(self, change: Change, contact: Contact) -> None:
        """Keep in mind that a contact came or went."""
        self.traces.append(Trace(self.asked, change, contact.day))

    def _count_for_ever(self, created: int | None) -> None:
        insort(self._soft_deleted, ZERO_DATE if created is None else created)

    def _version(self, number: int, uuid: str, created: int | None, updated: int) -> Version:
        if self.odd.whole_seconds:
            updated -= updated % SECOND
            if created is not None and created != ZERO_DATE:
                created -= created % SECOND
        key = sort_key(self.order, number, created, updated, microseconds(self.zone))
        return Version(number, uuid, created, updated, key)
