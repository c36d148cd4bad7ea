"""The history of a simulated server's contacts: any selection of them, as it was at any moment."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from operator import attrgetter
from typing import NamedTuple

from tap_mihu.records.pages import Row
from tests.simulated.bounds import Interval
from tests.simulated.moments import ZERO_DATE, canonical

_KEY = attrgetter("key")
_ALL = Interval(None, None)
# From so many changes on, sorting anew is faster than finding each place.
_MANY = 40


class Version:
    """A contact as it was from one change to the next."""

    __slots__ = ("_row", "created", "key", "number", "updated", "uuid")

    def __init__(self, number: int, uuid: str, created: int | None, updated: int, key: int) -> None:
        self.number = number
        self.uuid = uuid
        self.created = created
        self.updated = updated
        self.key = key
        """Its place in the server's order."""
        self._row: Row | None = None

    @property
    def row(self) -> Row:
        """What the API shows of it."""
        if self._row is None:
            undated = self.created is None or self.created == ZERO_DATE
            created_at = None if undated or self.created is None else canonical(self.created)
            self._row = Row(self.uuid, created_at, canonical(self.updated), self.uuid)
        return self._row


class Step(NamedTuple):
    """A contact came, went or changed."""

    moment: int
    removed: Version | None
    added: Version | None


class _Listing:
    """The contacts of an interval in the server's order, as of some step."""

    def __init__(self, versions: list[Version], steps: int) -> None:
        self.versions = versions
        self.steps = steps


class History:
    """All steps, and the listings that were asked for so far."""

    def __init__(self) -> None:
        self._steps: list[Step] = []
        self._listings = {_ALL: _Listing([], 0)}

    def note(self, moment: int, removed: Version | None, added: Version | None) -> None:
        """Take a step; moments never fall."""
        self._steps.append(Step(moment, removed, added))

    def listing(self, interval: Interval, moment: int | None = None) -> list[Version]:
        """Return the contacts of an interval at a moment, or now; not to be changed."""
        now = self._now(interval)
        if moment is None:
            return now
        undone = []
        for step in reversed(self._steps):
            if step.moment <= moment:
                break
            undone.append(Step(step.moment, step.added, step.removed))
        return _after(now, undone, interval) if undone else now

    def _now(self, interval: Interval) -> list[Version]:
        listing = self._listings.get(interval)
        if listing is None:
            holds = interval.holds
            versions = [one for one in self._now(_ALL) if holds(one.created)]
            self._listings[interval] = _Listing(versions, len(self._steps))
            return versions
        if listing.steps < len(self._steps):
            steps = self._steps[listing.steps :]
            listing.versions = _after(listing.versions, steps, interval)
            listing.steps = len(self._steps)
        return listing.versions


def _after(versions: list[Version], steps: Iterable[Step], interval: Interval) -> list[Version]:
    """Return the versions after these steps."""
    holds = interval.holds
    gone: set[Version] = set()
    come: dict[Version, None] = {}
    for _, removed, added in steps:
        if removed is not None and holds(removed.created):
            if removed in come:
                del come[removed]
            else:
                gone.add(removed)
        if added is not None and holds(added.created):
            if added in gone:
                gone.remove(added)
            else:
                come[added] = None
    if not gone and not come:
        return versions
    if len(gone) + len(come) > _MANY:
        left = [one for one in versions if one not in gone]
        left.extend(come)
        left.sort(key=_KEY)
        return left
    left = versions.copy()
    for one in gone:
        del left[bisect_left(left, one.key, key=_KEY)]
    for one in come:
        insort(left, one, key=_KEY)
    return left
