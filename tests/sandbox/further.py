"""Made-up records of the other listings: pools and who is in them, rules, conversations, …"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from tests.sandbox.data import NAMES, Contact, format_timestamp

Record = dict[str, Any]
Listings = dict[str, list[Record]]
"""Records by the path of their listing; those of a pool have one of their own."""

_COUNTS = {"pools": 3, "rules": 4, "conversations": 25, "campaigns": 2, "tasks": 12, "calls": 15}


def below(pool_uuid: str) -> str:
    """Give the path of the contacts of a pool."""
    return f"pools/{pool_uuid}/contacts"


def further(
    contacts: Sequence[Contact] = (), *, seed: int = 0, until: datetime | None = None, **counts: int
) -> Listings:
    """Make up all other listings, oldest first; a third of the contacts is in each pool."""
    rng = Random(f"further {seed}")
    until = until or datetime.now(UTC)
    listings: Listings = {}
    for path, usual in _COUNTS.items():
        ages = sorted((rng.random() for _ in range(counts.get(path, usual))), reverse=True)
        times = [until - timedelta(days=200 * age) for age in ages]
        listings[path] = [make_record(path, rng, at, contacts) for at in times]
    for number, pool in enumerate(listings["pools"]):
        members = contacts[number::3]
        listings[below(pool["uuid"])] = [make_entry(rng, one, until) for one in members]
        pool["contacts_count"] = len(members)
    return listings


def make_record(path: str, rng: Random, at: datetime, contacts: Sequence[Contact] = ()) -> Record:
    """Make up a record of a listing, created and last changed at a moment."""
    moment = format_timestamp(at, "microseconds")
    record = {"uuid": _uuid(rng), **_RECORDS[path](rng, moment, contacts)}
    return record | {"created_at": moment, "updated_at": moment}


def make_entry(rng: Random, contact: Contact, at: datetime) -> Record:
    """Put a contact into a pool, at a moment or up to a month before."""
    added = at - timedelta(days=30 * rng.random())
    return {
        "contact_uuid": contact["uuid"],
        **{name: contact[name] for name in ("name", "phone_number", "email")},
        "status": rng.choice(("Pending", "In_Call", "Completed")),
        "priority": rng.randrange(10),
        "retry_count": 0,
        **dict.fromkeys(("started_at", "completed_at", "failed_at", "next_retry_at")),
        "notes": rng.choice((None, "ruft zurück", "later, please")),
        "added_at": format_timestamp(added, "microseconds"),
        "wave": rng.randrange(3),
    }


def ordered(records: list[Record], asked: Mapping[str, str]) -> list[Record]:
    """Sort a listing as a client asks for, if it does."""
    if not asked:
        return records
    by = asked.get("sort_by", "created_at")
    descends = asked.get("sort_dir", "desc") == "desc"
    return sorted(records, key=lambda record: str(record[by]), reverse=descends)


def _uuid(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _conversation(rng: Random, at: str, contacts: Sequence[Contact]) -> Record:
    contact = rng.choice(contacts) if contacts else {}
    call = {
        "uuid": _uuid(rng),
        "direction": "outbound",
        "status": "completed",
        "duration": rng.randrange(600),
        "recording_url": None,
        "handled_by": "ai",
        "summary": "Wants to be called again.",
        "timestamp": at,
        "cost": "0.12",
    }
    fields = ("uuid", "name", "surname", "phone_number", "email")
    return {
        "type": rng.choice(("inbound", "outbound")),
        "status": rng.choice(("open", "closed")),
        "responded_by": "ai",
        "is_simulation": False,
        "timestamp": at,
        "agent_uuid": _uuid(rng),
        "channel": rng.choice(("Whatsapp", "Call")),
        "contact": {name: contact.get(name) for name in fields},
        "session_uuids": [_uuid(rng) for _ in range(rng.randrange(3))],
        **dict.fromkeys(("campaign_uuid", "listing_uuid")),
        "task_uuids": rng.choice(([], {"1": _uuid(rng)}, None)),
        "call": rng.choice((None, [], call)),
    }


_RECORDS: dict[str, Callable[[Random, str, Sequence[Contact]], Record]] = {
    "pools": lambda rng, *_: {
        "name": rng.choice(NAMES),
        "description": rng.choice((None, "", "Autumn")),
        "type": rng.choice(("FIFO", "LIFO", "Parallel")),
        "max_parallel_items": rng.randrange(1, 9),
        "max_retries": "3",
        "is_active": rng.choice((True, False, 1, 0)),
        "contacts_count": 0,
        "color": "#aabbcc",
    },
    "rules": lambda rng, *_: {
        "name": rng.choice(NAMES),
        "type": rng.choice(("call", "text")),
        "max_calls_per_day": 3,
        "max_total_calls": None,
        "retry_interval_minutes": 90,
        "start_time": "09:00:00",
        "end_time": "18:30:00",
        "dnc_check": True,
        "remove_on_opt_out": False,
        "escalation_after_failed_attempts": 5,
        "escalation_type": "agent",
        "escalation_target": "0",
    },
    "conversations": _conversation,
    "campaigns": lambda rng, at, _: {
        "name": rng.choice(NAMES),
        "description": None,
        "status": rng.choice(("Active", "Draft")),
        "start_date": at[:10],
        "end_date": None,
    },
    "tasks": lambda rng, at, contacts: {
        "title": rng.choice(NAMES),
        "description": "",
        "type": "call",
        "status": "pending",
        "priority": rng.choice((1, 2.5, "3")),
        **dict.fromkeys(("agent_uuid", "campaign_uuid")),
        "contact_uuid": rng.choice(contacts)["uuid"] if contacts else None,
        "scheduled_at": at,
        "timezone": "Europe/Istanbul",
        "auto_queue": True,
    },
    "calls": lambda rng, at, _: {
        "direction": "inbound",
        "status": "completed",
        "duration": rng.choice((12, 12.5, None)),
        "communication": "voice",
        "handled_by": "human",
        "analysis": rng.choice((None, "fine", {"mood": "good"})),
        "timestamp": at,
        "agent": {"uuid": _uuid(rng), "name": rng.choice(NAMES), "team": 7},
    },
}
