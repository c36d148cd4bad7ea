"""A workspace with every kind of value, and what a table should hold of it, target by target."""

# ruff: noqa: RUF001 - Turkish has a dotless i
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tests.e2e.expected import as_record
from tests.sandbox import Contact, Workspace, contacts

__all__ = ["CUSTOM_FIELDS", "as_row", "by_uuid", "varied_workspace"]

CUSTOM_FIELDS = ("customer_number", "remarks")

SPECIAL: tuple[Contact, ...] = (
    {"name": "İlayda Çağrı Iğdır", "surname": "ışık ğüşöç", "tags": [{"id": 7, "name": "müşteri"}]},
    {"name": "👩🏽\u200d🚀🇹🇷", "surname": "e\u0301", "remarks": "🎉 \\ \" ' \t\n"},
    {"name": "", "surname": None, "tags": None, "remarks": ""},
    {"email": "", "tags": [], "customer_number": None},
    {"tags": [{"uuid": "7a9c1e52-0b3d-4f68-9a21-000000000001", "name": "vip", "id": None}]},
    {"updated_at": "2025-03-30T02:30:00+03:00", "remarks": {"a": [1, None, {"b": "ü"}]}},
    {"updated_at": "2025-10-26 00:30:00", "remarks": ["x", 1.5], "customer_number": 42},
    {"updated_at": "2025-01-01T00:00:00Z", "remarks": False},
    {"updated_at": None, "phone_number": None},
)
"""What must arrive as it is; the rest of each contact is made up."""


def varied_workspace(size: int = 250) -> Workspace:
    """Fill a workspace with made-up contacts, and one for each special value."""
    workspace = Workspace(contacts(size, tags="mixed", custom_fields=CUSTOM_FIELDS))
    for contact in SPECIAL:
        workspace.insert(contact)
    return workspace


def as_row(contact: Contact) -> dict[str, Any]:
    """Say what a database's row should hold; its timestamps have no zone and mean UTC."""
    row = as_record(contact)
    for name in ("created_at", "updated_at"):
        if row[name] is not None:
            row[name] = datetime.fromisoformat(row[name]).replace(tzinfo=None)
    return row


def by_uuid(rows: Iterable[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Index rows by their key, which must not repeat; without the target's own columns."""
    listed = list(rows)
    indexed = {
        row["uuid"]: {name: row[name] for name in row if not name.startswith("_sdc_")}
        for row in listed
    }
    assert len(indexed) == len(listed)
    return indexed
