"""State: what a stream remembers between runs, in one value that a merge replaces whole.

Meltano merges states deeply: of two objects every key stays, lists are replaced. So all that
belongs together stands in one list, `ranges`: what it is about first, then the ranges. The
bookmark beside it is for people and tools, and believed only where there is no such list.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

from tap_mihu.errors import MihuError
from tap_mihu.singer.ranges import Mark, Ranges, is_moment, least, mark_from_state

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_mihu.records.pages import DateRange

__all__ = ["BOOKMARK", "BOOKMARK_KEY", "RANGES", "Round", "State", "Subject"]

BOOKMARK_KEY = "replication_key"
BOOKMARK = "replication_key_value"
RANGES = "ranges"
_FORM = 1
_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Subject:
    """What a state is about: one of another subject says nothing."""

    workspace: str
    """A digest of the API's root."""
    filters: str
    """A digest of the filters, whose values may be personal data."""

    @classmethod
    def of(cls, root_url: str, filters: Mapping[str, Any]) -> Subject:
        """Return the subject of a run."""
        url = urlsplit(root_url)
        root = url._replace(scheme=url.scheme.lower(), netloc=url.netloc.lower()).geturl()
        return cls(_digest(root), _digest(json.dumps(dict(filters), sort_keys=True)))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]


@dataclass(frozen=True, slots=True)
class Round:
    """A reading of everything that is under way, or was interrupted."""

    began: str
    """When its first run began, by the server's clock."""
    full: bool
    """Whether every contact that was read was sent, be it due by time or not."""
    version: int | None
    """The version that all its records carry, where ACTIVATE_VERSION may follow."""
    before: str | None
    """Up to when the updates of all contacts were delivered before it."""
    read: int = 0
    """Contacts read, of days that need not be read again."""
    sent: int = 0
    """Those of them that were sent."""

    def to_state(self) -> dict[str, Any]:
        """Return what the state holds of it."""
        return {name: getattr(self, name) for name in self.__slots__}

    @classmethod
    def from_state(cls, value: object) -> Round | None:
        """Return the round that a state holds.

        Raises:
            ValueError: It is none.
        """
        if value is None:
            return None
        # Older states lack `sent`.
        fields = {"sent": 0, **value} if isinstance(value, dict) else {}
        if fields.keys() != set(cls.__slots__):
            raise ValueError
        found = cls(**fields)
        if not (
            is_moment(found.began)
            and type(found.full) is bool
            and (found.version is None or _is_count(found.version))
            and (found.before is None or is_moment(found.before))
            and _is_count(found.read)
            and _is_count(found.sent)
        ):
            raise ValueError
        return found


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a stream's contacts."""

    subject: Subject
    ranges: Ranges
    undated: Mark = field(default_factory=Mark)
    """The contacts without a creation date, which only a reading of everything meets."""
    start_date: str | None = None
    """Where some contacts were never delivered: the greatest `start_date` of the runs so far."""
    contacts: int | None = None
    """How many contacts the last proven reading of everything found."""
    counted_at: str | None = None
    """When that one began, by the server's clock."""
    doubted: int | None = None
    """How many the one since found, where these are too few to be believed at once."""
    round: Round | None = None
    fields: tuple[str, ...] | None = None
    """The names of the extra fields, sorted; None where they are not known, or too many."""

    @classmethod
    def new(cls, subject: Subject, within: DateRange, until: str | None = None) -> Self:
        """Return a state that knows nothing but up to when updates are delivered."""
        mark = Mark(until=until)
        return cls(subject, Ranges.of(within, mark), mark)

    @property
    def bookmark(self) -> str | None:
        """The moment up to which the updates of all contacts are delivered."""
        return least(mark.until for mark in (*self.ranges.marks, self.undated))

    def to_state(self) -> dict[str, Any]:
        """Return the stream's part of the Singer state; no key of it is ever left out."""
        about = {
            "form": _FORM,
            "workspace": self.subject.workspace,
            "filters": self.subject.filters,
            "undated": [self.undated.read_at, self.undated.until],
            "start_date": self.start_date,
            "contacts": self.contacts,
            "counted_at": self.counted_at,
            "doubted": self.doubted,
            "round": None if self.round is None else self.round.to_state(),
            "fields": None if self.fields is None else list(self.fields),
        }
        return {
            BOOKMARK_KEY: "updated_at",
            BOOKMARK: self.bookmark,
            RANGES: [about, *self.ranges.to_state()],
        }

    @classmethod
    def from_state(cls, value: object, within: DateRange, subject: Subject) -> Self | Subject:
        """Return the state that a list of ranges stands for; its subject, if that is another.

        Raises:
            MihuError: It has a form that this version does not know.
        """
        try:
            return cls._read(value, within, subject)
        except (KeyError, TypeError, ValueError):
            raise MihuError(
                f"The state's {RANGES} has a form that this version of tap-mihu does not know: "
                "use the newest version, or remove it from the state to start over."
            ) from None

    @classmethod
    def _read(cls, value: Any, within: DateRange, subject: Subject) -> Self | Subject:
        if not isinstance(value, list) or not value or not isinstance(value[0], dict):
            raise TypeError
        about = dict(value[0])
        if about.pop("form") != _FORM:
            raise ValueError
        found = Subject(about.pop("workspace"), about.pop("filters"))
        if not isinstance(found.workspace, str) or not isinstance(found.filters, str):
            raise TypeError
        if found != subject:
            return found
        ranges, undated = Ranges.from_state(within, value[1:]), mark_from_state(about["undated"])
        if ranges is None or undated is None:
            raise ValueError
        unread = cls(subject, ranges)
        read = {
            **about,
            "undated": undated,
            "round": Round.from_state(about["round"]),
            # Older states lack them.
            "fields": _names(about.get("fields")),
        }
        state = replace(unread, **read)
        moments, counts = (state.start_date, state.counted_at), (state.contacts, state.doubted)
        if not all(one is None or is_moment(one) for one in moments):
            raise ValueError
        if not all(one is None or _is_count(one) for one in counts):
            raise ValueError
        return state


def _names(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError
    return tuple(value)


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0
