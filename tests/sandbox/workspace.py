"""A workspace: contacts that are created, edited and deleted while somebody reads them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import groupby
from operator import attrgetter
from random import Random
from threading import RLock
from typing import Any, Literal

from tests.sandbox.clock import Clock
from tests.sandbox.data import (
    NAMES,
    STANDARD_FIELDS,
    Contact,
    TimestampForm,
    format_timestamp,
    make_contact,
)
from tests.sandbox.filters import FILTERS
from tests.sandbox.further import Listings, further

Order = Literal["id", "created_desc", "updated_asc", "updated_desc", "unstable"]

_NEVER = datetime.min.replace(tzinfo=UTC)


class Row:
    """A contact in the table, with what it is sorted by."""

    def __init__(self, row_id: int, contact: Contact) -> None:
        self.id = row_id
        self.contact = contact
        self.index()

    def index(self) -> None:
        """Understand the contact's timestamps, after it was changed."""
        created = _moment(self.contact.get("created_at"))
        updated = _moment(self.contact.get("updated_at"))
        # Floats and tuples, because sorting compares these fastest.
        self.by_created = (created.timestamp(), self.id)
        self.by_updated = (updated.timestamp(), self.id)
        self.created_second = created.timestamp() // 1
        self.day: str = "" if created is _NEVER else created.date().isoformat()


_SORTED_BY: dict[Order, tuple[Callable[[Row], Any], bool]] = {
    "id": (attrgetter("id"), False),
    "created_desc": (attrgetter("by_created"), True),
    "updated_asc": (attrgetter("by_updated"), False),
    "updated_desc": (attrgetter("by_updated"), True),
    "unstable": (attrgetter("created_second"), True),
}


def _moment(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _NEVER


def _ties(rows: Sequence[Row]) -> list[slice]:
    """Find the neighbours created in the same second."""
    ties = []
    end = 0
    for _, group in groupby(rows, key=attrgetter("created_second")):
        start, end = end, end + sum(1 for _ in group)
        if end - start > 1:
            ties.append(slice(start, end))
    return ties


class Workspace:
    """Contacts in the server's order, safe to read and to change from any thread.

    `order` "unstable" is newest first by whole seconds, ties in another order for each request.
    `active` custom fields are the only ones sent; by default all that the contacts have.
    `listings` are the other ones, by path; by default they are made up.
    """

    def __init__(
        self,
        contacts: Iterable[Contact] = (),
        *,
        order: Order = "id",
        active: Iterable[str] | None = None,
        listings: Listings | None = None,
        timestamps: TimestampForm = "microseconds",
        clock: Clock | None = None,
        seed: int = 0,
    ) -> None:
        self.lock = RLock()
        self.clock = clock or Clock()
        self.order: Order = order
        self._timestamps = timestamps
        # Another sequence than the contacts', or inserted ones would repeat their uuids.
        self._rng = Random(f"workspace {seed}")
        self._rows = [Row(number, dict(contact)) for number, contact in enumerate(contacts)]
        self._listings = listings
        self._next_id = len(self._rows)
        self._by_uuid = {str(row.contact.get("uuid")): row for row in self._rows}
        self._selected: dict[frozenset[tuple[str, str]], tuple[list[Row], list[slice]]] = {}
        if active is None:
            keys = dict.fromkeys(key for row in self._rows for key in row.contact)
            active = (key for key in keys if key not in STANDARD_FIELDS)
        self.active = tuple(active)

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
        """Give one contact as it would be sent now."""
        with self.lock:
            return self.as_sent(self._by_uuid[uuid].contact)

    def as_sent(self, contact: Contact) -> Contact:
        """Leave out inactive custom fields; an active one without a value is the empty text."""
        standard = {key: value for key, value in contact.items() if key in STANDARD_FIELDS}
        return standard | {key: contact.get(key, "") for key in self.active}

    def select(self, filters: Mapping[str, str]) -> Sequence[Row]:
        """Give the rows that all filters accept, in the server's order."""
        with self.lock:
            key = frozenset(filters.items())
            if key not in self._selected:
                rows = self._filtered(filters)
                self._selected[key] = rows, _ties(rows) if self.order == "unstable" else []
            rows, ties = self._selected[key]
            if ties:
                rows = rows.copy()
            for tie in ties:
                group = rows[tie]
                self._rng.shuffle(group)
                rows[tie] = group
            return rows

    def edit(self, uuid: str, /, *, touch: bool = True, **fields: Any) -> None:  # noqa: ANN401
        """Change a contact; `updated_at` becomes now, unless told or not touched."""
        with self.lock:
            row = self._by_uuid[uuid]
            if touch:
                fields.setdefault("updated_at", self.clock.now())
            row.contact.update({key: self._stored(value) for key, value in fields.items()})
            row.index()
            self._selected.clear()

    def insert(
        self, contact: Mapping[str, Any] | None = None, *, created_at: datetime | None = None
    ) -> str:
        """Add a contact created now, or backdated; what `contact` does not say is made up."""
        with self.lock:
            given = dict(contact or {}) | ({"created_at": created_at} if created_at else {})
            now = self.clock.now()
            made = make_contact(
                self._rng,
                now,
                now,
                custom_fields=self.active,
                timestamps=self._timestamps,
            )
            made |= {key: self._stored(value) for key, value in given.items()}
            row = Row(self._next_id, made)
            self._next_id += 1
            self._rows.append(row)
            uuid = str(made["uuid"])
            self._by_uuid[uuid] = row
            self._selected.clear()
            return uuid

    def delete(self, uuid: str) -> None:
        """Remove a contact without a trace."""
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
            self.edit(uuid, name=rng.choice(NAMES))
        return uuids

    def delete_some(self, rng: Random, count: int = 1) -> list[str]:
        """Delete some contacts."""
        uuids = self.pick(rng, count)
        for uuid in uuids:
            self.delete(uuid)
        return uuids

    def _stored(self, value: Any) -> Any:  # noqa: ANN401 - any JSON
        return format_timestamp(value, self._timestamps) if isinstance(value, datetime) else value

    def _filtered(self, filters: Mapping[str, str]) -> list[Row]:
        if not self._selected:
            # Kept in order between changes, so that sorting again is nearly free.
            sort_key, reverse = _SORTED_BY[self.order]
            self._rows.sort(key=sort_key, reverse=reverse)
        rows = self._rows.copy()
        for name, value in filters.items():
            accepts = FILTERS[name]
            rows = [row for row in rows if accepts(row, value)]
        return rows
