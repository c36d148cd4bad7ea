"""A workspace that is read by whole windows: what a run sees of it, by clocks of its own."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from tap_mihu.reading.clock import ServerClock
from tap_mihu.reading.scan import Done, Rows
from tap_mihu.records.pages import DateRange, Page, Row
from tap_mihu.records.timestamps import to_text
from tap_mihu.singer.run import Run
from tests.sandbox.clock import NOON
from tests.simulated.bounds import DAY, EVERYTHING, includes

_LONG_AGO = datetime(2019, 3, 1, tzinfo=UTC)
_FAR_AHEAD = datetime(2999, 1, 1, tzinfo=UTC)
_FAR_AHEAD_TEXT = to_text(_FAR_AHEAD)
_DAYS = 12
_HOURS = (-26, -5, -1, 0, 0, 0, 1, 3, 26)


class Cut(Exception):  # noqa: N818
    """The run ends here, whatever the reason."""


@dataclass(frozen=True, slots=True)
class Item:
    """A contact as the workspace keeps it."""

    uuid: str
    number: int
    day: date | None  # on which the server says that it was created
    created_at: str | None
    updated_at: str | None
    member: bool  # of what a filter other than dates selects
    value: int = 0  # grows with every edit
    silent: int = 0  # likewise, but with those that the time of the update does not tell


class View(NamedTuple):
    """What filters leave of a workspace."""

    filters: dict[str, Any]
    within: DateRange = EVERYTHING

    @property
    def members_only(self) -> bool:
        return "status" in self.filters


@dataclass
class Trouble:
    """What goes wrong in one run."""

    cut_at: int | None = None  # before the request of this number
    unproven: float = 0  # the share of windows that are
    hides: float = 0  # the share of contacts that no response has
    busy: float = 0  # changes a request, on average


class SmallWorkspace:
    """Some contacts, and clocks that are wrong by hours, but always by as many."""

    def __init__(self, rng: Random, name: str) -> None:
        self.rng, self.name = rng, name
        # Of the clock in the `Date` header, and of that which stamps contacts.
        self._header_ahead = timedelta(hours=rng.choice(_HOURS))
        self._data_ahead = timedelta(hours=rng.choice(_HOURS), seconds=rng.random())
        # Of the days that date filters mean.
        self._zone = timedelta(hours=rng.choice((0, 13, -11)))
        self._whole_seconds = rng.random() < 0.3
        self._undated_share = rng.choice((0, 0, 0.1))
        self.now = NOON
        self.items: dict[str, Item] = {}
        self._born = 0
        for _ in range(rng.choice((3, 30))):
            created = self.now - _DAYS * DAY * rng.random()
            self._insert(created, min(self.now, created + DAY * rng.random()))

    def _stamp(self, moment: datetime) -> datetime:
        at = moment + self._data_ahead
        return at.replace(microsecond=0) if self._whole_seconds else at

    def _stamp_text(self, moment: datetime | None) -> str | None:
        """Return a moment as the data has it; what is far ahead stays where it is."""
        if moment is None:
            return None
        return _FAR_AHEAD_TEXT if moment == _FAR_AHEAD else to_text(self._stamp(moment))

    @property
    def header(self) -> datetime:
        """The time in a response's header, now."""
        return (self.now + self._header_ahead).replace(microsecond=0)

    def _insert(self, created: datetime, updated: datetime | None) -> None:
        self._born += 1
        uuid = f"{self.name}{self._born}"
        # One that says neither when it was created nor that it was updated lately is never due.
        dated = updated == _LONG_AGO or self.rng.random() >= self._undated_share
        self.items[uuid] = Item(
            uuid,
            self._born,
            (self._stamp(created) + self._zone).date() if dated else None,
            self._stamp_text(created) if dated else None,
            self._stamp_text(updated),
            member=self.rng.random() < 0.5,
        )

    def change(self) -> None:
        """Let one thing happen."""
        kind, uuids = self.rng.random(), sorted(self.items)
        if kind < 0.5 and uuids:
            self._edit(self.rng.choice(uuids))
        elif kind < 0.7:
            self._insert(self.now, self.now)
        elif kind < 0.8:  # an import that keeps the creation date
            self._insert(self.now - _DAYS * DAY * self.rng.random(), self.now)
        elif kind < 0.85:  # one that keeps the time of the update
            self._insert(self.now, _LONG_AGO)
        elif kind < 0.86 and uuids:  # tags, which do not touch the time of the update
            item = self.items[self.rng.choice(uuids)]
            self.items[item.uuid] = replace(item, silent=item.silent + 1)
        elif kind < 0.88:  # a timestamp of nonsense
            self._insert(self.now, _FAR_AHEAD)
        elif kind < 0.9:
            self._insert(self.now, None)
        elif uuids:
            del self.items[self.rng.choice(uuids)]

    def _edit(self, uuid: str) -> None:
        """Change a contact, which says so, unless its time of update is nonsense anyway."""
        item = self.items[uuid]
        updated_at = item.updated_at
        if updated_at not in {None, _FAR_AHEAD_TEXT}:
            updated_at = self._stamp_text(self.now)
        member = item.member != (self.rng.random() < 0.2)
        self.items[uuid] = replace(item, updated_at=updated_at, member=member, value=item.value + 1)

    def selected(self, view: View, dates: DateRange | None) -> list[Item]:
        """Return what a listing shows of the contacts created within dates; None: undated ones."""
        items = [i for i in self.items.values() if i.member or not view.members_only]
        if dates is None:
            return [item for item in items if item.day is None]
        return [item for item in items if includes(dates, item.day)]


@dataclass
class Reader:
    """Asks a workspace for a run: as the reading core does, but window by window."""

    workspace: SmallWorkspace
    view: View
    clock: ServerClock
    trouble: Trouble
    requests: int = 0
    hidden: set[str] = field(default_factory=set)

    def fetch(self, dates: DateRange, number: int) -> Page:
        """Answer with some page 1, whose rows nobody writes."""
        items = self._answer(dates)
        rows = [_row(item, due=False) for item in items[:3]]
        return Page(number, rows, len(items), 1, self.workspace.header)

    def _answer(self, dates: DateRange | None) -> list[Item]:
        """Let time pass and things happen, then look."""
        workspace = self.workspace
        if self.requests == self.trouble.cut_at:
            raise Cut
        if self.requests:
            workspace.now += timedelta(seconds=100 * workspace.rng.random())
            if workspace.rng.random() < self.trouble.busy:
                workspace.change()
        elif self.trouble.hides:
            uuids = sorted(workspace.items)
            count = int(len(uuids) * self.trouble.hides)
            self.hidden = set(Random(workspace.name).sample(uuids, count))
        self.requests += 1
        return [i for i in workspace.selected(self.view, dates) if i.uuid not in self.hidden]

    def scan(self, run: Run, dates: DateRange) -> Iterator[Rows | Done]:
        """Read the contacts created within dates, as `reading.scan` does."""
        windows: list[DateRange | None] = [*self._windows(dates)]
        if dates == EVERYTHING and len(windows) > 1:
            windows.append(None)
        sent = set[str]()
        for window in windows:
            unproven = self.workspace.rng.random() < self.trouble.unproven
            for half in (0, 1):
                items = [i for i in self._answer(window) if i.uuid not in sent]
                run.note_server_time(self.workspace.header)
                run.note_total(len(items))
                # Of a window that is read in two pages, each shows what is so at its own time.
                items = [i for i in items if i.number % 2 == half or half]
                items = [i for i in items if not unproven or i.number % 3]
                rows = [_row(i, due=run.is_due(i.created_at, i.updated_at)) for i in items]
                self.clock.note(Page(1, rows, len(items), 1, self.workspace.header))
                sent |= {row.uuid for row in rows}
                if rows:
                    yield Rows(rows)
            yield Done(window, proven=not unproven)

    def _windows(self, dates: DateRange) -> Iterator[DateRange]:
        """Cut dates at random, or not at all."""
        rng, today = self.workspace.rng, self.workspace.header.date()
        first, last = dates.first, dates.last
        ends = sorted({today - DAY * rng.randrange(_DAYS + 2) for _ in range(rng.randrange(5))})
        for end in ends:
            if (first or date.min) <= end < (last or date.max):
                yield DateRange(first, end)
                first = end + DAY
        yield DateRange(first, last)


def _row(item: Item, *, due: bool) -> Row:
    payload = (item.value, item.silent) if due else None
    return Row(item.uuid, item.created_at, item.updated_at, payload)
