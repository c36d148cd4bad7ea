"""Reads a simulated server to the end, and judges what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count, pairwise
from typing import TYPE_CHECKING

from tap_mihu.reading.scan import Done, Rows, scan
from tests.simulated.server import EVERYTHING, Change, SimulatedServer, includes

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_mihu.records.pages import DateRange, Page, Row

    Fetch = Callable[[DateRange, int], Page]


class Boom(Exception):  # noqa: N818
    """A failure of the network."""


@dataclass
class Reading:
    """What a scan emitted, in order, each window's rows before its end."""

    emitted: list[Row] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    rows_before: list[int] = field(default_factory=list)  # emitted by the end of each window

    @property
    def proven(self) -> bool:
        return all(window.proven for window in self.done)

    @property
    def uuids(self) -> set[str]:
        return {row.uuid for row in self.emitted}

    def add(self, item: Rows | Done) -> None:
        if isinstance(item, Rows):
            self.emitted.extend(item.rows)
        else:
            self.done.append(item)
            self.rows_before.append(len(self.emitted))


def read_into(
    reading: Reading, fetch: Fetch, within: DateRange = EVERYTHING, *, concurrency: int = 1
) -> None:
    for item in scan(fetch, within, concurrency=concurrency):
        reading.add(item)


def read(
    server: SimulatedServer, within: DateRange = EVERYTHING, *, concurrency: int = 1
) -> Reading:
    reading = Reading()
    read_into(reading, server.fetch, within, concurrency=concurrency)
    return reading


def failing(fetch: Fetch, fails_at: int) -> Fetch:
    """Fetch, but for the request of this number (from 0)."""
    arrivals = count()

    def fetch_or_fail(dates: DateRange, number: int) -> Page:
        if next(arrivals) == fails_at:
            raise Boom
        return fetch(dates, number)

    return fetch_or_fail


def check(server: SimulatedServer, reading: Reading, within: DateRange = EVERYTHING) -> None:
    """The promise: once each, windows in order without gaps, and all of it or a word about it."""
    assert len(reading.uuids) == len(reading.emitted), "a contact was emitted twice"
    check_windows(reading, within)
    if not server.ignores_dates and not server.zone:
        check_dates(reading)
    assert not lost(server, reading, within), "contacts were lost in silence"


def check_windows(reading: Reading, within: DateRange) -> None:
    windows = [window.dates for window in reading.done]
    assert reading.rows_before[-1] == len(reading.emitted), "rows after the last window"
    assert (windows[0].first, windows[-1].last) == (within.first, within.last)
    for earlier, later in pairwise(windows):
        assert earlier.last is not None
        assert later.first == earlier.last + timedelta(days=1)


def check_dates(reading: Reading) -> None:
    """What is emitted before a window's end belongs to it, else a resumed scan would lose it."""
    start = 0
    for window, end in zip(reading.done, reading.rows_before, strict=True):
        assert all(includes(window.dates, day(row)) for row in reading.emitted[start:end])
        start = end


def day(row: Row) -> date | None:
    return date.fromisoformat(row.created_at[:10]) if row.created_at else None


def lost(server: SimulatedServer, reading: Reading, within: DateRange = EVERYTHING) -> set[str]:
    """The contacts that were there throughout and are missing without a word about it."""
    missing = server.throughout(within) - reading.uuids
    if not reading.proven:
        return set()
    return {uuid for uuid in missing if not hidden_by_import(server, server.day_of(uuid))}


def hidden_by_import(server: SimulatedServer, day: date | None) -> bool:
    """The known limit of the rules.

    Between two answers of one window a contact of it was deleted, so that another slipped
    through, and one with an old creation date was imported, so that the numbers are right.
    """
    windows = {dates for dates, _ in server.requests if includes(dates, day)}
    for window in windows:
        asked = [place for place, (dates, _) in enumerate(server.requests) if dates == window]
        for earlier, later in pairwise(asked):
            changes = {
                trace.change
                for trace in server.traces
                if earlier < trace.before <= later and includes(window, trace.day)
            }
            if {Change.DELETE, Change.IMPORT} <= changes:
                return True
    return False
