"""State: what a stream remembers between runs, read without trust and written in one form."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tap_mihu.errors import MihuError
from tap_mihu.records.timestamps import canonical, parse, to_text

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["BOOKMARK", "FILTERS", "SCAN", "Checkpoint", "read_bookmark", "since"]

BOOKMARK_KEY = "replication_key"
BOOKMARK = "replication_key_value"
FILTERS = "filters"
SCAN = "scan"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How far an unfinished scan is, and what the run that goes on with it must agree on."""

    started_at: str
    """When the scan began, by the server's clock."""
    done_until: str
    """The day up to which all contacts created were read, proven, and written."""
    replication_method: str
    since: str | None
    """Contacts updated before this were not written."""
    version: int | None
    """The version its records carry, where ACTIVATE_VERSION is to follow."""
    max_updated_at: str | None
    """The greatest `updated_at` read."""

    def to_state(self) -> dict[str, Any]:
        """Write it for the state."""
        return asdict(self)

    @classmethod
    def from_state(cls, value: object) -> Checkpoint | None:
        """Read it from a state; None where the form is unknown."""
        if not isinstance(value, dict) or value.keys() != set(cls.__slots__):
            return None
        texts = (value["started_at"], value["done_until"], value["replication_method"])
        marks = (value["started_at"], value["since"], value["max_updated_at"])
        version = value["version"]
        if (
            not all(isinstance(text, str) for text in texts)
            or not all(m is None or (isinstance(m, str) and canonical(m) == m) for m in marks)
            or not (version is None or (type(version) is int and version > 0))
            or value["started_at"] > _tomorrow()
        ):
            return None
        try:
            day = date.fromisoformat(value["done_until"])
        except ValueError:
            return None
        return cls(**value) if day.isoformat() == value["done_until"] else None

    @property
    def next_day(self) -> date:
        """The first day that is left."""
        return date.fromisoformat(self.done_until) + timedelta(days=1)


def read_bookmark(state: Mapping[str, Any], replication_key: str) -> str | None:
    """Read the bookmark of a stream's state; None where there is none for the key.

    Raises:
        MihuError: It is no timestamp, or lies in the future.
    """
    value = state.get(BOOKMARK)
    if value is None or state.get(BOOKMARK_KEY, replication_key) != replication_key:
        return None
    bookmark = canonical(value) if isinstance(value, str) else None
    if bookmark is None:
        raise MihuError(f"The state's {BOOKMARK} is no timestamp: correct it or start without it.")
    if bookmark > _tomorrow():
        raise MihuError(
            f"The state's {BOOKMARK} lies in the future: correct it or start without it."
        )
    return bookmark


def _tomorrow() -> str:
    """Give the time that no clock shows yet, wherever it is and however wrong."""
    return to_text(datetime.now(UTC) + timedelta(days=1))


def since(bookmark: str | None, *, lookback_seconds: int, start_date: str | None) -> str | None:
    """Say from when on updated contacts are due; None for all of them.

    Args:
        bookmark: Canonical timestamp.
        lookback_seconds: How much before the bookmark is read again.
        start_date: The setting, in any form of a timestamp.
    """
    start = canonical(start_date) if start_date else None
    moment = parse(bookmark) if bookmark else None
    if moment is None:
        return start
    try:
        looked_back = to_text(moment - timedelta(seconds=lookback_seconds))
    except OverflowError:
        return start
    return max(looked_back, start or looked_back)
