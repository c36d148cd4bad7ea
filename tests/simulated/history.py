"""The history of a simulated server's contacts: any selection of them, as it was at any moment."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from tap_mihu.records.pages import Row
from tests.simulated.bounds import ALL, is_dated

_KEY = attrgetter("key")
_MASK = (1 << 32) - 1
_LONG_AGO = datetime(2000, 1, 1)  # noqa: DTZ001 - its text has no zone


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
            created = _text(self.created) if is_dated(self.created) else None
            self._row = Row(self.uuid, created, _text(self.updated), self.uuid)
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


def _text(number: int) -> str:
    return (_LONG_AGO + timedelta(microseconds=number)).isoformat(timespec="microseconds") + "Z"
