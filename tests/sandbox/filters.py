"""A row of the table of contacts, and which rows each filter of the API selects."""

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID
from zlib import crc32

from tests.sandbox.data import Contact

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
        self.day = "" if created is _NEVER else created.date().isoformat()


def _moment(text: object) -> datetime:
    try:
        at = datetime.fromisoformat(str(text))
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return _NEVER


Filter = Callable[[Row, str], bool]


def _group(kind: int, size: int) -> tuple[str, ...]:
    return tuple(str(UUID(int=kind << 112 | number, version=4)) for number in range(1, size + 1))


STAGES = _group(0x57A6, 4)
POOLS = _group(0xB001, 3)
CAMPAIGNS = _group(0xCA3B, 2)


def _member(groups: tuple[str, ...]) -> Filter:
    # A contact's place follows from its uuid, so that it needs no storage and never changes.
    def accepts(row: Row, uuid: str) -> bool:
        return groups[crc32(str(row.contact.get("uuid")).encode()) % len(groups)] == uuid.lower()

    return accepts


def _found(row: Row, text: str) -> bool:
    fields = (row.contact.get(key) for key in ("name", "surname", "email", "phone_number"))
    return any(text.casefold() in str(field).casefold() for field in fields if field is not None)


def _same(key: str) -> Filter:
    return lambda row, value: str(row.contact.get(key)).casefold() == value.casefold()


def _tagged(row: Row, uuid: str) -> bool:
    return any(tag.get("uuid") == uuid.lower() for tag in row.contact.get("tags") or ())


FILTERS: dict[str, Filter] = {
    "search": _found,
    "status": _same("status"),
    "contact_channel": _same("preferred_contact_channel"),
    "stage_uuid": _member(STAGES),
    "campaign_uuid": _member(CAMPAIGNS),
    "tag_uuid": _tagged,
    "pool_uuid": _member(POOLS),
    "date_from": lambda row, day: row.day >= day,
    "date_to": lambda row, day: "" < row.day <= day,
}
