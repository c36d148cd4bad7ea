"""A workspace: contacts that are created, edited and deleted while somebody reads them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from operator import attrgetter
from random import Random
from threading import RLock
from typing import Any, Literal

from tests.sandbox import data
from tests.sandbox.clock import Clock
from tests.sandbox.data import Contact
from tests.sandbox.filters import FILTERS, Row
from tests.sandbox.further import Listings, further

Order = Literal["id", "created_desc", "updated_asc", "updated_desc", "unstable"]

_SORTED_BY: dict[Order, tuple[str, bool]] = {
    "id": ("id", False),
    "created_desc": ("by_created", True),
    "updated_asc": ("by_updated", False),
    "updated_desc": ("by_updated", True),
    "unstable": ("created_second", True),
}

_BACKDATED_DAYS = 300


def _stored(fields: Mapping[str, Any]) -> Contact:
    return {
        key: data.format_timestamp(at, "microseconds") if isinstance(at, datetime) else at
        for key, at in fields.items()
    }


class Workspace:
    """Contacts in the server's order, safe to read and to change from any thread.

    `order` "unstable" is newest first by whole seconds, ties in another order for each request.
    `active` custom fields are the only ones sent; at first all that the contacts have.
    `listings` are the other ones, by path; by default they are made up.
    """

    def __init__(
        self,
        contacts: Iterable[Contact] = (),
        *,
        order: Order = "id",
        listings: Listings | None = None,
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        self.lock = RLock()
        self.clock = clock or Clock()
        self.order: Order = order
        # Another sequence than the contacts', or inserted ones would repeat their uuids.
        self._rng = Random(f"workspace {seed}")
        self._rows = [Row(number, dict(contact)) for number, contact in enumerate(contacts)]
        self._listings = listings
        self._next_id = len(self._rows)
        self._by_uuid = {str(row.contact.get("uuid")): row for row in self._rows}
        self._selected: dict[frozenset[tuple[str, str]], list[Row]] = {}
        keys = dict.fromkeys(key for row in self._rows for key in row.contact)
        self.active = tuple(key for key in keys if key not in data.STANDARD_FIELDS)

    @property
    def listings(self) -> Listings:
        """The other listings, by path; to be changed under the lock."""
        with self.lock:
            if self._listings is None:
                self._listings = further(self.contacts(), until=self.clock.now())
            return self._listings

    def contacts(self) -> list[Contact]:
        """Give all contacts as they would be sent now, in order of creation in the table."""
        with self.lock:
            return [self.as_sent(row.contact) for row in sorted(self._rows, key=attrgetter("id"))]

    def get(self, uuid: str) -> Contact:
        with self.lock:
            return self.as_sent(self._by_uuid[uuid].contact)

    def as_sent(self, contact: Contact) -> Contact:
        """Leave out inactive custom fields; an active one without a value is the empty text."""
        standard = {key: value for key, value in contact.items() if key in data.STANDARD_FIELDS}
        return standard | {key: contact.get(key, "") for key in self.active}

    def select(self, filters: Mapping[str, str]) -> Sequence[Row]:
        """Give the rows that all filters accept, in the server's order."""
        with self.lock:
            if not self._selected:
                # Kept in order between changes, so that sorting again is nearly free.
                key, reverse = _SORTED_BY[self.order]
                self._rows.sort(key=attrgetter(key), reverse=reverse)
            wanted = frozenset(filters.items())
            if wanted not in self._selected:
                rows = self._rows.copy()
                for name, value in filters.items():
                    rows = [row for row in rows if FILTERS[name](row, value)]
                self._selected[wanted] = rows
            rows = self._selected[wanted]
            return rows if self.order != "unstable" else self._shuffled(rows)

    def _shuffled(self, rows: Iterable[Row]) -> list[Row]:
        shuffled: list[Row] = []
        for _, ties in groupby(rows, key=attrgetter("created_second")):
            group = list(ties)
            if len(group) > 1:
                self._rng.shuffle(group)
            shuffled += group
        return shuffled

    def edit(self, uuid: str, /, *, touch: bool = True, **fields: Any) -> None:
        """Change a contact; `updated_at` becomes now, unless told or not touched."""
        with self.lock:
            row = self._by_uuid[uuid]
            if touch:
                fields.setdefault("updated_at", self.clock.now())
            row.contact.update(_stored(fields))
            row.index()
            self._selected.clear()

    def insert(
        self, contact: Mapping[str, Any] | None = None, *, created_at: datetime | None = None
    ) -> str:
        """Add a contact created now, or backdated; what `contact` does not say is made up."""
        with self.lock:
            given = dict(contact or {}) | ({"created_at": created_at} if created_at else {})
            now = self.clock.now()
            made = data.make_contact(self._rng, now, now, custom_fields=self.active)
            row = Row(self._next_id, made | _stored(given))
            self._next_id += 1
            self._rows.append(row)
            uuid = str(row.contact["uuid"])
            self._by_uuid[uuid] = row
            self._selected.clear()
            return uuid

    def delete(self, uuid: str) -> None:
        with self.lock:
            self._rows.remove(self._by_uuid.pop(uuid))
            self._selected.clear()

    def pick(self, rng: Random, count: int = 1) -> list[str]:
        """Choose some contacts, or all when there are fewer."""
        with self.lock:
            uuids = list(self._by_uuid)
            return rng.sample(uuids, min(count, len(uuids)))

    def edit_some(self, rng: Random, count: int = 1) -> list[str]:
        """Give some contacts another name."""
        uuids = self.pick(rng, count)
        for uuid in uuids:
            self.edit(uuid, name=rng.choice(data.NAMES))
        return uuids

    def delete_some(self, rng: Random, count: int = 1) -> list[str]:
        uuids = self.pick(rng, count)
        for uuid in uuids:
            self.delete(uuid)
        return uuids


@dataclass
class Churn:
    """Apply, on average, so many changes before each request: a hook for `before_request`.

    A `swap` deletes one contact and creates another, so that totals stay. A `backdated` contact
    is created as if within the last 300 days.
    """

    edits: float = 1.0
    inserts: float = 0.2
    deletes: float = 0.05
    swap: float = 0.0
    backdated: float = 0.0
    seed: int = 0
    _rng: Random = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._rng = Random(self.seed)

    def __call__(self, request_number: int, workspace: Workspace) -> None:
        swaps = self._often(self.swap)
        workspace.edit_some(self._rng, self._often(self.edits))
        workspace.delete_some(self._rng, self._often(self.deletes) + swaps)
        for _ in range(self._often(self.inserts) + swaps):
            workspace.insert()
        for _ in range(self._often(self.backdated)):
            age = timedelta(days=self._rng.random() * _BACKDATED_DAYS)
            workspace.insert(created_at=workspace.clock.now() - age)

    def _often(self, average: float) -> int:
        return int(average) + (self._rng.random() < average % 1)
