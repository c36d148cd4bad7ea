"""What each filter of the API selects."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID
from zlib import crc32

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.sandbox.workspace import Row


def _group(kind: int, size: int) -> tuple[str, ...]:
    return tuple(str(UUID(int=kind << 112 | number, version=4)) for number in range(1, size + 1))


STAGES = _group(0x57A6, 4)
POOLS = _group(0xB001, 3)
CAMPAIGNS = _group(0xCA3B, 2)


def _member(groups: tuple[str, ...]) -> Callable[[Row, str], bool]:
    # A contact's place follows from its uuid, so that it needs no storage and never changes.
    def accepts(row: Row, uuid: str) -> bool:
        return groups[crc32(str(row.contact.get("uuid")).encode()) % len(groups)] == uuid.lower()

    return accepts


def _found(row: Row, text: str) -> bool:
    fields = (row.contact.get(key) for key in ("name", "surname", "email", "phone_number"))
    return any(text.casefold() in str(field).casefold() for field in fields if field is not None)


def _same(key: str) -> Callable[[Row, str], bool]:
    return lambda row, value: str(row.contact.get(key)).casefold() == value.casefold()


def _tagged(row: Row, uuid: str) -> bool:
    return any(tag.get("uuid") == uuid.lower() for tag in row.contact.get("tags") or ())


FILTERS: dict[str, Callable[[Row, str], bool]] = {
    "search": _found,
    "status": _same("status"),
    "contact_channel": _same("preferred_contact_channel"),
    "stage_uuid": _member(STAGES),
    "campaign_uuid": _member(CAMPAIGNS),
    "tag_uuid": _tagged,
    "pool_uuid": _member(POOLS),
    "date_from": lambda row, day: row.day >= day if row.day else False,
    "date_to": lambda row, day: row.day <= day if row.day else False,
}
