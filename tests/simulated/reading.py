"""Reads a simulated server to the end, and judges what came of it."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from itertools import count, pairwise
from typing import Any

from tap_mihu.errors import EnvelopeError, MihuError
from tap_mihu.reading.questions import Fetch
from tap_mihu.reading.scan import Done, Rows, scan
from tap_mihu.records.pages import DateRange, Page, Row
from tests.simulated.bounds import EVERYTHING, includes
from tests.simulated.oddities import Larger
from tests.simulated.server import SimulatedServer


class Boom(Exception):  # noqa: N818
    """A failure of the network."""


class Outcome(StrEnum):
    """What a scan comes to."""

    COMPLETE = "complete"  # proven, and nothing is missing
    UNPROVEN = "unproven"
    FAILED = "failed"  # an error tells that not all was read
    LOST = "LOST"  # proven, though a contact that was there throughout is missing


@dataclass
class Reading:
    """What a scan emitted, in order, each window's rows before its end."""

    emitted: list[Row] = field(default_factory=list)
    done: list[Done] = field(default_factory=list)
    rows_before: list[int] = field(default_factory=list)  # emitted by the end of each window
    error: Exception | None = None
    pages: int = 1  # of a plain walk, before the scan or after it
    requests: int = 0
    most_requests: int = 0  # how many it may cost
    missing: set[str] = field(default_factory=set)  # though they could be seen throughout
    twice: int = 0  # rows emitted though their contact had been

    @property
    def proven(self) -> bool:
        return self.error is None and all(window.proven for window in self.done)

    @property
    def uuids(self) -> set[str]:
        return {row.uuid for row in self.emitted}

    @property
    def outcome(self) -> Outcome:
        if self.error is not None:
            return Outcome.FAILED
        if not self.proven:
            return Outcome.UNPROVEN
        return Outcome.LOST if self.missing else Outcome.COMPLETE

    @property
    def cost(self) -> float:
        """Requests for each page of a plain walk."""
        return self.requests / self.pages

    def add(self, item: Rows | Done) -> None:
        if isinstance(item, Rows):
            self.emitted.extend(item.rows)
        else:
            self.done.append(item)
            self.rows_before.append(len(self.emitted))


def read_into(
    reading: Reading,
    fetch: Fetch,
    within: DateRange = EVERYTHING,
    *,
    concurrency: int = 1,
    **how: Any,
) -> None:
    for item in scan(fetch, within, concurrency=concurrency, **how):
        reading.add(item)


def read(server: SimulatedServer, within: DateRange = EVERYTHING, **how: Any) -> Reading:
    """Read to the end, be it a failure or far too many requests, and judge."""
    reading = Reading(pages=server.pages(within))
    before = len(server.requests)
    fetch = failing(server.fetch, 16 * reading.pages + 1000, MihuError("far too many requests"))
    try:
        read_into(reading, fetch, within, filtered=server.filtered, **how)
    except (MihuError, EnvelopeError) as error:
        reading.error = error
    reading.pages = max(reading.pages, server.pages(within))
    reading.requests = len(server.requests) - before
    a_page = 5 if server.larger is Larger.OBEYED else 8
    reading.most_requests = a_page * reading.pages + 50
    reading.twice = len(reading.emitted) - len(reading.uuids)
    reading.missing = _missing(server, reading, within)
    return reading


def failing(fetch: Fetch, fails_at: int, error: Exception | None = None) -> Fetch:
    """Fetch, but for the request of this number (from 0)."""
    arrivals = count()

    def fetch_or_fail(*asked: Any, **how: Any) -> Page:
        if next(arrivals) == fails_at:
            raise error or Boom
        return fetch(*asked, **how)

    return fetch_or_fail


def _missing(server: SimulatedServer, reading: Reading, within: DateRange) -> set[str]:
    return server.throughout(within) - {row.uuid.lower() for row in reading.emitted}


def check(server: SimulatedServer, reading: Reading, within: DateRange = EVERYTHING) -> None:
    """The promise: once each, windows in order without gaps, and all of it or a word about it."""
    assert reading.error is None
    assert len(reading.uuids) == len(reading.emitted), "a contact was emitted twice"
    _check_windows(reading, within)
    if not server.ignores_dates and not server.zone:
        _check_dates(reading)
    missing = _missing(server, reading, within) if reading.proven else set()
    lost = {uuid for uuid in missing if not _is_declared(server, reading, server.day_of(uuid))}
    assert not lost, "contacts were lost in silence"


def _check_windows(reading: Reading, within: DateRange) -> None:
    windows = [window.dates for window in reading.done if window.dates]
    assert reading.rows_before[-1] == len(reading.emitted), "rows after the last window"
    assert (windows[0].first, windows[-1].last) == (within.first, within.last)
    for earlier, later in pairwise(windows):
        assert earlier.last is not None
        assert later.first == earlier.last + timedelta(days=1)


def _check_dates(reading: Reading) -> None:
    """What is emitted before a window's end belongs to it, else a resumed scan would lose it."""
    for window, (start, end) in zip(reading.done, pairwise([0, *reading.rows_before]), strict=True):
        for row in reading.emitted[start:end]:
            day = date.fromisoformat(row.created_at[:10]) if row.created_at else None
            assert includes(window.dates or EVERYTHING, day)


def _is_declared(server: SimulatedServer, reading: Reading, day: date | None) -> bool:
    """The known limit of the rules, which only an import of old creation dates can reach.

    Between two answers of the window that was emitted as proven, a contact of it was deleted, so
    that another slipped through, and one was imported into it, so that the numbers are right.
    """
    windows = [one.dates for one in reading.done if one.dates and includes(one.dates, day)]
    asked = [
        then
        for (dates, _), then in zip(server.requests, server.asked_at, strict=True)
        if windows and dates == windows[0]
    ]
    return any(server.was_one_replaced(windows[0], *between) for between in pairwise(asked))
